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
