import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { hostExitCodes, type HostDatabase, type HostSettings, hostVariables } from '@keyturn/plan';
import {
  type KubernetesStandIn,
  orNotRun,
  type Pgbouncer,
  type PostgresServer,
  startKubernetesStandIn,
  startPgbouncer,
  startPostgres,
  writeMountedLogin,
} from '@keyturn/services';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { runKubernetesJob } from './job.js';

const folder = mkdtempSync(path.join(tmpdir(), 'keyturn-job-pooler-'));
/** One who may ask the console and change nothing there. */
const watcher = { user: 'keyturn_stats', password: 'watcher-3f9a' } as const;
let server: PostgresServer;
let cluster: KubernetesStandIn;
let pooler: Pgbouncer | undefined;
let missing: string | undefined;

beforeAll(async () => {
  [server, cluster] = await Promise.all([startPostgres(), startKubernetesStandIn()]);
  const { superuser: user, superuserPassword: password } = server;
  const query = 'SELECT usename, passwd FROM pg_shadow WHERE usename=$1';
  const users = { [user]: password, [watcher.user]: watcher.password };
  const settings = { stats_users: watcher.user };
  const found = await orNotRun(() =>
    startPgbouncer({ upstream: server, poolMode: 'transaction', users, authQuery: { user, query }, settings }),
  );
  pooler = found.part;
  missing = found.because;
  put('admin', user, password);
  put('console', watcher.user, watcher.password);
  put('wrong', watcher.user, 'not-the-password');
}, 300_000);
afterAll(async () => {
  await pooler?.stop();
  await cluster.stop();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach((context) => {
  if (pooler === undefined) context.skip(missing);
});

function put(name: string, user: string, password: string): void {
  writeMountedLogin(path.join(folder, name), user, password);
}

interface Ran {
  readonly code: number;
  readonly text: string;
}

async function job(name: string, command: string, change: Partial<HostDatabase> = {}): Promise<Ran> {
  const at = { host: pooler?.host ?? '', port: pooler?.port ?? 0 };
  const settings: HostSettings = {
    pair: { name, sharedRole: name, users: [`${name}_a`, `${name}_b`] },
    plan: { strategy: 'dual-user', every: '1h', consumers: [] },
    database: {
      host: server.host,
      port: server.port,
      dbname: 'postgres',
      admin: path.join(folder, 'admin'),
      tls: 'off',
      endpoints: [{ name: 'pgbouncer', kind: 'pooler', ...at }],
      poolers: [{ endpoint: 'pgbouncer', console: path.join(folder, 'console') }],
      ...change,
    },
    store: { kind: 'kubernetes', name, namespace: 'shop', server: cluster.url },
    bootstrap: true,
  };
  const lines: string[] = [];
  const env = { [hostVariables.settings]: JSON.stringify(settings) };
  const code = await runKubernetesJob({ env, command, write: (line) => lines.push(line) });
  return { code, text: lines.join('\n') };
}

/** A client that is logged in to PgBouncer; the server sees a connection of PgBouncer at most. */
async function idleClient(name: string): Promise<pg.Client> {
  const data = cluster.read('secrets', 'shop', name)?.data ?? {};
  const value = (key: string) => Buffer.from(data[key] ?? '', 'base64').toString();
  const { host = '', port = 0 } = pooler ?? {};
  const login = { user: value('username'), password: value('password') };
  const client = new pg.Client({ host, port, database: 'postgres', application_name: 'shop-web', ...login });
  client.on('error', () => undefined);
  await client.connect();
  await client.query('SELECT 1');
  return client;
}

describe('the Kubernetes job behind a PgBouncer', { timeout: 120_000 }, () => {
  it('waits for a client that is logged in to PgBouncer, of which the server says nothing, and goes on without it', async () => {
    expect(await job('shop', 'advance')).toMatchObject({ code: hostExitCodes.done });
    const client = await idleClient('shop');
    expect(await job('shop', 'advance')).toMatchObject({ code: hostExitCodes.done });

    const held = await job('shop', 'advance');
    expect(held.code, held.text).toBe(hostExitCodes.blocked);
    expect(held.text).toContain('shop-web from 127.0.0.1 on pgbouncer');
    await client.query('SELECT 1');
    await client.end();

    const free = await job('shop', 'advance');
    expect(free.code, free.text).toBe(hostExitCodes.done);
    await (await idleClient('shop')).end();
  });

  it.each([
    {
      name: 'a pooler that is no endpoint',
      change: { poolers: [{ endpoint: 'other', console: folder }] },
      says: 'names the endpoint \\"other\\", and those of kind pooler are: pgbouncer.',
    },
    {
      name: 'a console without a login',
      change: { poolers: [{ endpoint: 'pgbouncer', console: path.join(folder, 'none') }] },
      says: 'none/username cannot be read.',
    },
    {
      name: 'an entry with an unknown key',
      change: { poolers: [{ endpoint: 'pgbouncer', console: folder, password: 'x' }] },
      says: 'has the unknown key \\"password\\".',
    },
    {
      name: 'a list of users for a database that has no PgBouncer',
      change: { engine: 'mysql', poolers: [{ endpoint: 'pgbouncer', console: folder, userlist: 'x' }] },
      says: 'is a file of a PgBouncer, and the engine is mysql.',
    },
    {
      name: 'a form of passwords for a PgBouncer',
      change: { poolers: [{ endpoint: 'pgbouncer', console: folder, passwordForm: 'clear-text' as const }] },
      says: 'is for a ProxySQL, and the engine is postgres.',
    },
    {
      name: 'a form of passwords that there is not',
      change: {
        engine: 'mysql',
        poolers: [{ endpoint: 'pgbouncer', console: folder, passwordForm: 'verifyer' as 'verifier' }],
      },
      says: 'is \\"verifyer\\". Allowed values are: verifier, clear-text.',
    },
  ])('refuses $name', async ({ change, says }) => {
    const { code, text } = await job('refused', 'advance', change);
    expect(code).toBe(hostExitCodes.settings);
    expect(text).toContain(says);
  });

  it('changes nothing when the console does not take its login, and says no password', async () => {
    const wrong = { poolers: [{ endpoint: 'pgbouncer', console: path.join(folder, 'wrong') }] };
    const { code, text } = await job('stuck', 'advance', wrong);
    expect(code).toBe(hostExitCodes.failed);
    expect(cluster.read('secrets', 'shop', 'stuck')).toBeUndefined();
    expect(text).toContain('pgbouncer');
    for (const secret of ['not-the-password', watcher.password, server.superuserPassword])
      expect(text).not.toContain(secret);
  });
});
