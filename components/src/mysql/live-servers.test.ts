import { type MariadbServer, orNotRun, startMariadb, startMysql } from '@keyturn/services';
import * as pulumi from '@pulumi/pulumi';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { type RecordedResource, UnknownInputError } from '../recorded.js';
import { DualUserDatabaseRole } from './dual-user-database-role.js';
import { mysqlStatementsFor } from './model.js';

const recorded: RecordedResource[] = [];
const outputs: unknown[] = [];
let statements: readonly string[] = [];

/** Records what the component asks for on one of the servers. */
async function record(engine: 'mysql' | 'mariadb'): Promise<void> {
  recorded.length = 0;
  outputs.length = 0;
  await pulumi.runtime.setMocks({
    newResource: ({ name, type, inputs }) => {
      outputs.push(inputs);
      if (!type.startsWith('keyturn:')) recorded.push({ type, inputs });
      return { id: `${name}-id`, state: inputs };
    },
    call: ({ inputs }) => inputs,
  });
  const role = new DualUserDatabaseRole('db', {
    engine,
    pair: 'shop',
    rights: [
      { database: 'shop_eu', privileges: ['ALL PRIVILEGES'] },
      { database: 'stock', table: 'parcel' },
    ],
    plan: { every: '30 days', consumers: [] },
    connections: { fleet: 2 },
  });
  const { pair, sharedRole, users, plan, bootstrap, ready } = role;
  outputs.push(
    await new Promise((resolve) => {
      pulumi.all([pair, sharedRole, users, plan, bootstrap, ready]).apply(resolve);
    }),
  );
  statements = await new Promise((resolve) => void role.statements.apply((known) => resolve(known)));
}

function* strings(value: unknown): Generator<string> {
  if (typeof value === 'string') yield value;
  else if (typeof value === 'object' && value !== null) for (const item of Object.values(value)) yield* strings(item);
}

const servers = [
  { name: 'MariaDB', engine: 'mariadb', start: async () => await orNotRun(() => startMariadb()), defaultRole: 'FOR' },
  // Needs mvn, which is not on every machine.
  {
    name: 'MySQL',
    engine: 'mysql',
    start: async () => await orNotRun(() => startMysql(), { optional: true }),
    defaultRole: 'TO',
  },
] as const;

describe.each(servers)('what the component asks for, made on a real $name', ({ engine, start, defaultRole }) => {
  let server: MariadbServer | undefined;
  let missing = '';

  const session = async (user: string, password: string, ...statements: string[]): Promise<RowDataPacket[]> => {
    const client = await createConnection({ host: server?.host ?? '', port: server?.port ?? 0, user, password });
    client.on('error', () => undefined);
    try {
      let rows: RowDataPacket[] = [];
      for (const statement of statements) [rows] = await client.query<RowDataPacket[]>(statement);
      return rows;
    } finally {
      await client.end();
    }
  };
  const asRoot = async (...statements: string[]) =>
    await session(server?.superuser ?? '', server?.superuserPassword ?? '', ...statements);

  beforeAll(async () => {
    await record(engine);
    const started = await start();
    server = started.part;
    missing = started.because ?? '';
    if (!server) return;
    for (const name of ['shop_eu', 'shopXeu', 'stock']) await asRoot(`CREATE DATABASE ${name}`);
    await asRoot('CREATE TABLE stock.parcel (id int)', 'CREATE TABLE stock.crate (id int)');
    await asRoot(...mysqlStatementsFor(recorded), ...statements);
  }, 300_000);
  afterAll(async () => await server?.stop());
  beforeEach((context) => {
    if (!server) context.skip(missing);
  });

  it('holds nothing that logs in: every text of the state, and the empty password, are refused for every name', async () => {
    const candidates = new Set(['', ...strings(outputs)]);
    expect(candidates.size).toBeGreaterThan(6);
    for (const user of ['shop', 'shop_a', 'shop_b']) {
      for (const password of candidates) {
        // 1045: refused; 3118: locked, as MySQL makes roles.
        await expect(session(user, password), `${user} logs in`).rejects.toSatisfy((error) =>
          [1045, 3118].includes((error as { errno: number }).errno),
        );
      }
    }
  });

  it('gives a member of the role its rights there and nowhere else', async () => {
    await asRoot(
      "CREATE USER member@'%' IDENTIFIED BY 'of-the-test'",
      'GRANT shop TO member',
      `SET DEFAULT ROLE shop ${defaultRole} member`,
    );
    const member = async (...statements: string[]) => await session('member', 'of-the-test', ...statements);

    await member('CREATE TABLE shop_eu.receipt (id int)', 'INSERT INTO stock.parcel VALUES (1)');
    expect(await member('SELECT count(*) AS parcels FROM stock.parcel')).toEqual([{ parcels: 1 }]);
    for (const elsewhere of [
      'CREATE TABLE shopXeu.receipt (id int)',
      'SELECT * FROM stock.crate',
      'DROP TABLE stock.parcel',
      'GRANT SELECT ON shop_eu.* TO member',
    ]) {
      await expect(member(elsewhere), elsewhere).rejects.toSatisfy((error) =>
        [1142, 1044, 1045].includes((error as { errno: number }).errno),
      );
    }
  });
});

describe('the table of statements for MySQL', () => {
  it.each([
    {
      resource: { type: 'mysql:index/user:User', inputs: { user: 'x' } },
      says: 'No statements are known for "mysql:index/user:User". Known are: mysql:index/role:Role, mysql:index/grant:Grant.',
    },
    {
      resource: { type: 'mysql:index/grant:Grant', inputs: { user: 'x' } },
      says: '"mysql:index/grant:Grant" has the property `user`, which the table does not know. Known are: role, database, table, privileges.',
    },
  ])('refuses $resource', ({ resource, says }) => {
    expect(() => mysqlStatementsFor([resource])).toThrow(new UnknownInputError(says));
  });

  it('quotes names', () => {
    const role = { type: 'mysql:index/role:Role', inputs: { name: String.raw`a'; DROP USER b\'` } };
    expect(mysqlStatementsFor([role])).toEqual([String.raw`CREATE ROLE 'a''; DROP USER b\\'''`]);
  });
});
