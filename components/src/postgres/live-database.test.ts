import * as pulumi from '@pulumi/pulumi';
import { type PostgresServer, startPostgres } from '@keyturn/services';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { DualUserDatabaseRole, type DualUserDatabaseRoleArgs } from './dual-user-database-role.js';
import { type RecordedResource, statementsFor, UnknownInputError } from './model.js';

const database = 'shopdb';
const plan = { every: '30 days', consumers: [] } as const;
const pairs = {
  owner: {
    pair: 'shop',
    database,
    plan,
    connections: { fleet: 2, headroom: 0 },
    sharedRole: { kind: 'owner', readers: ['report'] },
  },
  grantee: {
    pair: 'till',
    database,
    plan,
    connections: { fleet: 4 },
    sharedRole: { kind: 'grantee', owner: 'migrator', schema: 'sales' },
  },
} as const satisfies Record<string, DualUserDatabaseRoleArgs>;

let server: PostgresServer;
const recorded: (RecordedResource & { readonly outputs: Record<string, unknown> })[] = [];
const componentOutputs: unknown[] = [];

beforeAll(async () => {
  server = await startPostgres();
  await asAdministrator(
    'postgres',
    'CREATE ROLE report NOLOGIN',
    'CREATE ROLE migrator NOLOGIN',
    `CREATE DATABASE ${database}`,
  );
  await asAdministrator(
    database,
    'CREATE SCHEMA sales AUTHORIZATION migrator',
    'SET ROLE migrator',
    'CREATE TABLE sales.receipt (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, total int NOT NULL)',
  );

  await pulumi.runtime.setMocks({
    newResource: ({ name, type, inputs, custom }) => {
      const outputs = { ...inputs, id: `${name}-id` };
      if (custom !== false && !type.startsWith('keyturn:')) recorded.push({ type, inputs, outputs });
      return { id: `${name}-id`, state: inputs };
    },
    call: ({ inputs }) => inputs,
  });
  for (const [name, args] of Object.entries(pairs)) {
    const role = new DualUserDatabaseRole(name, args);
    const { pair, sharedRole, users, schema, plan: outputPlan, ready } = role;
    componentOutputs.push(
      await new Promise((resolve) => {
        pulumi.all([pair, sharedRole, users, schema, outputPlan, ready]).apply(resolve);
      }),
    );
  }
  for (const statement of statementsFor(recorded))
    await asAdministrator(statement.database ?? 'postgres', statement.sql);
});

afterAll(async () => await server.stop());

async function asAdministrator(name: string, ...statements: string[]): Promise<pg.QueryResult | undefined> {
  return await session({ user: server.superuser, password: server.superuserPassword, database: name }, ...statements);
}

async function session(
  as: { user: string; password: string; database?: string },
  ...statements: string[]
): Promise<pg.QueryResult | undefined> {
  const client = new pg.Client({ host: server.host, port: server.port, database, ...as });
  await client.connect();
  try {
    let last: pg.QueryResult | undefined;
    for (const statement of statements) last = await client.query(statement);
    return last;
  } finally {
    await client.end();
  }
}

/** What a rotation does to switch a user on. */
async function publish(user: string): Promise<{ user: string; password: string }> {
  const password = `${user}-${Math.random()}`;
  await asAdministrator(
    'postgres',
    `ALTER ROLE ${pg.escapeIdentifier(user)} LOGIN PASSWORD ${pg.escapeLiteral(password)}`,
  );
  return { user, password };
}

const code = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : error);

function* strings(value: unknown): Generator<string> {
  if (typeof value === 'string') yield value;
  else if (typeof value === 'object' && value !== null) for (const item of Object.values(value)) yield* strings(item);
}

