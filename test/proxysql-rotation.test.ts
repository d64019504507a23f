import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { dualUsersOf } from '@keyturn/plan';
import { envFile } from '@keyturn/pool';
import { createPool, type Pool } from '@keyturn/pool/mysql2/promise';
import { createRotator, EnvFileStore, type Rotator } from '@keyturn/rotation';
import { MysqlDatabase } from '@keyturn/rotation/mysql';
import { type MariadbServer, orNotRun, type ProxysqlServer, startMariadb, startProxysql } from '@keyturn/services';
import { createConnection } from 'mysql2/promise';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';

import { rotateFully } from './bench/rotate-fully.js';
import { Desk } from './cli/keyturn.js';

let server: MariadbServer;
let pooler: ProxysqlServer | undefined;
let missing: string | undefined;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'keyturn-proxysql-rotation-'));
  server = await startMariadb();
  // No registry has it, so it is there only where somebody installed it.
  const found = await orNotRun(() => startProxysql({ upstream: server }), { optional: true });
  pooler = found.part;
  missing = found.because;
  if (pooler === undefined) return;
  await asRoot('CREATE DATABASE shop', 'CREATE TABLE shop.visits (worker INT PRIMARY KEY, n BIGINT NOT NULL)');
  await asRoot('INSERT INTO shop.visits VALUES (0, 0), (1, 0), (2, 0), (3, 0)');
}, 300_000);

