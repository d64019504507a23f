import { dualUsersOf } from '@keyturn/plan';
import { type PostgresServer, startPostgres } from '@keyturn/services';
import pg from 'pg';
import { afterAll, beforeAll } from 'vitest';

import { databaseContract } from '../../contracts/database-contract.js';
import { singleUserContract, type SoleUserUnderTest } from '../../contracts/sole-user-contract.js';
import { soleUser } from '../../pair.js';
import { PostgresDatabase } from './postgres-database.js';

let server: PostgresServer;
let root: pg.Client;
let pairs = 0;

beforeAll(async () => {
  server = await startPostgres({ settings: { log_statement: "'all'", log_min_error_statement: "'error'" } });
  const { host, port, superuser: user, superuserPassword: password } = server;
  root = new pg.Client({ host, port, database: 'postgres', user, password });
  await root.connect();
});

afterAll(async () => {
  await root.end();
  await server.stop();
});

const login: SoleUserUnderTest['login'] = async ({ user, password }) => {
  const { host, port } = server;
  const client = new pg.Client({ host, port, database: 'postgres', user, password, application_name: 'worker' });
  client.on('error', () => undefined);
  await client.connect();
  return { close: () => client.end() };
};

async function age(pair: string, milliseconds: number): Promise<void> {
  await root.query(
    `UPDATE keyturn.pair SET superseded_at = superseded_at - $2::interval, locked_at = locked_at - $2::interval WHERE name = $1`,
    [pair, `${milliseconds} ms`],
  );
}

singleUserContract('PostgresDatabase', () => {
  pairs += 1;
  const pair = { name: `contract${pairs}`, ...soleUser(`sole${pairs}`, `contract${pairs}`) };
  const { host, port, superuser: user, superuserPassword: password } = server;
  const database = new PostgresDatabase({
    endpoints: [{ name: 'writer', kind: 'writer', host, port, database: 'postgres', tls: false }],
    admin: { user, password },
    pair,
    sharedRoleKind: 'owner',
    strategy: 'single-user',
  });
  return Promise.resolve({ pair, database, login, age: (milliseconds) => age(pair.name, milliseconds) });
});

databaseContract('PostgresDatabase', ({ refusedLogins }) => {
  pairs += 1;
  const pair = { name: `contract${pairs}`, ...dualUsersOf(`contract${pairs}`) };
  const { host, port, superuser: user, superuserPassword: password } = server;
  const open = (change: { port?: number; password?: string } = {}): PostgresDatabase =>
    new PostgresDatabase({
      endpoints: [
        { name: 'writer', kind: 'writer', host, port: change.port ?? port, database: 'postgres', tls: false },
      ],
      admin: { user, password: change.password ?? password },
      pair,
      sharedRoleKind: 'owner',
      ...(refusedLogins && { refusedLogins }),
    });
  return Promise.resolve({
    pair,
    database: open(),
    lockedOut: open({ password: `${password}x` }),
    unreachable: open({ port: 1 }),
    secrets: [password],
    login,
    setPassword: async (name, secret) => {
      await root.query(`ALTER ROLE ${root.escapeIdentifier(name)} PASSWORD ${root.escapeLiteral(secret)}`);
    },
    age: (milliseconds) => age(pair.name, milliseconds),
    log: () => server.log(),
  });
});
