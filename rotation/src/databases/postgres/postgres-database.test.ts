import { dualUsersOf } from '@keyturn/plan';
import { type PostgresServer, startPostgres } from '@keyturn/services';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { BootstrapError } from '../../database.js';
import type { Holder } from '../../holder.js';
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

  it('says so when nobody ran it', async () => {
    const { rotator, pair } = setUp();
    await expect(rotator.advance()).rejects.toThrow(`The database does not know the pair "${pair.name}".`);
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

  it('waits for the longest lifetime by the clock of the database, without any session', async () => {
    const { pair, store, rotator } = setUp({}, 0, 60_000);
    await rotator.bootstrap();
    await rotator.advance();
    await rotator.advance();
    const before = await roles(pair);
    expect(await rotator.advance()).toMatchObject({ outcome: 'waiting', holders: [], until: expect.any(Date) as Date });
    expect(await rotator.retire()).toMatchObject({ outcome: 'waiting', until: expect.any(Date) as Date });
    expect(await roles(pair)).toEqual(before);
    await root.query(`UPDATE keyturn.pair SET superseded_at = superseded_at - interval '61 s' WHERE name = $1`, [
      pair.name,
    ]);
    expect(await rotator.advance()).toMatchObject({ outcome: 'advanced', generation: 3 });
    expect((await store.readPublished())?.user).toBe(pair.users[0]);
  });

  it('goes on against the gate for a reason, and keeps the reason', async () => {
    const { pair, store, rotator } = setUp({}, 0, 60_000);
    await rotator.bootstrap();
    await rotator.advance();
    await login(await store.readPublished());
    await rotator.advance();
    await expect(rotator.advance({ force: { reason: ' ' } })).rejects.toThrow('"force" needs a reason');
    expect(await rotator.advance({ force: { reason: 'laptop stolen' } })).toMatchObject({
      outcome: 'advanced',
      generation: 3,
    });
    const { rows } = await root.query(
      `SELECT detail FROM keyturn.journal WHERE pair = $1 AND event = 'set' ORDER BY id`,
      [pair.name],
    );
    expect(rows).toEqual([{ detail: {} }, { detail: {} }, { detail: { forced: 'laptop stolen' } }]);
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

  it('does not go on when the published credential was changed by somebody else', async () => {
    const { pair, rotator } = setUp();
    await rotator.bootstrap();
    await rotator.advance();
    await root.query(`ALTER ROLE ${pair.users[0]} PASSWORD 'SomebodyElse0001'`);
    expect(await rotator.advance()).toMatchObject({
      outcome: 'refused',
      because: expect.stringContaining(`The published credential of ${pair.users[0]} is refused on writer`) as string,
    });
    expect(await rotator.advance({ force: { reason: 'password was changed by hand' } })).toMatchObject({
      outcome: 'advanced',
      generation: 2,
    });
  });

  it('makes exactly one generation of eight rotators at once', async () => {
    const { pair, database, store } = setUp();
    await database.bootstrap();
    const plan = { strategy: 'dual-user', every: '1d', consumers: [] } as const;
    const results = await Promise.all(
      Array.from({ length: 8 }, () => createRotator({ pair, database, store, plan }).advance()),
    );
    expect(results.filter(({ outcome }) => outcome === 'advanced')).toHaveLength(1);
    expect(await journalOf(database)).toEqual([
      'bootstrapped 0',
      `decided 1 ${pair.users[0]}`,
      `set 1 ${pair.users[0]}`,
      `finished 1 ${pair.users[0]}`,
    ]);
  });

  it('fences a rotator that slept through a generation: it changes no password', async () => {
    const { pair, database, store, rotator } = setUp();
    await rotator.bootstrap();
    await rotator.advance();
    const sleeper = await database.open();
    const intent = {
      token: 'asleep',
      generation: 2,
      user: pair.users[1],
      version: 'v',
      attempt: 1,
      replaces: (await store.readPublished())?.version ?? '',
    };
    await sleeper.decide(intent);
    await root.query(
      'UPDATE keyturn.pair SET intent_token = NULL, intent_generation = NULL, intent_user = NULL WHERE name = $1',
      [pair.name],
    );
    await rotator.advance();
    const published = await store.readPublished();
    await expect(sleeper.set(intent, 'SleeperPassword01')).rejects.toThrow(
      'another rotator moved this pair on, so "set" changed nothing',
    );
    const old = { user: pair.users[1], version: 'v', generation: 2, at: 0, phase: 'usable' } as const;
    await expect(sleeper.lockUser(old)).rejects.toThrow('another rotator moved this pair on');
    await sleeper.close();
    await login(published);
  });
});

describe('retire', () => {
  it('switches off, soaks, and takes the password away', async () => {
    const { pair, store, rotator } = setUp({}, 200);
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
    await new Promise((resolve) => setTimeout(resolve, 220));
    expect(await rotator.resume()).toEqual({ outcome: 'retired', user: pair.users[0], holders: [] });
    expect(await roles(pair)).toMatchObject([{}, { login: false, password: false }, { login: true, password: true }]);
    await expect(login(first)).rejects.toMatchObject({ code: '28P01' });
    expect(await rotator.retire()).toEqual({ outcome: 'nothing', holders: [] });
  });

  it('switches on again when the server refused somebody, and says whom', async () => {
    let refusals: Holder[] = [];
    const { pair, store, database, rotator } = setUp({ refusedLogins: () => Promise.resolve(refusals) }, 60_000);
    await rotator.bootstrap();
    await rotator.advance();
    const first = await store.readPublished();
    await rotator.advance();
    await rotator.retire();
    refusals = [{ endpoint: 'writer', user: pair.users[0], clientAddress: '10.0.0.9', application: 'nightly' }];
    expect(await rotator.retire()).toMatchObject({
      outcome: 'waiting',
      because: `${pair.users[0]} was switched off and is switched on again, because a login was refused: nightly from 10.0.0.9 on writer. It counts as superseded from now on.`,
      holders: refusals,
    });
    await login(first);
    expect((await journalOf(database)).slice(-3)).toEqual([
      `locked 1 ${pair.users[0]}`,
      `undo-decided 1 ${pair.users[0]}`,
      `undone 1 ${pair.users[0]}`,
    ]);
  });

  it('reads the evidence first when the one before died between deciding and doing', async () => {
    const { pair, store, database, rotator } = setUp({}, 60_000);
    await rotator.bootstrap();
    await rotator.advance();
    const first = await store.readPublished();
    await rotator.advance();
    await rotator.retire();
    const session = await database.open();
    const { superseded } = await session.read();
    if (superseded === undefined) throw new Error('nothing is superseded');
    await session.decideUndo(superseded, {
      because: 'refused-login',
      holders: [{ endpoint: 'writer', user: superseded.user }],
    });
    await expect(session.takePassword(superseded)).rejects.toThrow('another rotator moved this pair on');
    await session.close();
    expect(await rotator.resume()).toMatchObject({ outcome: 'waiting', user: pair.users[0] });
    await login(first);
  });
});

it('shows no password in journal, events, errors or the log of a server that logs all', async () => {
  const { store, pair, rotator } = setUp({
    admin: { user: server.superuser, password: () => Promise.resolve(server.superuserPassword) },
  });
  await rotator.bootstrap();
  const passwords: string[] = [server.superuserPassword];
  for (let generation = 1; generation <= 3; generation += 1) {
    await rotator.advance();
    passwords.push((await store.readPublished())?.password ?? '');
    await rotator.retire();
  }
  const failure = await setUp({ pair, admin: { user: server.superuser, password: `${server.superuserPassword}x` } })
    .rotator.advance()
    .catch((error: unknown) => error);
  const { inspect } = await import('node:util');
  const dump = await root.query('SELECT p::text FROM keyturn.pair p UNION ALL SELECT j::text FROM keyturn.journal j');
  const seen = [
    server.log(),
    JSON.stringify(dump.rows),
    inspect(failure, { depth: 9, showHidden: true }),
    JSON.stringify(await rotator.status()),
  ].join('\n');
  expect(server.log()).toContain(`ALTER ROLE "${pair.users[0]}" LOGIN PASSWORD 'SCRAM-SHA-256$`);
  expect(passwords).toHaveLength(4);
  for (const password of passwords) {
    expect(password.length).toBeGreaterThan(15);
    expect(seen.includes(password)).toBe(false);
  }
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

it('does not take a server that is down for a wrong password', async () => {
  const { rotator } = setUp({ endpoints: [{ ...writer(), port: 1 }] });
  await expect(rotator.advance()).rejects.toMatchObject({ kind: 'network', endpoint: 'writer' });
});
