import { type PostgresServer, startPostgres } from '@keyturn/services';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { tryLogin } from './endpoint.js';

let server: PostgresServer;
beforeAll(async () => void (server = await startPostgres()));
afterAll(async () => await server.stop());

it.each([
  { kind: 'writer', says: /28P01\)\. Check user and password\.$/ },
  { kind: 'proxy', says: /28P01\)\. A proxy has to know both users before one of them is rotated/ },
] as const)('says of a refused login on a $kind what to do about it', async ({ kind, says }) => {
  const { host, port } = server;
  const endpoint = { name: kind, kind, host, port, database: 'postgres', tls: false };
  const patience = { connectMs: 20_000, statementMs: 20_000 };
  const { works, message } = await tryLogin(endpoint, { user: 'nobody_known', password: 'wrong' }, patience);
  expect(works).toBe(false);
  expect(message).toMatch(says);
});
