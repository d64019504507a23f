import { dualUserModel, resourcesOf, statementsFor } from '@keyturn/components/postgres/model';
import { createRotator, MemoryStore, PostgresDatabase } from '@keyturn/rotation';
import { type PostgresServer, startPostgres } from '@keyturn/services';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const database = 'shopdb';
let server: PostgresServer;

beforeAll(async () => {
  server = await startPostgres();
  await query('postgres', `CREATE DATABASE ${database}`, 'CREATE ROLE migrator NOLOGIN');
  await query(database, 'CREATE SCHEMA sales AUTHORIZATION migrator', 'CREATE TABLE sales.receipt (total int)');
  await query(database, 'ALTER TABLE sales.receipt OWNER TO migrator');
});

afterAll(async () => await server.stop());

async function query(name: string, ...statements: string[]): Promise<Record<string, unknown>[]> {
  return await as({ user: server.superuser, password: server.superuserPassword }, name, ...statements);
}

async function as(
  login: { user: string; password: string },
  name: string,
  ...statements: string[]
): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ host: server.host, port: server.port, database: name, ...login });
  await client.connect();
  try {
    let rows: Record<string, unknown>[] = [];
    for (const statement of statements) ({ rows } = await client.query<Record<string, unknown>>(statement));
    return rows;
  } finally {
    await client.end();
  }
}

/** Everything about the roles that a `pulumi up` would compare, except what a rotation owns. */
const comparedByUp = async (pair: string): Promise<Record<string, unknown>[]> =>
  await query(
    database,
    `SELECT rolname, rolinherit, rolsuper, rolcreaterole, rolcreatedb, rolconnlimit, rolconfig,
            ARRAY(SELECT roleid::regrole::text FROM pg_auth_members WHERE member = pg_roles.oid) AS member_of
       FROM pg_roles WHERE rolname IN ('${pair}', '${pair}_a', '${pair}_b') ORDER BY rolname`,
  );

const shapes = [
  { pair: 'shop', sharedRole: { kind: 'owner' }, work: 'CREATE TABLE made_here (id int)', becomes: 'shop' },
  {
    pair: 'till',
    sharedRole: { kind: 'grantee', owner: 'migrator', schema: 'sales' },
    work: 'INSERT INTO receipt VALUES (1)',
    becomes: undefined,
  },
] as const;

describe.each(shapes)(
  'a pair that the component made ($sharedRole.kind)',
  ({ pair: name, sharedRole, work, becomes }) => {
    const model = dualUserModel({ pair: name, database, sharedRole, connections: { fleet: 4 } });
    const store = new MemoryStore();
    const rotator = () =>
      createRotator({
        pair: model.pair,
        store,
        plan: { strategy: 'dual-user', every: '1h', consumers: [] },
        database: new PostgresDatabase({
          endpoints: [{ name: 'writer', kind: 'writer', host: server.host, port: server.port, database, tls: false }],
          admin: { user: server.superuser, password: server.superuserPassword },
          pair: model.pair,
          sharedRoleKind: model.kind,
        }),
      });
    const published = async () => {
      const credential = await store.readPublished();
      if (!credential) throw new Error('nothing is published');
      return credential;
    };

    beforeAll(async () => {
      for (const { sql, database: where } of statementsFor(resourcesOf(model))) await query(where ?? 'postgres', sql);
    });

    it('is taken over by the rotation as it is: a later up finds nothing to change', async () => {
      const before = await comparedByUp(name);
      await rotator().bootstrap();
      expect(await comparedByUp(name)).toEqual(before);

      await rotator().advance();
      expect(await comparedByUp(name)).toEqual(before);
    });

    it('does its work with each credential in turn, and the superseded one until it is retired', async () => {
      const first = await published();
      expect(first.user).toBe(`${name}_a`);
      expect(await as(first, database, work, 'SELECT current_user')).toEqual([{ current_user: becomes ?? first.user }]);

      expect(await rotator().advance()).toMatchObject({ outcome: 'advanced', generation: 2, published: `${name}_b` });
      const second = await published();
      expect(await as(second, database, 'SELECT session_user')).toEqual([{ session_user: `${name}_b` }]);
      expect(await as(first, database, 'SELECT session_user')).toEqual([{ session_user: `${name}_a` }]);

      expect(await rotator().retire()).toMatchObject({ outcome: 'retired', user: `${name}_a` });
      await expect(as(first, database, 'SELECT 1')).rejects.toThrow(/authentication failed|not permitted to log in/);
      expect(await as(second, database, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    });

    it('gives the first user a new password at the third rotation', async () => {
      const { password: before } = await published();
      expect(await rotator().advance()).toMatchObject({ outcome: 'advanced', generation: 3, published: `${name}_a` });
      const third = await published();

      expect(third.password).not.toBe(before);
      expect(await as(third, database, 'SELECT session_user')).toEqual([{ session_user: `${name}_a` }]);
    });
  },
);