afterAll(async () => {
  await pooler?.stop();
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

beforeEach((context) => {
  if (pooler === undefined) context.skip(missing);
});

async function asRoot(...statements: readonly string[]): Promise<void> {
  const { host, port, superuser: user, superuserPassword: password } = server;
  await send({ host, port, user, password }, statements);
}

async function onConsole(...statements: readonly string[]): Promise<void> {
  const { host = '', adminPort: port = 0, adminUser: user = '', adminPassword: password = '' } = pooler ?? {};
  await send({ host, port, user, password }, statements);
}

async function send(at: Parameters<typeof createConnection>[0] & object, statements: readonly string[]): Promise<void> {
  const connection = await createConnection(at);
  for (const statement of statements) await connection.query(statement);
  await connection.end();
}

interface Paired {
  readonly rotator: Rotator;
  readonly file: string;
}

/** Its users are there, may use the table, and are registered in the ProxySQL. */
async function pairThrough(name: string): Promise<Paired> {
  const paired = rotatorOf(name, pooler?.adminPassword ?? '');
  await paired.rotator.bootstrap();
  await asRoot(`GRANT SELECT, UPDATE ON shop.visits TO '${name}'`);
  for (const user of dualUsersOf(name).users)
    await onConsole(`INSERT INTO mysql_users (username, password, default_hostgroup) VALUES ('${user}', 'any', 0)`);
  await onConsole('LOAD MYSQL USERS TO RUNTIME', 'SAVE MYSQL USERS TO DISK');
  return paired;
}

function rotatorOf(name: string, password: string): Paired {
  const pair = { name, ...dualUsersOf(name) };
  const file = path.join(folder, `${name}.env`);
  const { host = '', port = 0, adminPort = 0, adminUser: user = '' } = pooler ?? {};
  const at = { database: 'shop', tls: false } as const;
  const database = new MysqlDatabase({
    pair,
    admin: { user: server.superuser, password: server.superuserPassword },
    endpoints: [
      { name: 'writer', kind: 'writer', host: server.host, port: server.port, ...at },
      { name: 'proxysql', kind: 'pooler', host, port, ...at },
    ],
    poolers: [{ name: 'proxysql', host, port: adminPort, tls: false, console: { user, password } }],
  });
  const chain = [{ kind: 'cache', longest: '300ms' } as const, { kind: 'transaction', longest: '50ms' } as const];
  const plan = { strategy: 'dual-user', every: '2s', runTime: '1s', consumers: [{ name: 'load', chain }] } as const;
  return { rotator: createRotator({ pair, database, store: new EnvFileStore({ path: file }), plan }), file };
}

/** Reads, writes, and runs transactions until it is stopped. */
function startLoad(pool: Pool): { stop(): Promise<{ queries: number; failures: string[] }> } {
  const failures: string[] = [];
  let [queries, running] = [0, true];
  const visit = async (worker: number): Promise<void> => {
    if (worker > 1) return void (await pool.query('UPDATE visits SET n = n + 1 WHERE worker = ?', [worker]));
    const connection = await pool.getConnection();
    try {
      await connection.beginTransaction();
      await connection.query('UPDATE visits SET n = n + 1 WHERE worker = ?', [worker]);
      await connection.commit();
    } finally {
      connection.release();
    }
  };
  const working = [0, 1, 2, 3].map(async (worker) => {
    while (running) {
      queries += 1;
      await visit(worker).catch((error: unknown) => failures.push(String(error)));
      await pause(2);
    }
  });
  return {
    stop: async () => {
      running = false;
      await Promise.all(working);
      return { queries, failures };
    },
  };
}

it('rotates three times through a ProxySQL under load, without a failed query', { timeout: 120_000 }, async () => {
  const { rotator, file } = await pairThrough('shop');
  await rotator.advance();
  const { host = '', port = 0 } = pooler ?? {};
  const credentials = envFile({ path: file, pollMillis: 100 });
  const pool = createPool({ host, port, database: 'shop', connectionLimit: 4, credentials });
  const load = startLoad(pool);
  let found: Awaited<ReturnType<typeof load.stop>>;
  try {
    for (const generation of [2, 3, 4]) {
      await rotateFully(rotator);
      expect((await rotator.status()).published?.generation).toBe(generation);
    }
    const { sessions } = await rotator.status();
    expect(sessions['shop_b']?.filter(({ endpoint }) => endpoint === 'proxysql').length).toBeGreaterThan(0);
    expect(sessions['shop_a']).toEqual([]);
  } finally {
    found = await load.stop();
    await pool.end();
  }
  expect(found.failures).toEqual([]);
  expect(found.queries).toBeGreaterThan(20);
});

it('finishes what ended between the re-key and the list of users', { timeout: 120_000 }, async () => {
  const { rotator, file } = await pairThrough('cut');
  await rotator.advance();
  // It may look, and change nothing: what a run that ends there leaves behind.
  await onConsole(`CREATE TRIGGER cut BEFORE UPDATE ON mysql_users BEGIN SELECT RAISE(ABORT, 'not now'); END`);
  await expect(rotator.advance()).rejects.toThrow(/^proxysql \(.*\) refused a statement: .*not now/);
  expect(await rotator.status()).toMatchObject({ generation: 2, intent: { generation: 2 } });
  await onConsole('DROP TRIGGER cut');

  expect(await rotator.resume()).toMatchObject({ outcome: 'advanced', generation: 2, published: 'cut_b' });
  const password = /DB_PASSWORD=(\S+)/.exec(await readFile(file, 'utf8'))?.[1] ?? '';
  const { host = '', port = 0 } = pooler ?? {};
  await send({ host, port, user: 'cut_b', password }, ['SELECT 1']);
});

it('can be followed as docs/rotate.md says, and says no password', { timeout: 120_000 }, async () => {
  const page = readFileSync(path.join(import.meta.dirname, '..', 'docs', 'rotate.md'), 'utf8');
  const config = /<!-- test: proxysql -->\s+```yaml\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
  const { host = '', port = 0, adminPort = 0, adminUser = '', adminPassword = '' } = pooler ?? {};
  await asRoot('CREATE DATABASE orders');
  const desk = new Desk({ KEYTURN_ADMIN_PASSWORD: server.superuserPassword, PROXYSQL_PASSWORD: adminPassword });
  try {
    desk.write({
      'keyturn.rotation.yaml': config
        .replace('shop:', 'paged:')
        .replace('user: keyturn,', `user: ${server.superuser},`)
        .replace('tls: { ca: ca.pem }', 'tls: false')
        .replace('host: db.internal, port: 3306', `host: ${server.host}, port: ${server.port}`)
        .replace('host: proxysql.internal, port: 6033', `host: ${host}, port: ${port}`)
        .replace('port: 6032', `port: ${adminPort}`),
    });
    expect(config).toContain(`user: ${adminUser}, `);
    expect(await desk.keyturn('bootstrap')).toMatchObject({ code: 0 });
    await asRoot(`GRANT SELECT ON orders.* TO 'paged'`);
    const early = await desk.keyturn('rotate');
    expect(early.code).not.toBe(0);
    expect(early.out + early.err).toContain('pooler does not know paged_a.');

    const statement = /INSERT INTO mysql_users .*;/.exec(page)?.[0] ?? '';
    await onConsole(statement.replaceAll('shop_', 'paged_'), 'LOAD MYSQL USERS TO RUNTIME', 'SAVE MYSQL USERS TO DISK');
    const dry = await desk.keyturn('rotate', '--dry-run');
    expect(dry.out).toContain(`UPDATE mysql_users SET password = '****' WHERE username = 'paged_a'`);
    for (const command of ['rotate', 'rotate']) expect(await desk.keyturn(command)).toMatchObject({ code: 0 });
    const [, user = '', password = ''] = /DB_USER=(.*)\nDB_PASSWORD=(.*)\n/.exec(desk.read('shop.env')) ?? [];
    expect(user).toBe('paged_b');
    const client = await createConnection({ host, port, user, password, database: 'orders' });
    expect((await desk.keyturn('status')).out).toMatch(/on pooler/);
    await client.end();
    expect((await desk.keyturn('retire')).code).toBe(0);
    expect(await desk.keyturn('doctor')).toMatchObject({ code: 0 });
    for (const secret of [adminPassword, server.superuserPassword, password])
      expect(desk.printed.join('\n') + server.log() + (pooler?.log() ?? '')).not.toContain(secret);
  } finally {
    desk.remove();
  }
});
