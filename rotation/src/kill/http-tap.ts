import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';

import type { KillPoint } from './point.js';
import type { Tap } from './tap.js';

const awsChanges: ReadonlySet<string> = new Set([
  'secretsmanager.PutSecretValue',
  'secretsmanager.UpdateSecretVersionStage',
]);

/** A loopback proxy in front of a store that counts the requests that change it. */
export async function tapHttp(target: string): Promise<Tap> {
  let seen = 0;
  let armed: { effect: number; point: KillPoint; kill: () => void } | undefined;

  async function pass(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const body = await buffer(incoming);
    if (isChange(incoming)) seen += 1;
    const point = isChange(incoming) && armed?.effect === seen ? armed.point : undefined;
    const kill = armed?.kill ?? (() => undefined);
    if (point === 'before') {
      kill();
      return;
    }
    const reply = await forward(target, incoming, body);
    if (point === 'withheld') {
      kill();
      return;
    }
    if (point === 'after') outgoing.once('finish', kill);
    outgoing.writeHead(reply.status, reply.headers).end(reply.body);
  }

  const server = createServer((incoming, outgoing) => {
    pass(incoming, outgoing).catch(() => outgoing.destroy());
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
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** Whether a request changes something in the store. */
export function isChange({ method, url = '', headers }: IncomingMessage): boolean {
  // The SDK of Azure asks once without a token, to be told where to get one.
  if (url.startsWith('/secrets/') && headers.authorization === undefined) return false;
  const action = headers['x-amz-target'];
  return action === undefined ? method !== 'GET' && method !== 'HEAD' : awsChanges.has(String(action));
}

export interface Reply {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** Sends a request on as it is. */
export async function forward(target: string, { url, method, headers }: IncomingMessage, body: Buffer): Promise<Reply> {
  const reply = await new Promise<IncomingMessage>((resolve, reject) => {
    const sent = request(new URL(url ?? '/', target), { method, headers, agent: false }, resolve);
    sent.once('error', reject);
    sent.end(body);
  });
  return { status: reply.statusCode ?? 502, headers: reply.headers, body: await buffer(reply) };
}
