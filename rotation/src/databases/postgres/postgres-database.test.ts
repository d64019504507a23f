import { dualUsersOf } from '@keyturn/plan';
import { type PostgresServer, startPostgres } from '@keyturn/services';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { BootstrapError } from '../../database.js';
import type { Pair } from '../../pair.js';
import { createRotator, type Rotator } from '../../rotator.js';
import type { StoredCredential } from '../../store.js';
import { MemoryStore } from '../../stores/memory.js';
import type { Endpoint } from './endpoint.js';
import { PostgresDatabase, type PostgresDatabaseOptions } from './postgres-database.js';

let server: PostgresServer;
let root: pg.Client;
const open: pg.Client[] = [];
let pairs = 0;

beforeAll(async () => {
  server = await startPostgres({ settings: { log_statement: "'all'", log_min_error_statement: "'error'" } });
  root = new pg.Client({ ...address(), user: server.superuser, password: server.superuserPassword });
  await root.connect();
});

afterAll(async () => {
  await root.end();
  await server.stop();
});

afterEach(async () => {
  for (const client of open.splice(0)) await client.end();
});

function address(): { host: string; port: number; database: string } {
  return { host: server.host, port: server.port, database: 'postgres' };
}

function writer(): Endpoint {
  return { name: 'writer', kind: 'writer', ...address(), tls: false };
}

function freshPair(): Pair {
  pairs += 1;
  return { name: `app${pairs}`, ...dualUsersOf(`app${pairs}`) };
}

interface Setting {
  readonly pair: Pair;
  readonly store: MemoryStore;
  readonly database: PostgresDatabase;
  readonly rotator: Rotator;
}

function setUp(change: Partial<PostgresDatabaseOptions> = {}, soak = 0, lifetime = 0): Setting {
  const pair = change.pair ?? freshPair();
  const store = new MemoryStore();
  const database = new PostgresDatabase({
    endpoints: [writer()],
    admin: { user: server.superuser, password: server.superuserPassword },
    pair,
    sharedRoleKind: 'owner',
    ...change,
  });
  const consumers = [{ name: 'web', chain: [{ kind: 'pool', longest: lifetime } as const] }];
  const rotator = createRotator({
    pair,
    database,
    store,
    plan: { strategy: 'dual-user', every: '1d', soak, consumers },
  });
  return { pair, store, database, rotator };
}

async function login(credential: Pick<StoredCredential, 'user' | 'password'> | undefined): Promise<pg.Client> {
  const client = new pg.Client({
    ...address(),
    user: credential?.user ?? '',
    password: credential?.password ?? '',
    application_name: 'worker',
  });
  client.on('error', () => undefined);
  await client.connect();
  open.push(client);
  return client;
}

async function roles(pair: Pair): Promise<unknown[]> {
  const { rows } = await root.query(
    `SELECT rolname, rolcanlogin AS login, rolpassword IS NOT NULL AS password, rolconnlimit AS limit
     FROM pg_authid WHERE rolname = ANY ($1) ORDER BY rolname`,
    [[pair.sharedRole, ...pair.users]],
  );
  return rows as unknown[];
}

async function journalOf(database: PostgresDatabase): Promise<string[]> {
  const session = await database.open();
  const entries = await session.journal();
  await session.close();
  return entries.map(({ event, user, generation }) => `${event} ${generation}${user === undefined ? '' : ` ${user}`}`);
}

describe('bootstrap', () => {
  it('makes three roles of which none can log in, twice without a difference', async () => {
    const { pair, database, rotator } = setUp({ connectionLimit: 20, settings: { search_path: 'public' } });
    await rotator.bootstrap();
    await rotator.bootstrap();
    const off = { login: false, password: false };
    expect(await roles(pair)).toEqual([
      { rolname: pair.sharedRole, ...off, limit: -1 },
      { rolname: pair.users[0], ...off, limit: 20 },
      { rolname: pair.users[1], ...off, limit: 20 },
    ]);
    const { rows } = await root.query<{ rolconfig: string[] }>(
      'SELECT rolconfig FROM pg_roles WHERE rolname = ANY ($1)',
      [pair.users],
    );
    for (const { rolconfig } of rows)
      expect(rolconfig.sort()).toEqual([`role=${pair.sharedRole}`, 'search_path=public']);
    expect(await journalOf(database)).toEqual(['bootstrapped 0']);
  });

  it('takes over roles that components made, and switches nobody on', async () => {
    const pair = freshPair();
    await root.query(`CREATE ROLE ${pair.sharedRole} NOLOGIN`);
    for (const user of pair.users) await root.query(`CREATE ROLE ${user} NOLOGIN IN ROLE ${pair.sharedRole}`);
    const { rotator } = setUp({ pair });
    await rotator.bootstrap();
    expect(await roles(pair)).toMatchObject([{ login: false }, { login: false }, { login: false }]);
    expect(await rotator.advance()).toMatchObject({ outcome: 'advanced', published: pair.users[0] });
  });

  it('leaves a user alone that somebody may be using, and everything else too', async () => {
    const pair = freshPair();
    await root.query(`CREATE ROLE ${pair.users[1]} LOGIN`);
    await expect(setUp({ pair }).rotator.bootstrap()).rejects.toThrow(
      new BootstrapError(
        `${pair.users[1]} can log in already and the journal does not know it, so somebody may be using it. Choose another user name, or run ALTER ROLE with NOLOGIN when nobody uses it.`,
      ),
    );
    expect(await roles(pair)).toHaveLength(1);
  });

  it('does not switch a retired user on again', async () => {
    const { pair, rotator } = setUp();
    await rotator.bootstrap();
    await rotator.advance();
    await rotator.advance();
    expect(await rotator.retire()).toMatchObject({ outcome: 'retired', user: pair.users[0] });
    await rotator.bootstrap();
    expect(await roles(pair)).toMatchObject([{}, { login: false, password: false }, { login: true, password: true }]);
  });
});

