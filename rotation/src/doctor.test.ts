import { dualUsersOf } from '@keyturn/plan';
import { type PostgresServer, startPostgres } from '@keyturn/services';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { createRotator, MemoryStore, PostgresDatabase, type Rotator, type StoredCredential } from './index.js';

let server: PostgresServer;
let root: pg.Client;
const open: pg.Client[] = [];
let pairs = 0;

beforeAll(async () => {
  server = await startPostgres();
  root = new pg.Client({ ...address(), user: server.superuser, password: server.superuserPassword });
  await root.connect();
});

afterAll(async () => {
  await root.end();
  await server.stop();
});

afterEach(async () => {
  for (const client of open.splice(0)) await client.end().catch(() => undefined);
});

const address = () => ({ host: server.host, port: server.port, database: 'postgres' });

function make(store = new MemoryStore()) {
  pairs += 1;
  const pair = { name: `doc${pairs}`, ...dualUsersOf(`doc${pairs}`) };
  const database = new PostgresDatabase({
    endpoints: [{ name: 'writer', kind: 'writer', tls: false, ...address() }],
    admin: { user: server.superuser, password: server.superuserPassword },
    pair,
    sharedRoleKind: 'owner',
  });
  const consumers = [{ name: 'web', chain: [{ kind: 'pool', longest: '0s' } as const] }];
  const plan = { strategy: 'dual-user', every: '1d', soak: '1h', consumers } as const;
  const rotator: Rotator = createRotator({ pair, database, store, plan });
  return { pair, database, store, rotator, plan };
}

async function published(rotations: number) {
  const made = make();
  await made.rotator.bootstrap();
  const versions: StoredCredential[] = [];
  for (let count = 0; count < rotations; count += 1) {
    await made.rotator.advance();
    const now = await made.store.readPublished();
    if (now !== undefined) versions.push(now);
  }
  return { ...made, versions };
}

async function logsIn({ user, password }: { user: string; password: string }): Promise<boolean> {
  const client = new pg.Client({ ...address(), user, password });
  client.on('error', () => undefined);
  try {
    await client.connect();
    open.push(client);
    return true;
  } catch {
    return false;
  }
}

async function found(rotator: Rotator) {
  const { problems } = await rotator.diagnose();
  return problems.map(({ id, severity }) => `${severity} ${id}`);
}

/** The journal's row and the roles as they are now, and a way back to them: what a restore of the database does. */
async function backup(pair: string) {
  const { rows } = await root.query<{ row: string }>(
    'SELECT to_jsonb(p)::text AS row FROM keyturn.pair p WHERE name = $1',
    [pair],
  );
  const { rows: roles } = await root.query<{ sql: string }>(
    `SELECT format('ALTER ROLE %I %s PASSWORD %s', rolname, CASE WHEN rolcanlogin THEN 'LOGIN' ELSE 'NOLOGIN' END, quote_nullable(rolpassword)) AS sql
     FROM pg_authid WHERE rolname LIKE $1`,
    [`${pair}\\_%`],
  );
  return async (): Promise<void> => {
    await root.query('DELETE FROM keyturn.journal WHERE pair = $1', [pair]);
    await root.query('DELETE FROM keyturn.pair WHERE name = $1', [pair]);
    await root.query('INSERT INTO keyturn.pair SELECT * FROM jsonb_populate_record(NULL::keyturn.pair, $1::jsonb)', [
      rows[0]?.row,
    ]);
    for (const { sql } of roles) await root.query(sql);
  };
}

describe('diagnose', () => {
  it('finds nothing where all is well, and shows which version logs in where', async () => {
    const { rotator, versions, pair } = await published(2);
    const { problems, versions: reports } = await rotator.diagnose();
    expect(problems).toEqual([]);
    expect(new Set(reports)).toEqual(
      new Set([
        {
          version: versions[0]?.version,
          part: 'superseded',
          stored: { user: pair.users[0], generation: 1, stage: 'previous' },
          logins: [{ endpoint: 'writer', works: true }],
        },
        {
          version: versions[1]?.version,
          part: 'published',
          stored: { user: pair.users[1], generation: 2, stage: 'current' },
          logins: [{ endpoint: 'writer', works: true }],
        },
      ]),
    );
  });

  it.each([
    {
      name: 'a password that somebody changed',
      harm: async ({ pair }: Awaited<ReturnType<typeof published>>) =>
        void (await root.query(`ALTER ROLE ${pair.users[1]} PASSWORD 'SomebodyElse01'`)),
      finds: ['broken published-refused'],
    },
    {
      name: 'a superseded user that was switched off by hand',
      harm: async ({ pair }: Awaited<ReturnType<typeof published>>) =>
        void (await root.query(`ALTER ROLE ${pair.users[0]} NOLOGIN`)),
      finds: ['broken superseded-refused'],
    },
    {
      name: 'a candidate that nobody decided on',
      harm: async ({ store, pair }: Awaited<ReturnType<typeof published>>) =>
        void (await store.writePending(
          { user: pair.users[0], password: 'Candidate01', generation: 3 },
          { token: 'stray' },
        )),
      finds: ['attention stray-candidate'],
    },
    {
      name: 'a session of the superseded user',
      harm: async ({ versions }: Awaited<ReturnType<typeof published>>) =>
        void (versions[0] && (await logsIn(versions[0]))),
      finds: ['attention old-credential-in-use'],
    },
    {
      name: 'a user that is switched off and soaks',
      harm: async ({ rotator }: Awaited<ReturnType<typeof published>>) => void (await rotator.retire()),
      finds: ['attention half-retire'],
    },
    {
      name: 'a retired password that works again',
      harm: async ({ rotator, versions, pair }: Awaited<ReturnType<typeof published>>) => {
        await rotator.retire({ force: { reason: 'test' } });
        await root.query(`ALTER ROLE ${pair.users[0]} LOGIN PASSWORD '${versions[0]?.password ?? ''}'`);
      },
      finds: ['broken retired-logs-in'],
    },
  ])('finds $name', async ({ harm, finds }) => {
    const made = await published(2);
    await harm(made);
    expect(await found(made.rotator)).toEqual(finds);
  });

  it('finds a rotation and a replacement that are half done, and resume mends them', async () => {
    const { rotator, database, pair, store, plan } = await published(1);
    const stopping = (at: 'set' | 'lockUser'): Rotator =>
      createRotator({
        pair,
        store,
        plan,
        database: {
          pair,
          bootstrap: () => database.bootstrap(),
          async open() {
            const session = await database.open();
            session[at] = () => Promise.reject(new Error('killed'));
            return session;
          },
        },
      });
    await expect(stopping('set').advance()).rejects.toThrow('killed');
    expect(await found(rotator)).toEqual(['attention half-advance']);
    await rotator.resume();
    expect(await found(rotator)).toEqual([]);
    await expect(stopping('lockUser').compromised({ reason: 'seen' })).rejects.toThrow('killed');
    expect(await found(rotator)).toEqual(['broken half-compromised']);
    await rotator.resume();
    expect(await found(rotator)).toEqual([]);
  });
});

