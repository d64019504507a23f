import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { dualUsersOf } from '@keyturn/plan';
import { envFile } from '@keyturn/pool';
import { Pool } from '@keyturn/pool/pg';
import { createRotator, EnvFileStore, PostgresDatabase, type Rotator } from '@keyturn/rotation';
import { orNotRun, type Pgbouncer, type PostgresServer, startPgbouncer, startPostgres } from '@keyturn/services';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';

import { loadTable, startLoad } from './bench/load.js';
import { rotateFully } from './bench/rotate-fully.js';

let server: PostgresServer;
let pooler: Pgbouncer | undefined;
let missing: string | undefined;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'keyturn-pgbouncer-rotation-'));
  server = await startPostgres();
  // It keeps idle connections to the server for ten minutes.
  const found = await orNotRun(() => startPgbouncer({ upstream: server, poolMode: 'transaction' }));
  pooler = found.part;
  missing = found.because;
}, 300_000);

afterAll(async () => {
  await pooler?.stop();
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

beforeEach((context) => {
  if (pooler === undefined) context.skip(missing);
});

function pairThrough(name: string, userlist = pooler?.userlist ?? ''): { rotator: Rotator; file: string } {
  const pair = { name, ...dualUsersOf(name) };
  const file = path.join(folder, `${name}.env`);
  const through = { host: pooler?.host ?? '', port: pooler?.port ?? 0, tls: false } as const;
  const database = new PostgresDatabase({
    pair,
    sharedRoleKind: 'owner',
    admin: { user: server.superuser, password: server.superuserPassword },
    endpoints: [
      { name: 'writer', kind: 'writer', host: server.host, port: server.port, database: 'postgres', tls: false },
      { name: 'pgbouncer', kind: 'pooler', database: 'postgres', ...through },
    ],
    poolers: [
      {
        name: 'pgbouncer',
        ...through,
        console: { user: pooler?.adminUser ?? '', password: pooler?.adminPassword ?? '' },
        userlist,
      },
    ],
  });
  const consumers = [
    {
      name: 'load',
      chain: [
        { kind: 'cache', longest: '300ms' },
        { kind: 'transaction', longest: '50ms' },
      ] as const,
    },
  ];
  const plan = { strategy: 'dual-user', every: '2s', runTime: '1s', consumers } as const;
  return { rotator: createRotator({ pair, database, store: new EnvFileStore({ path: file }), plan }), file };
}

async function asSuperuser(sql: string): Promise<void> {
  const { host, port, superuser: user, superuserPassword: password } = server;
  const client = new pg.Client({ host, port, database: 'postgres', user, password });
  await client.connect();
  await client.query(sql);
  await client.end();
}

it('rotates three times through a PgBouncer under load, without a failed query', async () => {
  const { rotator, file } = pairThrough('shop');
  await rotator.bootstrap();
  await rotator.advance();
  await asSuperuser(`${loadTable}; ALTER TABLE visits OWNER TO shop`);
  const at = { host: pooler?.host ?? '', port: pooler?.port ?? 0, database: 'postgres' };
  const pool = new Pool({ ...at, max: 4, credentials: envFile({ path: file, pollMillis: 100 }) });
  const load = startLoad(pool, { workers: 4 });
  try {
    for (const generation of [2, 3, 4]) {
      await rotateFully(rotator);
      expect((await rotator.status()).published?.generation).toBe(generation);
    }
    const { sessions } = await rotator.status();
    expect(sessions['shop_b']?.filter(({ endpoint }) => endpoint === 'pgbouncer').length).toBeGreaterThan(0);
    expect(sessions['shop_a']).toEqual([]);
  } finally {
    await load.stop();
    await pool.end();
  }
  expect({ failed: load.failed, failures: load.failures }).toEqual({ failed: 0, failures: {} });
  expect(load.queries).toBeGreaterThan(20);
  const list = await readFile(pooler?.userlist ?? '', 'utf8');
  expect(list).toMatch(/^"shop_b" "SCRAM-SHA-256\$/m);
  expect(list).not.toContain('"shop_a"');
  expect(list).not.toContain(/DB_PASSWORD=(\S+)/.exec(await readFile(file, 'utf8'))?.[1] ?? 'no password');
});

it('finishes what ended between the re-key and the list of users', async () => {
  const broken = pairThrough('cut', path.join(folder, 'no-such-folder', 'userlist.txt'));
  await broken.rotator.bootstrap();
  await expect(broken.rotator.advance()).rejects.toThrow(
    /The list of users of pgbouncer, .* cannot be written \(ENOENT\)/,
  );
  expect(await broken.rotator.status()).toMatchObject({ generation: 1, intent: { generation: 1 } });

  const { rotator, file } = pairThrough('cut');
  expect(await rotator.resume()).toMatchObject({ outcome: 'advanced', generation: 1, published: 'cut_a' });
  const variables = await readFile(file, 'utf8');
  const client = new pg.Client({
    host: pooler?.host ?? '',
    port: pooler?.port ?? 0,
    database: 'postgres',
    user: 'cut_a',
    password: /DB_PASSWORD=(\S+)/.exec(variables)?.[1] ?? '',
  });
  await client.connect();
  await client.end();
});
