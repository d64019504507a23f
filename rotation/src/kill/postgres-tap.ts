import { connect, createServer, type Server, type Socket } from 'node:net';

import type { KillPoint } from './point.js';
import type { Tap } from './tap.js';

/**
 * A loopback proxy in front of a PostgreSQL. It counts commits, or every statement of a transaction; the server takes back what was not
 * committed.
 */
export async function tapPostgres(
  target: { readonly host: string; readonly port: number },
  unit: 'commit' | 'statement' = 'commit',
): Promise<Tap> {
  let seen = 0;
  let armed: { effect: number; point: KillPoint; kill: () => void } | undefined;
  const sockets = new Set<Socket>();

  const server: Server = createServer((client) => {
    const upstream = connect(target.port, target.host);
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
    const split = splitMessages();
    const counts = unit === 'commit' ? isCommit : statementsOfTransactions();
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

/** Cuts what a client sends into messages; the first one has no type byte. */
function splitMessages(): (chunk: Buffer) => Buffer[] {
  let rest: Buffer = Buffer.alloc(0);
  let started = false;
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    const messages: Buffer[] = [];
    for (;;) {
      const head = started ? 1 : 0;
      if (rest.length < head + 4) return messages;
      const length = head + rest.readUInt32BE(head);
      if (rest.length < length) return messages;
      messages.push(rest.subarray(0, length));
      rest = rest.subarray(length);
      started = true;
    }
  };
}

/** From BEGIN to COMMIT; a statement with parameters begins with its Parse message. */
function statementsOfTransactions(): (message: Buffer) => boolean {
  let inside = false;
  return (message) => {
    const type = message.toString('latin1', 0, 1);
    if (type !== 'Q' && type !== 'P') return false;
    const text = type === 'Q' ? message.toString('utf8', 5, message.length - 1) : '';
    const counted = inside || text === 'BEGIN';
    inside = counted && text !== 'COMMIT' && text !== 'ROLLBACK';
    return counted;
  };
}

function isCommit(message: Buffer): boolean {
  return message.toString('latin1', 0, 1) === 'Q' && message.toString('utf8', 5, message.length - 1) === 'COMMIT';
}