describe('settle', () => {
  it('follows the store when the database came back from a backup and the store logs in', async () => {
    const { pair, rotator, store, versions } = await published(1);
    const restore = await backup(pair.name);
    await rotator.advance();
    const second = await store.readPublished();
    const { rows } = await root.query<{ sql: string }>(
      `SELECT format('ALTER ROLE %I LOGIN PASSWORD %L', rolname, rolpassword) AS sql FROM pg_authid WHERE rolname = $1`,
      [pair.users[1]],
    );
    await restore();
    // Logical backups bring tables back and leave roles as they are.
    await root.query(rows[0]?.sql ?? '');

    expect((await rotator.advance()).outcome).toBe('refused');
    expect(await found(rotator)).toContain('broken store-and-journal-disagree');
    expect(await rotator.settle({ reason: 'restored', apply: false })).toMatchObject({
      outcome: 'settled',
      kept: 'store',
    });
    expect((await rotator.status()).published).toMatchObject({ generation: 1 });
    expect(await rotator.settle({ reason: 'restored', apply: true })).toMatchObject({
      outcome: 'settled',
      kept: 'store',
      works: true,
      published: { user: pair.users[1], generation: 2 },
    });
    expect(await found(rotator)).toEqual([]);
    expect((await store.readPublished())?.password === second?.password).toBe(true);
    expect(versions[0] && (await logsIn(versions[0]))).toBe(true);
    await open.pop()?.end();
    expect(await rotator.advance()).toMatchObject({ outcome: 'advanced', generation: 3 });
  });

  it('goes back with the store to what the journal says when only that logs in', async () => {
    const { pair, rotator, store, versions } = await published(1);
    const restore = await backup(pair.name);
    await rotator.advance();
    await restore();
    expect(await found(rotator)).toEqual(expect.arrayContaining(['broken store-and-journal-disagree']));
    expect(await rotator.settle({ reason: 'point in time', apply: true })).toMatchObject({
      outcome: 'settled',
      kept: 'journal',
      works: true,
      published: { user: pair.users[0], generation: 1 },
    });
    expect((await store.readPublished())?.version).toBe(versions[0]?.version);
    expect((await rotator.diagnose()).problems.filter(({ severity }) => severity === 'broken')).toEqual([]);
    // The generation that the store has seen is not used a second time.
    expect(await rotator.advance()).toMatchObject({ outcome: 'advanced', generation: 3 });
    const now = await store.readPublished();
    expect(now && (await logsIn(now))).toBe(true);
  });

  it('takes over what the store says when nothing logs in, so that force publishes a new one', async () => {
    const { pair, rotator, store } = await published(1);
    const restore = await backup(pair.name);
    await rotator.advance();
    await restore();
    for (const user of pair.users) await root.query(`ALTER ROLE ${user} PASSWORD 'SomebodyElse01'`);
    expect(await rotator.settle({ reason: 'lost', apply: true })).toMatchObject({ kept: 'store', works: false });
    expect((await rotator.advance()).outcome).toBe('refused');
    expect(await rotator.advance({ force: { reason: 'nothing works' } })).toMatchObject({ outcome: 'advanced' });
    const now = await store.readPublished();
    expect(now && (await logsIn(now))).toBe(true);
  });

  it('has nothing to do where store and journal agree, and follows no user of somebody else', async () => {
    const { rotator, store } = await published(1);
    expect(await rotator.settle({ reason: 'x', apply: true })).toEqual({ outcome: 'nothing' });
    const version = await store.writePending(
      { user: 'stranger', password: 'Stranger01', generation: 9 },
      { token: 's' },
    );
    await store.publish(version, { expectedCurrent: (await store.readPublished())?.version });
    await root.query(`ALTER ROLE ${(await rotator.status()).published?.user ?? ''} NOLOGIN`);
    expect(await rotator.settle({ reason: 'x', apply: true })).toMatchObject({
      outcome: 'refused',
      because: expect.stringContaining('publishes stranger, which is none of') as string,
    });
  });
});