describe('advance', () => {
  it('lets both users alter what either of them made', async () => {
    const { pair, store, rotator } = setUp();
    await rotator.bootstrap();
    await root.query(`CREATE SCHEMA ${pair.name} AUTHORIZATION ${pair.sharedRole}`);
    await rotator.advance();
    const a = await login(await store.readPublished());
    await a.query(`CREATE TABLE ${pair.name}.made_by_a (n integer)`);
    await rotator.advance();
    const b = await login(await store.readPublished());
    await b.query(`ALTER TABLE ${pair.name}.made_by_a ADD COLUMN m integer`);
    await b.query(`CREATE TABLE ${pair.name}.made_by_b (n integer)`);
    await a.query(`DROP TABLE ${pair.name}.made_by_b`);
    const { rows } = await root.query('SELECT tableowner FROM pg_tables WHERE schemaname = $1', [pair.name]);
    expect(rows).toEqual([{ tableowner: pair.sharedRole }]);
  });

  it('keeps the superseded user working, and waits for it by name before it re-keys it', async () => {
    const { pair, store, rotator } = setUp();
    await rotator.bootstrap();
    await rotator.advance();
    const first = await store.readPublished();
    const client = await login(first);
    await rotator.advance();
    await login(first);
    const blocked = await rotator.advance();
    expect(blocked).toMatchObject({
      outcome: 'waiting',
      holders: [{ user: pair.users[0], application: 'worker' }, {}],
    });
    expect(await rotator.retire()).toMatchObject({ outcome: 'waiting', user: pair.users[0] });
    expect(blocked.outcome === 'waiting' && blocked.because).toMatch(
      new RegExp(
        `^${pair.users[0]} still has 2 sessions: worker from 127\\.0\\.0\\.1 on writer for \\d+(ms|s), worker from`,
      ),
    );
    await client.query('SELECT 1');
    expect((await store.readPublished())?.generation).toBe(2);
  });

  it.each([
    {
      what: 'a table',
      sql: (a: string) => `GRANT SELECT ON parity.things TO ${a}`,
      says: 'SELECT on table parity.things',
    },
    {
      what: 'a sequence',
      sql: (a: string) => `GRANT USAGE ON SEQUENCE parity.numbers TO ${a}`,
      says: 'USAGE on sequence parity.numbers',
    },
    {
      what: 'a column',
      sql: (a: string) => `GRANT UPDATE (n) ON parity.things TO ${a}`,
      says: 'UPDATE on column parity.things.n',
    },
    { what: 'a schema', sql: (a: string) => `GRANT CREATE ON SCHEMA parity TO ${a}`, says: 'CREATE on schema parity' },
    {
      what: 'default privileges',
      sql: (a: string) => `ALTER DEFAULT PRIVILEGES IN SCHEMA parity GRANT SELECT ON TABLES TO ${a}`,
      says: 'default SELECT on tables of postgres in schema parity',
    },
    {
      what: 'a setting',
      sql: (a: string) => `ALTER ROLE ${a} SET statement_timeout TO '5s'`,
      says: 'setting statement_timeout=5s',
    },
    {
      what: 'a setting in one database',
      sql: (a: string) => `ALTER ROLE ${a} IN DATABASE postgres SET work_mem TO '8MB'`,
      says: 'setting work_mem=8MB in database postgres',
    },
    { what: 'a limit', sql: (a: string) => `ALTER ROLE ${a} CONNECTION LIMIT 7`, says: 'connection limit is 7' },
    { what: 'an attribute', sql: (a: string) => `ALTER ROLE ${a} CREATEDB`, says: 'createdb is true' },
    { what: 'a membership', sql: (a: string) => `GRANT pg_monitor TO ${a}`, says: 'membership in pg_monitor' },
  ])('does not publish a user that lacks $what which the other one has', async ({ sql, says }) => {
    await root.query(
      'CREATE SCHEMA IF NOT EXISTS parity; CREATE TABLE IF NOT EXISTS parity.things (n integer); CREATE SEQUENCE IF NOT EXISTS parity.numbers',
    );
    const { pair, store, rotator } = setUp();
    await rotator.bootstrap();
    await rotator.advance();
    await root.query(sql(pair.users[0]));
    const result = await rotator.advance();
    expect(result).toMatchObject({ outcome: 'refused' });
    expect(result.outcome === 'refused' && result.because).toContain(`${pair.users[0]} has ${says}`);
    expect(await store.readPublished()).toMatchObject({ generation: 1, user: pair.users[0] });
    await root.query(sql(pair.users[1]));
    expect(await rotator.resume()).toMatchObject({ outcome: 'advanced', generation: 2 });
  });

  it('does not publish while one of the users owns something', async () => {
    const { pair, store, rotator } = setUp();
    await rotator.bootstrap();
    await root.query(`CREATE SCHEMA ${pair.name} AUTHORIZATION ${pair.sharedRole}`);
    await rotator.advance();
    const client = await login(await store.readPublished());
    await client.query(`SET ROLE NONE; CREATE TABLE ${pair.name}.stray (n integer)`);
    expect(await rotator.advance()).toMatchObject({
      outcome: 'refused',
      because: expect.stringContaining(
        `${pair.users[0]} owns table ${pair.name}.stray; run REASSIGN OWNED to give it to ${pair.sharedRole}`,
      ) as string,
    });
  });

  it('does not publish a user that does not become the shared role', async () => {
    const { pair, rotator } = setUp();
    await rotator.bootstrap();
    for (const user of pair.users) await root.query(`REVOKE ${pair.sharedRole} FROM ${user}`);
    await root.query(`ALTER ROLE ${pair.users[0]} RESET role`);
    await root.query(`ALTER ROLE ${pair.users[1]} RESET role`);
    expect(await rotator.advance()).toMatchObject({
      outcome: 'refused',
      because: expect.stringContaining(
        `on writer, ${pair.users[0]} works as ${pair.users[0]} and not as ${pair.sharedRole}; run bootstrap() again`,
      ) as string,
    });
    await rotator.bootstrap();
    expect(await rotator.resume()).toMatchObject({ outcome: 'advanced', generation: 1 });
  });

  it('leaves nothing of its probe behind', async () => {
    const { pair, rotator } = setUp();
    await rotator.bootstrap();
    await root.query(`CREATE SCHEMA ${pair.name} AUTHORIZATION ${pair.sharedRole}`);
    await rotator.advance();
    const { rows } = await root.query(`SELECT relname FROM pg_class WHERE relname LIKE 'keyturn_probe%'`);
    expect(rows).toEqual([]);
    const finished = await root.query(`SELECT detail FROM keyturn.journal WHERE pair = $1 AND event = 'finished'`, [
      pair.name,
    ]);
    expect(finished.rows).toEqual([{ detail: { endpoints: ['writer'], probed: true } }]);
  });

  it('stops when the journal was restored to an earlier day', async () => {
    const { pair, rotator } = setUp();
    await rotator.bootstrap();
    await rotator.advance();
    const { rows } = await root.query<Record<string, unknown>>('SELECT * FROM keyturn.pair WHERE name = $1', [
      pair.name,
    ]);
    await rotator.advance();
    await root.query(
      `UPDATE keyturn.pair SET generation = 1, published_user = $2, published_version = $3, published_generation = 1, superseded_user = NULL WHERE name = $1`,
      [pair.name, rows[0]?.['published_user'], rows[0]?.['published_version']],
    );
    const before = await roles(pair);
    expect(await rotator.advance()).toMatchObject({
      outcome: 'refused',
      because: expect.stringMatching(
        /of generation 2, and the journal of \w+ says version \S+ of generation 1\./,
      ) as string,
    });
    expect(await roles(pair)).toEqual(before);
  });
});

