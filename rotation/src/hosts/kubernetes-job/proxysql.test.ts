import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { hostExitCodes, type HostSettings, hostVariables } from '@keyturn/plan';
import {
  type KubernetesStandIn,
  type MariadbServer,
  orNotRun,
  type ProxysqlServer,
  startKubernetesStandIn,
  startMariadb,
  startProxysql,
  writeMountedLogin,
} from '@keyturn/services';
import { createConnection } from 'mysql2/promise';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';

import { runKubernetesJob } from './job.js';

const folder = mkdtempSync(path.join(tmpdir(), 'keyturn-job-proxysql-'));
let server: MariadbServer;
let cluster: KubernetesStandIn;
let pooler: ProxysqlServer | undefined;
let missing: string | undefined;

beforeAll(async () => {
  [server, cluster] = await Promise.all([startMariadb(), startKubernetesStandIn()]);
  const users = { shop_a: 'any', shop_b: 'any' };
  // No registry has it, so it is there only where somebody installed it.
  const found = await orNotRun(() => startProxysql({ upstream: server, users }), { optional: true });
  pooler = found.part;
  missing = found.because;
  put('admin', server.superuser, server.superuserPassword);
  put('console', pooler?.adminUser ?? '', pooler?.adminPassword ?? '');
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

async function job(): Promise<{ readonly code: number; readonly text: string }> {
  const { host = '', port = 0, adminPort = 0 } = pooler ?? {};
  const settings: HostSettings = {
    pair: { name: 'shop', sharedRole: 'shop', users: ['shop_a', 'shop_b'] },
    plan: { strategy: 'dual-user', every: '1h', consumers: [] },
    database: {
      engine: 'mysql',
      host: server.host,
      port: server.port,
      dbname: '',
      admin: path.join(folder, 'admin'),
      tls: 'off',
      endpoints: [{ name: 'proxysql', kind: 'pooler', host, port }],
      poolers: [{ endpoint: 'proxysql', port: adminPort, console: path.join(folder, 'console') }],
    },
    store: { kind: 'kubernetes', name: 'shop', namespace: 'shop', server: cluster.url },
    bootstrap: true,
  };
  const lines: string[] = [];
  const env = { [hostVariables.settings]: JSON.stringify(settings) };
  const code = await runKubernetesJob({ env, command: 'advance', write: (line) => lines.push(line) });
  return { code, text: lines.join('\n') };
}

it('the Kubernetes job tells a ProxySQL, and waits for who is logged in to it', { timeout: 120_000 }, async () => {
  expect(await job()).toMatchObject({ code: hostExitCodes.done });
  const data = cluster.read('secrets', 'shop', 'shop')?.data ?? {};
  const value = (key: string): string => Buffer.from(data[key] ?? '', 'base64').toString();
  const { host = '', port = 0 } = pooler ?? {};
  const client = await createConnection({ host, port, user: value('username'), password: value('password') });
  await client.query('SELECT 1');
  expect(await job()).toMatchObject({ code: hostExitCodes.done });

  const held = await job();
  expect(held.code, held.text).toBe(hostExitCodes.blocked);
  expect(held.text).toContain('from 127.0.0.1 on proxysql');
  await client.query('SELECT 1');
  await client.end();
  const free = await job();
  expect(free.code, free.text).toBe(hostExitCodes.done);
});