describe('what the component asks for, made on a real PostgreSQL', () => {
  it('holds nothing that logs in: every text of the state, and the empty password, are refused for every user', async () => {
    const candidates = new Set(['', ...strings(recorded), ...strings(componentOutputs)]);
    expect(candidates.size).toBeGreaterThan(20);
    for (const user of ['shop_a', 'shop_b', 'till_a', 'till_b', 'shop', 'till']) {
      for (const password of candidates) {
        await expect(session({ user, password }), `${user} logs in`).rejects.toSatisfy(
          (error) =>
            ['28000', '28P01'].includes(String(code(error))) || (password === '' && String(error).includes('SASL')),
        );
      }
    }
  });

  it('lets both users log in as the owner once a rotation switched them on, and makes each the owner of what the other made', async () => {
    const [a, b] = [await publish('shop_a'), await publish('shop_b')];

    const who = await session(a, 'CREATE TABLE parcel (id int)', 'SELECT session_user, current_user, current_schema');
    expect(who?.rows).toEqual([{ session_user: 'shop_a', current_user: 'shop', current_schema: 'shop' }]);
    await session(
      b,
      'ALTER TABLE parcel ADD COLUMN weight int',
      'INSERT INTO parcel VALUES (1, 2)',
      'CREATE TABLE crate (id int)',
    );
    await session(a, 'DROP TABLE crate');

    const owners = await asAdministrator(
      database,
      "SELECT tablename, tableowner FROM pg_tables WHERE schemaname = 'shop'",
    );
    expect(owners?.rows).toEqual([{ tablename: 'parcel', tableowner: 'shop' }]);
  });

  it('lets a reader read what an application makes later, and no more', async () => {
    const readable = await asAdministrator(database, 'SET ROLE report', 'SELECT weight FROM shop.parcel');
    expect(readable?.rows).toEqual([{ weight: 2 }]);
    await expect(asAdministrator(database, 'SET ROLE report', 'DELETE FROM shop.parcel')).rejects.toMatchObject({
      code: '42501',
    });
  });

  it('gives users of a grantee the rights of their shared role on old and new tables, and nothing to make or drop', async () => {
    const a = await publish('till_a');
    await asAdministrator(database, 'SET ROLE migrator', 'CREATE TABLE sales.refund (total int)');

    const who = await session(
      a,
      'INSERT INTO receipt (total) VALUES (7)',
      'INSERT INTO refund VALUES (3)',
      'SELECT current_user, sum(total)::int AS total FROM receipt GROUP BY 1',
    );
    expect(who?.rows).toEqual([{ current_user: 'till_a', total: 7 }]);
    for (const refused of ['DROP TABLE receipt', 'CREATE TABLE sales.note (id int)']) {
      await expect(session(a, refused)).rejects.toMatchObject({ code: '42501' });
    }
  });

  it('stops a user at its limit', async () => {
    const a = await publish('shop_a');
    const clients = await Promise.all(
      [1, 2].map(async () => {
        const client = new pg.Client({ host: server.host, port: server.port, database, ...a });
        await client.connect();
        return client;
      }),
    );
    await expect(session(a)).rejects.toMatchObject({ code: '53300' });
    await Promise.all(clients.map(async (client) => await client.end()));
  });

  it('keeps both users equal in the catalog', async () => {
    const attributes = await asAdministrator(
      'postgres',
      `SELECT rolname, rolinherit, rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls, rolconnlimit, rolconfig,
              ARRAY(SELECT roleid::regrole::text || admin_option FROM pg_auth_members WHERE member = pg_roles.oid) AS member_of
         FROM pg_roles WHERE rolname LIKE 'shop\\_%' OR rolname LIKE 'till\\_%' ORDER BY rolname`,
    );
    const rows = (attributes?.rows ?? []) as Record<string, unknown>[];
    expect(rows.map(({ rolname }) => rolname)).toEqual(['shop_a', 'shop_b', 'till_a', 'till_b']);
    const [shopA, shopB, tillA, tillB] = rows.map((row) => ({ ...row, rolname: undefined }));
    expect(shopA).toEqual(shopB);
    expect(tillA).toEqual(tillB);
    expect(shopA).toMatchObject({
      rolconnlimit: 2,
      rolconfig: ['search_path=shop, public', 'role=shop'],
      member_of: ['shopfalse'],
      rolsuper: false,
      rolcreaterole: false,
    });
  });
});

describe('the table of statements', () => {
  it.each([
    {
      resource: { type: 'postgresql:index/role:Role', inputs: { name: 'x', password: 'hunter2' } },
      says: '"postgresql:index/role:Role" has the property `password`, which the table does not know. Known are: name, login, inherit, connectionLimit, roles, assumeRole, searchPaths, statementTimeout, idleInTransactionSessionTimeout.',
    },
    {
      resource: { type: 'postgresql:index/database:Database', inputs: {} },
      says: 'No statements are known for "postgresql:index/database:Database". Known are: postgresql:index/role:Role, postgresql:index/schema:Schema, postgresql:index/grant:Grant, postgresql:index/defaultPrivileges:DefaultPrivileges.',
    },
    {
      resource: { type: 'postgresql:index/role:Role', inputs: { name: 'x', login: 'yes' } },
      says: '"yes" is not a value that the table of statements can write.',
    },
  ])('refuses $resource', ({ resource, says }) => {
    expect(() => statementsFor([resource])).toThrow(new UnknownInputError(says));
  });

  it('quotes names', () => {
    expect(
      statementsFor([{ type: 'postgresql:index/role:Role', inputs: { name: 'a"; DROP ROLE b', login: false } }]),
    ).toEqual([{ sql: 'CREATE ROLE "a""; DROP ROLE b" NOLOGIN' }]);
  });
});
