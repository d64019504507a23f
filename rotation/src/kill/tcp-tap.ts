import { connect, createServer, type Server, type Socket } from 'node:net';

import type { KillPoint } from './point.js';
import type { Tap } from './tap.js';

/** Reads what one client sends: cuts it into messages, and tells those that change something on the server. */
export interface Protocol {
  split(chunk: Buffer): Buffer[];
  counts(message: Buffer): boolean;
}

/** A loopback proxy in front of a server of that protocol; `protocol` is called once per connection. */
export async function tapTcp(
  target: { readonly host: string; readonly port: number },
  protocol: () => Protocol,
): Promise<Tap> {
  let seen = 0;
  let armed: { effect: number; point: KillPoint; kill: () => void } | undefined;
  const sockets = new Set<Socket>();

  const server: Server = createServer((client) => {
    const upstream = connect(target.port, target.host);
    const { split, counts } = protocol();
    let silent = false;
    let replyOf: KillPoint | undefined;
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.on('data', (chunk) => {
      for (const message of split(chunk)) {
        if (silent) return;
        if (counts(message)) {
          seen += 1;
          if (armed?.effect === seen) {
            if (armed.point === 'before') {
              silent = true;
              armed.kill();
              return;
            }
            replyOf = armed.point;
          }
        }
        upstream.write(message);
      }
    });
    upstream.on('data', (chunk) => {
      if (silent) return;
      if (replyOf === 'withheld') {
        silent = true;
        armed?.kill();
        return;
      }
      if (replyOf === undefined) {
        client.write(chunk);
        return;
      }
      silent = true;
      client.write(chunk, () => armed?.kill());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The tap has no port.');

  return {
    port: address.port,
    effects: () => seen,
    arm: (effect, point, kill) => {
      seen = 0;
      armed = { effect, point, kill };
    },
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** What is counted: what the server keeps (a commit, or a change outside a transaction), or every statement of a transaction as well. */
export type Unit = 'commit' | 'statement';

const begins = /^(?:BEGIN|START TRANSACTION)\b/i;
const ends = /^(?:COMMIT|ROLLBACK)\b/i;
const onlyReads = /^(?:SELECT|SHOW|SET SESSION|SET NAMES|EXPLAIN)\b/i;

/** Follows the transactions of one connection. `text` is SQL, or empty for what is no statement. */
export function countStatements(unit: Unit): (text: string) => boolean {
  let inside = false;
  return (sql) => {
    const text = sql.trimStart();
    if (text === '') return false;
    if (begins.test(text)) {
      inside = true;
      return unit === 'statement';
    }
    if (ends.test(text)) {
      inside = false;
      return unit === 'statement' || /^COMMIT/i.test(text);
    }
    if (inside) return unit === 'statement';
    return !onlyReads.test(text);
  };
}
