import { setTimeout as pause } from 'node:timers/promises';

import type { Credential } from '@keyturn/plan';

import type { Endpoint, Login, Patience } from '../postgres/endpoint.js';
import { type Client, onEndpoint } from './endpoint.js';

interface Servers {
  readonly writer: Endpoint;
  readonly patience: Patience;
  admin(): Promise<Login>;
}

/** Logs in as a user of the pair, and leaves no session that would count as a holder. `own` is the connection to the writer. */
export async function asUser<T>(
  { writer, patience, admin }: Servers,
  own: Client,
  credential: Credential,
  endpoint: Endpoint,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  let id = 0;
  try {
    return await onEndpoint(
      endpoint,
      credential,
      patience,
      async (client) => {
        id = client.id;
        return await work(client);
      },
      true,
    );
  } finally {
    // Behind a pooler it has another number, and the pooler keeps it.
    if (id > 0 && endpoint === writer) await untilGone(own, id);
    else if (id > 0 && endpoint.kind === 'reader')
      await onEndpoint(endpoint, await admin(), patience, async (client) => await untilGone(client, id));
  }
}

/**
 * Waits until a connection that was closed is no session any more: the server takes it off its list a moment after the client is gone, and until
 * then it looks like a holder. Gives up after two seconds: the gate then says who holds it.
 */
async function untilGone(client: Client, id: number): Promise<void> {
  const started = Date.now();
  while (
    Date.now() - started < 2_000 &&
    (await client.rows('SELECT ID FROM information_schema.PROCESSLIST WHERE ID = ?', [id])).length > 0
  )
    await pause(10);
}