describe('retire', () => {
  it('switches off, soaks, and takes the password away', async () => {
    const { pair, store, rotator } = setUp({}, 60_000);
    await rotator.bootstrap();
    await rotator.advance();
    const first = await store.readPublished();
    await rotator.advance();
    expect(await rotator.retire()).toMatchObject({
      outcome: 'waiting',
      user: pair.users[0],
      until: expect.any(Date) as Date,
    });
    await expect(login(first)).rejects.toMatchObject({ code: '28000' });
    expect(await roles(pair)).toMatchObject([{}, { login: false, password: true }, { login: true }]);
    expect(await rotator.advance()).toMatchObject({ outcome: 'waiting' });
    await root.query(`UPDATE keyturn.pair SET locked_at = locked_at - interval '61 s' WHERE name = $1`, [pair.name]);
    expect(await rotator.resume()).toEqual({ outcome: 'retired', user: pair.users[0], holders: [] });
    expect(await roles(pair)).toMatchObject([{}, { login: false, password: false }, { login: true, password: true }]);
    await expect(login(first)).rejects.toMatchObject({ code: '28P01' });
    expect(await rotator.retire()).toEqual({ outcome: 'nothing', holders: [] });
  });
});

it('does not send a password in clear text unless it is told to', async () => {
  const { name, kind, ...where } = writer();
  const { rotator } = setUp({
    endpoints: [{ name, kind, host: where.host, port: where.port, database: where.database }],
  });
  await expect(rotator.bootstrap()).rejects.toMatchObject({
    kind: 'tls',
    message: expect.stringContaining('The server does not support SSL connections') as string,
  });
});
