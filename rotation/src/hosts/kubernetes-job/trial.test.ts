import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { annotations, hostExitCodes, type HostSettings, hostVariables } from '@keyturn/plan';
import {
  type KubernetesStandIn,
  type PostgresServer,
  startKubernetesStandIn,
  startPostgres,
  writeMountedLogin,
} from '@keyturn/services';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { runKubernetesJob } from './job.js';

const folder = mkdtempSync(path.join(tmpdir(), 'keyturn-trial-'));
let server: PostgresServer;
let cluster: KubernetesStandIn;
let refused = 0;
const queries: string[] = [];
const prometheus = createServer((request, response) => {
  const query = new URL(request.url ?? '', 'http://x').searchParams.get('query') ?? '';
  queries.push(query);
  const result = query.startsWith('refused') ? [{ metric: {}, value: [1, String(refused)] }] : [];
  response.end(JSON.stringify({ status: 'success', data: { resultType: 'vector', result } }));
});

beforeAll(async () => {
  [server, cluster] = await Promise.all([startPostgres(), startKubernetesStandIn()]);
  await new Promise<void>((resolve) => prometheus.listen(0, '127.0.0.1', resolve));
  writeMountedLogin(folder, server.superuser, server.superuserPassword);
  const backendRefs = ['a', 'b'].map((letter) => ({
    name: `web-${letter}`,
    port: 80,
    weight: letter === 'a' ? 100 : 0,
  }));
  cluster.write('httproutes', 'shop', { metadata: { name: 'web' }, spec: { rules: [{ backendRefs }] } });
}, 120_000);
afterAll(async () => {
  prometheus.close();
  prometheus.closeAllConnections();
  await cluster.stop();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Line {
  readonly type: string;
  readonly percent?: number;
  readonly blocked_by?: { readonly because: string };
}

async function job(command = 'tend'): Promise<{ code: number; shares: unknown[]; because: string | undefined }> {
  const { port } = prometheus.address() as AddressInfo;
  const fleets = { shop_a: 'web-a', shop_b: 'web-b' };
  const settings: HostSettings = {
    pair: { name: 'shop', sharedRole: 'shop', users: ['shop_a', 'shop_b'] },
    plan: { strategy: 'dual-user', every: '1h', consumers: [] },
    database: { host: server.host, port: server.port, dbname: 'postgres', admin: folder, tls: 'off' },
    store: { kind: 'kubernetes', name: 'shop-db', namespace: 'shop', server: cluster.url, pinned: true },
    bootstrap: true,
    gradually: {
      route: 'web',
      services: fleets,
      deployments: fleets,
      check: { address: `http://127.0.0.1:${port}`, refusedLogins: 'refused{pod=~"${fleet}-.*"}', errorRate: 'errors' },
      each: '20ms',
      every: '10ms',
    },
  };
  const lines: Line[] = [];
  const env = { [hostVariables.settings]: JSON.stringify(settings) };
  const code = await runKubernetesJob({ env, command, write: (line) => lines.push(JSON.parse(line) as Line) });
  const shares = lines.filter(({ type }) => type === 'traffic').map(({ percent }) => percent);
  return { code, shares, because: lines.at(-1)?.blocked_by?.because };
}

/** The fleet as `pulumi up` and the Deployment's controller leave it. */
function deploy(name: string, version: string, availableReplicas = 2): void {
  cluster.write('deployments', 'shop', {
    metadata: { name },
    spec: { replicas: 2, template: { metadata: { annotations: { [annotations.version]: version } } } },
    status: { observedGeneration: 1, updatedReplicas: 2, availableReplicas },
  });
}

const secretOf = (name: string) =>
  Object.fromEntries(
    Object.entries(cluster.read('secrets', 'shop', name)?.data ?? {}).map(([key, text]) => [
      key,
      Buffer.from(text, 'base64').toString(),
    ]),
  );
const weights = () =>
  (
    cluster.read('httproutes', 'shop', 'web')?.spec as { rules: { backendRefs: { weight: number }[] }[] }
  ).rules[0]?.backendRefs.map(({ weight }) => weight);

/** The version that the job wants to see deployed, by what it says. */
const wanted = (because: string | undefined): string => /version ([0-9a-f-]{36})/.exec(because ?? '')?.[1] ?? '';

async function logsIn(version: string): Promise<unknown> {
  const held = secretOf('shop-db-keyturn');
  const [user, password] = [held[`${version}.username`], held[`${version}.password`]];
  const client = new pg.Client({ host: server.host, port: server.port, database: 'postgres', user, password });
  await client.connect();
  const { rows } = await client.query<{ user: string }>('SELECT session_user AS user');
  await client.end();
  return rows[0]?.user;
}

describe('the Kubernetes job with two fleets behind a route', { timeout: 60_000 }, () => {
  it('publishes a candidate after 10, 50 and 100 % of the traffic, and gives everything back when it is bad', async () => {
    const first = await job();
    expect(first).toMatchObject({ code: hostExitCodes.blocked, shares: [] });
    expect(first.because).toContain('There is no Deployment shop/web-a yet. Deploy it with version');
    expect(await logsIn(wanted(first.because))).toBe('shop_a');
    expect(secretOf('shop-db')).toEqual({});
    deploy('web-a', wanted(first.because));
    expect(await job()).toMatchObject({ code: hostExitCodes.done, shares: [] });
    expect(secretOf('shop-db')['username']).toBe('shop_a');
    expect(weights()).toEqual([100, 0]);

    const second = await job('advance');
    expect(second).toMatchObject({ code: hostExitCodes.blocked, shares: [] });
    expect(second.because).toContain('There is no Deployment shop/web-b yet.');
    const green = wanted(second.because);
    expect(await logsIn(green)).toBe('shop_b');
    deploy('web-b', green);
    deploy('web-a', wanted(first.because), 0);
    const alone = await job();
    expect(alone).toMatchObject({ code: hostExitCodes.blocked, shares: [] });
    expect(alone.because).toContain('Deployment shop/web-a has no pod that is available');
    expect(weights()).toEqual([100, 0]);
    deploy('web-a', wanted(first.because));
    refused = 2;
    const bad = await job();
    expect(bad).toMatchObject({ code: hostExitCodes.blocked, shares: [10] });
    expect(bad.because).toContain('the fleet of shop_b was bad: 2 logins were refused.');
    expect(weights()).toEqual([100, 0]);
    expect(secretOf('shop-db')['username']).toBe('shop_a');
    refused = 0;
    const again = await job();
    expect(again).toMatchObject({ code: hostExitCodes.blocked, shares: [] });
    expect(again.because).toContain('kubectl annotate httproute web --namespace shop keyturn.dev/aborted-version-');

    const route = cluster.read('httproutes', 'shop', 'web');
    if (route !== undefined) cluster.write('httproutes', 'shop', { ...route, metadata: { name: 'web' } });
    expect(await job()).toMatchObject({ code: hostExitCodes.done, shares: [10, 50, 100] });
    expect(weights()).toEqual([0, 100]);
    expect(secretOf('shop-db')).toMatchObject({ username: 'shop_b', generation: '2' });
    expect(new Set(queries)).toEqual(new Set(['refused{pod=~"web-b-.*"}', 'errors']));
  });
});
