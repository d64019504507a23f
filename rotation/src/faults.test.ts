import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { dualUsersOf } from '@keyturn/plan';
import { type PostgresServer, startPostgres } from '@keyturn/services';
import fc from 'fast-check';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';

import {
  createRotator,
  type Database,
  DatabaseError,
  type DatabaseSession,
  EnvFileStore,
  MemoryStore,
  PostgresDatabase,
  type Rotator,
  type Store,
} from './index.js';
import { tapPostgres } from './kill/postgres-tap.js';
import type { Tap } from './kill/tap.js';

let server: PostgresServer;
let pairs = 0;

beforeAll(async () => {
  server = await startPostgres();
});

afterAll(async () => {
  await server.stop();
});

afterEach(() => {
  vi.restoreAllMocks();
});

type ListingStore = Store & Required<Pick<Store, 'versions'>>;

interface Scene {
  readonly users: readonly [string, string];
  readonly store: ListingStore;
  readonly database: Database;
  readonly rotator: Rotator;
  rotatorWith(change: { readonly database?: Database; readonly store?: Store }): Rotator;
  databaseAt(port: number, more?: { readonly port: number }): Database;
}

/** A pair with generation 1 published. */
async function scene(lifetimeMs = 0, store: ListingStore = new MemoryStore()): Promise<Scene> {
  pairs += 1;
  const pair = { name: `fault${pairs}`, ...dualUsersOf(`fault${pairs}`) };
  const consumers = [{ name: 'web', chain: [{ kind: 'cache', longest: lifetimeMs } as const] }];
  const plan = { strategy: 'dual-user', every: '1d', consumers } as const;
  const databaseAt = (port: number, more?: { readonly port: number }): Database => {
    const endpoint = { host: server.host, database: 'postgres', tls: false } as const;
    return new PostgresDatabase({
      endpoints: [
        { name: 'writer', kind: 'writer', port, ...endpoint },
        ...(more === undefined ? [] : [{ name: 'replica', kind: 'pooler', port: more.port, ...endpoint } as const]),
      ],
      admin: { user: server.superuser, password: server.superuserPassword },
      pair,
      sharedRoleKind: 'owner',
      patience: { connectMs: 5_000, statementMs: 3_000 },
    });
  };
  const database = databaseAt(server.port);
  const rotatorWith: Scene['rotatorWith'] = (change) => createRotator({ pair, database, store, plan, ...change });
  const rotator = rotatorWith({});
  await rotator.bootstrap();
  await rotator.advance();
  return { users: pair.users, store, database, rotator, rotatorWith, databaseAt };
}

async function logsIn(credential: { user: string; password: string } | undefined, port = server.port): Promise<void> {
  const client = new pg.Client({ host: server.host, port, database: 'postgres', ...credential });
  await client.connect();
  await client.end();
}

/** A database whose sessions do something else in one of their effects. */
function disturbed(database: Database, disturb: (session: DatabaseSession) => void): Database {
  return {
    pair: database.pair,
    bootstrap: () => database.bootstrap(),
    async open() {
      const session = await database.open();
      disturb(session);
      return session;
    },
  };
}

describe('a database that goes away in the middle of an advance', () => {
  const effects = [
    { effect: 1, name: 'the intent' },
    { effect: 2, name: 'the re-key' },
    { effect: 3, name: 'the publication in the journal' },
  ];

  async function interrupted(how: 'cut' | 'restart', effect: number, point: 'before' | 'withheld'): Promise<void> {
    const { rotatorWith, databaseAt, rotator, store } = await scene();
    const first = await store.readPublished();
    const tap: Tap = await tapPostgres({ host: server.host, port: server.port });
    let went: Promise<void> | undefined;
    tap.arm(effect, point, () => (went = how === 'cut' ? tap.stop() : server.restart()));
    await expect(rotatorWith({ database: databaseAt(tap.port) }).advance()).rejects.toMatchObject({ kind: 'network' });
    await went;
    if (how === 'restart') await tap.stop();
    await logsIn(first);
    const resumed = await rotator.resume();
    // Nothing was decided yet, or all was done.
    if (resumed.outcome === 'nothing' && (await rotator.status()).generation === 1) await rotator.advance();
    expect(await rotator.status()).toMatchObject({ generation: 2, published: { generation: 2 } });
    await logsIn(first);
    await logsIn(await store.readPublished());
    // The retry used the candidate of the first try.
    expect(await store.versions()).toHaveLength(2);
  }

  it.each(effects)('takes the connection along before $name arrives', async ({ effect }) => {
    await interrupted('cut', effect, 'before');
  });

  it.each(effects)('is restarted after $name, whose reply is lost', async ({ effect }) => {
    await interrupted('restart', effect, 'withheld');
  });
});

