import { appendFile } from 'node:fs/promises';

import { dualUsersOf } from '@keyturn/plan';
import {
  orNotRun,
  type Pgbouncer as Server,
  type PostgresServer,
  startPgbouncer,
  startPostgres,
} from '@keyturn/services';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';

import { scramVerifier } from '../databases/postgres/scram.js';
import { createRotator, MemoryStore, PostgresDatabase } from '../index.js';
import { Pgbouncer, type PgbouncerOptions } from './pgbouncer.js';

let server: PostgresServer;
let pooler: Server | undefined;
let missing: string | undefined;

beforeAll(async () => {
  server = await startPostgres();
  const settings = { server_login_retry: 5, query_wait_timeout: 1 };
  const found = await orNotRun(() => startPgbouncer({ upstream: server, settings }));
  pooler = found.part;
  missing = found.because;
}, 300_000);

afterAll(async () => {
  await pooler?.stop();
  await server.stop();
});

beforeEach((context) => {
  if (pooler === undefined) context.skip(missing);
});

const patience = { connectMs: 10_000, statementMs: 10_000 };

function options(password = pooler?.adminPassword ?? ''): PgbouncerOptions {
  const { host = '', port = 0, adminUser: user = '', userlist = '' } = pooler ?? {};
  return { name: 'pgbouncer', host, port, tls: false, console: { user, password }, userlist };
}

async function login(user: string, password: string): Promise<void> {
  const { host, port } = options();
  const client = new pg.Client({ host, port, database: 'postgres', user, password });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('SELECT 1');
  } finally {
    await client.end();
  }
}

async function asSuperuser(sql: string): Promise<void> {
  const { host, port, superuser: user, superuserPassword: password } = server;
  const client = new pg.Client({ host, port, database: 'postgres', user, password });
  await client.connect();
  await client.query(sql);
  await client.end();
}

it('makes a PgBouncer take the list that it is told of, however soon after one that it was not told of', async () => {
  await asSuperuser('CREATE ROLE quick LOGIN');
  const [killed, next] = [new Pgbouncer(options('wrong'), patience), new Pgbouncer(options(), patience)];
  // PgBouncer compares number, size and time of the file, and the time in whole seconds.
  for (let time = 1; time <= 5; time += 1) {
    const verifier = scramVerifier(`password-${time}`);
    await asSuperuser(`ALTER ROLE quick PASSWORD '${verifier}'`);
    await expect(killed.tell('quick', scramVerifier(`password-${time}`))).rejects.toThrow('authentication failed');
    await next.tell('quick', verifier);
    await login('quick', `password-${time}`);
  }
});

it('an advance waits for a PgBouncer that still remembers that its user could not log in', async () => {
  const pair = { name: 'again', ...dualUsersOf('again') };
  const { superuser: user, superuserPassword: password, host, port } = server;
  const { host: at, port: through } = options();
  const address = { database: 'postgres', tls: false } as const;
  const database = new PostgresDatabase({
    pair,
    sharedRoleKind: 'owner',
    admin: { user, password },
    endpoints: [
      { name: 'writer', kind: 'writer', host, port, ...address },
      { name: 'pgbouncer', kind: 'pooler', host: at, port: through, ...address },
    ],
    poolers: [options()],
  });
  const plan = { strategy: 'dual-user', every: '1d', consumers: [] } as const;
  const rotator = createRotator({ pair, database, store: new MemoryStore(), plan });
  await rotator.bootstrap();
  for (let generation = 1; generation <= 3; generation += 1) {
    expect(await rotator.advance()).toMatchObject({ outcome: 'advanced', generation });
    await rotator.retire();
  }
  // Somebody uses a password of the idle user that the list holds and the server does not take.
  await appendFile(options().userlist ?? '', '"again_b" "another-password"\n');
  await new Pgbouncer(options(), patience).tell('nobody', scramVerifier('x'));
  await expect
    .poll(() => login('again_b', 'another-password').catch((error: unknown) => String(error)), { timeout: 20_000 })
    .toContain('server login has been failing');
  expect(await rotator.advance()).toMatchObject({ outcome: 'advanced', generation: 4, published: 'again_b' });
});
