import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { dualUsersOf } from '@keyturn/plan';
import { type PostgresServer, startPostgres } from '@keyturn/services';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { createRotator, EnvFileStore, PostgresDatabase, type RotationEvent } from './index.js';

let server: PostgresServer;
let folder: string;

beforeAll(async () => {
  server = await startPostgres();
  folder = await mkdtemp(path.join(tmpdir(), 'keyturn-rotator-'));
});

afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

it('advances, retires and advances again, and the file holds what logs in', async () => {
  const pair = { name: 'app', ...dualUsersOf('app') };
  const events: RotationEvent[] = [];
  const file = path.join(folder, 'app.env');
  const store = new EnvFileStore({ path: file });
  const database = new PostgresDatabase({
    endpoints: [
      { name: 'writer', kind: 'writer', host: server.host, port: server.port, database: 'postgres', tls: false },
    ],
    admin: { user: server.superuser, password: server.superuserPassword },
    pair,
    sharedRoleKind: 'owner',
  });
  const rotator = createRotator({
    pair,
    database,
    store,
    plan: { strategy: 'dual-user', every: '1h', consumers: [] },
    onEvent: (event) => events.push(event),
  });
  await rotator.bootstrap();
  await rotator.bootstrap();
  expect(await rotator.retire()).toEqual({ outcome: 'nothing', holders: [] });
  expect(await rotator.advance()).toEqual({
    outcome: 'advanced',
    generation: 1,
    published: 'app_a',
    superseded: undefined,
  });
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await readFile(file, 'utf8')).toMatch(/^DB_USER=app_a\nDB_PASSWORD=\w{32}\nDB_GENERATION=1\n$/);
  const first = await store.readPublished();
  expect(await rotator.advance()).toEqual({
    outcome: 'advanced',
    generation: 2,
    published: 'app_b',
    superseded: 'app_a',
  });
  expect(await rotator.retire()).toEqual({ outcome: 'retired', user: 'app_a', holders: [] });
  const client = new pg.Client({
    host: server.host,
    port: server.port,
    database: 'postgres',
    user: 'app_a',
    password: first?.password ?? '',
  });
  await expect(client.connect()).rejects.toMatchObject({ code: '28P01' });
  expect(await rotator.advance()).toEqual({
    outcome: 'advanced',
    generation: 3,
    published: 'app_a',
    superseded: 'app_b',
  });
  expect(await rotator.resume()).toEqual({ outcome: 'nothing', holders: [] });
  expect(events.length).toBeGreaterThan(30);
});

it('holds a tested candidate back until it may be published, while both credentials log in', async () => {
  const pair = { name: 'held', ...dualUsersOf('held') };
  const store = new EnvFileStore({ path: path.join(folder, 'held.env') });
  let reason: string | undefined;
  const asked: unknown[] = [];
  const rotator = createRotator({
    pair,
    store,
    database: new PostgresDatabase({
      endpoints: [
        { name: 'writer', kind: 'writer', host: server.host, port: server.port, database: 'postgres', tls: false },
      ],
      admin: { user: server.superuser, password: server.superuserPassword },
      pair,
      sharedRoleKind: 'owner',
    }),
    plan: { strategy: 'dual-user', every: '1h', consumers: [] },
    mayPublish: (tested) => {
      asked.push(tested);
      return Promise.resolve(reason);
    },
  });
  const login = async (credential: { user: string; password: string } | undefined) => {
    const client = new pg.Client({ host: server.host, port: server.port, database: 'postgres', ...credential });
    await client.connect();
    await client.end();
  };
  await rotator.bootstrap();
  await rotator.advance();
  const first = await store.readPublished();

  reason = '10 % of the traffic is on green.';
  expect(await rotator.advance()).toEqual({ outcome: 'waiting', because: reason, holders: [] });
  expect(await rotator.resume()).toMatchObject({ outcome: 'waiting', because: reason });
  expect(await store.readPublished()).toEqual(first);
  const [pending] = (await store.versions()).filter(({ stage }) => stage === 'pending');
  expect(asked.slice(1)).toEqual(Array(2).fill({ user: 'held_b', generation: 2, version: pending?.version }));
  await login(first);
  await login(await store.readVersion(pending?.version ?? ''));

  reason = undefined;
  expect(await rotator.resume()).toMatchObject({ outcome: 'advanced', generation: 2, published: 'held_b' });
  expect((await store.readPublished())?.version).toBe(pending?.version);
  await login(first);
});

it('goes on against what holds it back when it is forced to, with a reason', async () => {
  const pair = { name: 'forced', ...dualUsersOf('forced') };
  const rotator = createRotator({
    pair,
    store: new EnvFileStore({ path: path.join(folder, 'forced.env') }),
    database: new PostgresDatabase({
      endpoints: [
        { name: 'writer', kind: 'writer', host: server.host, port: server.port, database: 'postgres', tls: false },
      ],
      admin: { user: server.superuser, password: server.superuserPassword },
      pair,
      sharedRoleKind: 'owner',
    }),
    plan: { strategy: 'dual-user', every: '1h', consumers: [] },
    mayPublish: () => Promise.resolve('nobody may'),
  });
  await rotator.bootstrap();
  expect(await rotator.advance()).toMatchObject({ outcome: 'waiting' });
  expect(await rotator.advance({ force: { reason: 'green is fine' } })).toMatchObject({ outcome: 'advanced' });
});