describe('a clock that is wrong on the machine of the rotator', () => {
  const day = 86_400_000;

  it('opens no gate when it is a day ahead', async () => {
    const { rotator } = await scene(3_600_000);
    await rotator.advance();
    const real = Date.now;
    vi.spyOn(Date, 'now').mockImplementation(() => real() + day);
    expect(await rotator.advance()).toMatchObject({
      outcome: 'waiting',
      because: expect.stringContaining('wait 1h more'),
    });
  });

  it('keeps no gate shut when it is a day behind', async () => {
    const { rotator } = await scene(10);
    await rotator.advance();
    const real = Date.now;
    vi.spyOn(Date, 'now').mockImplementation(() => real() - day);
    await pause(50);
    expect(await rotator.advance()).toMatchObject({ outcome: 'advanced', generation: 3 });
  });
});

describe('a disk that is full', () => {
  it('leaves the file of the applications whole, and the next run goes on', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'keyturn-full-'));
    try {
      const file = path.join(folder, 'app.env');
      const store = new EnvFileStore({ path: file });
      const { rotator } = await scene(0, store);
      const before = await readFile(file, 'utf8');
      const handle = await open(file);
      const prototype = Object.getPrototypeOf(handle) as { writeFile(text: string): Promise<void> };
      await handle.close();
      // The candidate, the file of the applications, and then the record of what was published.
      for (const [time, full] of [1, 2, 2].entries()) {
        const write = prototype.writeFile;
        let writes = 0;
        const disk = vi.spyOn(prototype, 'writeFile').mockImplementation(async function (this: unknown, text: string) {
          writes += 1;
          if (writes < full) return await write.call(this, text);
          await write.call(this, text.slice(0, text.length / 2));
          throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
        });
        await expect(rotator.advance()).rejects.toThrow('cannot be written (ENOSPC)');
        disk.mockRestore();
        const published = await store.readPublished();
        await logsIn(published);
        if (time < 2) expect(await readFile(file, 'utf8')).toBe(before);
      }
      expect(await rotator.resume()).toMatchObject({ outcome: 'advanced', generation: 2 });
      expect(await readFile(file, 'utf8')).toContain('DB_GENERATION=2');
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe('a password policy', () => {
  const cause = Object.assign(new Error('password is too short'), { code: '22023' });
  const policy = new DatabaseError('password is too short', { kind: 'policy', endpoint: 'writer', cause });

  it('gets another candidate when it rejects one, and the journal links the two', async () => {
    const { database, rotatorWith, store } = await scene();
    let rejected = 0;
    const strict = disturbed(database, (session) => {
      const set = session.set.bind(session);
      session.set = (...args) => ((rejected += 1) === 1 ? Promise.reject(policy) : set(...args));
    });
    expect(await rotatorWith({ database: strict }).advance()).toMatchObject({ outcome: 'advanced', generation: 2 });
    await logsIn(await store.readPublished());
    const session = await database.open();
    const replaced = (await session.journal()).find(({ event }) => event === 'candidate-replaced');
    await session.close();
    expect(replaced?.detail).toMatchObject({ attempt: 2, because: policy.message });
  });

  it('that rejects everything ends in a refusal, and what is published works on', async () => {
    const { database, rotatorWith, store } = await scene();
    const before = await store.readPublished();
    const strict = disturbed(database, (session) => (session.set = () => Promise.reject(policy)));
    expect(await rotatorWith({ database: strict }).advance()).toMatchObject({
      outcome: 'refused',
      because: expect.stringContaining('refused 3 passwords'),
    });
    expect(await store.readPublished()).toEqual(before);
    await logsIn(before);
  });
});

describe('an endpoint that lags', () => {
  it('holds the publication back until the new credential logs in there too', async () => {
    const { users, rotatorWith, databaseAt, store } = await scene();
    const behind = await startPostgres();
    try {
      const there = new pg.Client({
        host: behind.host,
        port: behind.port,
        database: 'postgres',
        user: behind.superuser,
        password: behind.superuserPassword,
      });
      await there.connect();
      const copy = async (): Promise<void> => {
        const here = new pg.Client({
          host: server.host,
          port: server.port,
          database: 'postgres',
          user: server.superuser,
          password: server.superuserPassword,
        });
        await here.connect();
        const { rows } = await here.query<{ rolname: string; rolpassword: string | null }>(
          'SELECT rolname, rolpassword FROM pg_authid WHERE rolname = ANY ($1)',
          [users],
        );
        for (const { rolname, rolpassword } of rows) {
          const secret = rolpassword === null ? 'NULL' : there.escapeLiteral(rolpassword);
          await there.query(`ALTER ROLE ${rolname} LOGIN PASSWORD ${secret}`);
        }
        await here.end();
      };
      const owner = users[0].replace(/_a$/, '');
      await there.query(
        `CREATE ROLE ${owner} NOLOGIN; CREATE ROLE ${users[0]} IN ROLE ${owner}; CREATE ROLE ${users[1]} IN ROLE ${owner}`,
      );
      for (const user of users) await there.query(`ALTER ROLE ${user} SET role = ${owner}`);
      await copy();
      const rotator = rotatorWith({ database: databaseAt(server.port, { port: behind.port }) });
      const before = await store.readPublished();
      expect(await rotator.advance()).toMatchObject({
        outcome: 'refused',
        because: expect.stringContaining('refused on replica'),
      });
      expect(await store.readPublished()).toEqual(before);
      await copy();
      expect(await rotator.resume()).toMatchObject({ outcome: 'advanced', generation: 2 });
      await logsIn(await store.readPublished(), behind.port);
      await there.end();
    } finally {
      await behind.stop();
    }
  });
});

describe('a consumer that never refreshes', () => {
  it('blocks every further re-key of its user, by name, and keeps its own login', async () => {
    const { rotator, store } = await scene();
    const first = await store.readPublished();
    const held = new pg.Client({
      host: server.host,
      port: server.port,
      database: 'postgres',
      application_name: 'nightly-report',
      ...first,
    });
    await held.connect();
    await rotator.advance();
    for (const attempt of [() => rotator.advance(), () => rotator.retire(), () => rotator.advance()]) {
      expect(await attempt()).toMatchObject({
        outcome: 'waiting',
        because: expect.stringMatching(/_a still has 1 session: nightly-report from 127\.0\.0\.1 on writer/),
        holders: [{ application: 'nightly-report', clientAddress: '127.0.0.1' }],
      });
    }
    await logsIn(first);
    await held.end();
  });
});

describe('rotators that interleave, one of which dies', () => {
  const effects = ['decide', 'set', 'finish'] as const;

  it('make exactly one generation, whoever comes when', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat({ max: 60 }), { minLength: 2, maxLength: 8 }),
        fc.constantFrom(...effects),
        fc.boolean(),
        async (delays, effect, applied) => {
          const { database, rotator, rotatorWith, store } = await scene(3_600_000);
          const first = await store.readPublished();
          const dying = disturbed(database, (session) => {
            const real = session[effect].bind(session) as (...args: unknown[]) => Promise<void>;
            session[effect] = async (...args: unknown[]) => {
              if (applied) await real(...args);
              throw new Error('killed');
            };
          });
          await Promise.allSettled(
            delays.map(async (delay, at) => {
              await pause(delay);
              return await rotatorWith(at === 0 ? { database: dying } : {}).advance();
            }),
          );
          await rotator.resume();
          if ((await rotator.status()).generation === 1) await rotator.advance();
          expect(await rotator.advance()).toMatchObject({ outcome: 'waiting' });
          const { published, generation, intent } = await rotator.status();
          expect({ generation, intent }).toEqual({ generation: 2, intent: undefined });
          expect(published).toMatchObject({ generation: 2, version: (await store.readPublished())?.version });
          expect(await store.versions()).toHaveLength(2);
          await logsIn(first);
          await logsIn(await store.readPublished());
        },
      ),
      { seed: 20_261_126, numRuns: 6 },
    );
  });
});
