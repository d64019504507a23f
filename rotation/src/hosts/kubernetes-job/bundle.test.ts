import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';

import {
  type KubernetesStandIn,
  type PostgresServer,
  startKubernetesStandIn,
  startPostgres,
  writeMountedLogin,
} from '@keyturn/services';
import { type HostSettings, hostExitCodes, hostVariables } from '@keyturn/plan';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

const run = promisify(execFile);
const room = path.join(import.meta.dirname, '..', '..', '..');
const folder = mkdtempSync(path.join(tmpdir(), 'keyturn-job-'));
const admin = path.join(folder, 'admin');
let server: PostgresServer;
let standIn: KubernetesStandIn;
let settings: HostSettings;
let secretName = '';
let output = '';
let pairs = 0;

beforeAll(async () => {
  await run(process.execPath, [path.join(room, 'bundle.mjs'), folder], { cwd: room });
  [server, standIn] = await Promise.all([startPostgres(), startKubernetesStandIn()]);
  writeMountedLogin(admin, server.superuser, server.superuserPassword);
}, 120_000);
afterAll(async () => {
  await standIn.stop();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  pairs += 1;
  output = '';
  const name = `job${pairs}`;
  secretName = `${name}-db`;
  settings = {
    pair: { name, sharedRole: name, users: [`${name}_a`, `${name}_b`] },
    plan: { strategy: 'dual-user', every: '1h', consumers: [] },
    database: { host: server.host, port: server.port, dbname: 'postgres', admin, tls: 'off' },
    store: { kind: 'kubernetes', name: secretName, namespace: 'app', server: standIn.url },
    bootstrap: true,
  };
});

interface Line {
  readonly type: string;
  readonly [key: string]: unknown;
}

/** Runs the bundle as a stock Node image would: in a folder with nothing else. */
async function job(
  command?: string,
  more: Partial<HostSettings> = {},
  variables: Record<string, string> = {},
): Promise<{ code: number; lines: Line[] }> {
  const file = path.join(folder, 'settings.json');
  writeFileSync(file, JSON.stringify({ ...settings, ...more }));
  const args = ['kubernetes-job.mjs', ...(command === undefined ? [] : [command])];
  const options = { cwd: folder, env: { ...variables, [hostVariables.settingsFile]: file } };
  const { code, text } = await run(process.execPath, args, options).then(
    ({ stdout, stderr }) => ({ code: 0, text: stdout + stderr }),
    ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({ code, text: stdout + stderr }),
  );
  output += text;
  const lines = text.split('\n').filter((line) => line !== '');
  return { code, lines: lines.map((line) => JSON.parse(line) as Line) };
}

function published(): { user: string; password: string; generation: string } {
  const data = standIn.read('secrets', 'app', secretName)?.data ?? {};
  const value = (key: string): string => Buffer.from(data[key] ?? '', 'base64').toString();
  return { user: value('username'), password: value('password'), generation: value('generation') };
}

async function login({ user, password }: { user: string; password: string }): Promise<pg.Client> {
  const client = new pg.Client({ host: server.host, port: server.port, database: 'postgres', user, password });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

const results = (lines: readonly Line[]): unknown[] =>
  lines.filter(({ type }) => type === 'result').map(({ doing, outcome }) => `${String(doing)} ${String(outcome)}`);

describe('the bundle of the Kubernetes job', { timeout: 60_000 }, () => {
  it('fits into a ConfigMap, and its part for AWS into another', () => {
    for (const file of ['kubernetes-job.mjs', 'kubernetes-job-aws.mjs'])
      expect(statSync(path.join(folder, file)).size, file).toBeLessThan(1024 * 1024);
  });

  it('sends its metrics to an OpenTelemetry collector, and rotates all the same when there is none', async () => {
    const bodies: string[] = [];
    const collector = createServer((request, response) => {
      void text(request).then((body) => bodies.push(body) && response.end('{}'));
    });
    await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
    const { port } = collector.address() as AddressInfo;
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` };
    expect(await job('tend', {}, env)).toMatchObject({ code: hostExitCodes.done });
    expect(bodies).toHaveLength(1);
    expect(bodies[0]).toContain('"keyturn.rotation.generation"');
    expect(bodies[0]).toContain('"asInt":"1"');
    collector.closeAllConnections();
    await new Promise((resolve) => collector.close(resolve));
    const without = await job('tend', {}, env);
    expect(without.code).toBe(hostExitCodes.done);
    expect(without.lines.at(-1)).toMatchObject({
      type: 'failure',
      error: 'MetricsError',
      message: expect.stringContaining('were not taken by') as string,
    });
  });

  it('publishes first of all, and does nothing until the next rotation is due', async () => {
    const first = await job();
    expect(first.code).toBe(hostExitCodes.done);
    expect(results(first.lines)).toEqual(['advance advanced']);
    expect(published()).toMatchObject({ user: settings.pair.users[0], generation: '1' });
    await (await login(published())).end();

    const second = await job('tend');
    expect(second).toMatchObject({ code: hostExitCodes.done, lines: [{ type: 'state', generation: 1, overdue: 0 }] });
  });

  it('retires after an advance, when nobody holds the credential before', async () => {
    await job();
    const before = published();
    const session = await login(before);
    const held = await job('advance');
    expect(held.code).toBe(hostExitCodes.done);
    const waiting = await job();
    expect(waiting.code).toBe(hostExitCodes.done);
    expect(results(waiting.lines)).toEqual(['retire waiting']);

    const blocked = await job('advance');
    expect(blocked.code).toBe(hostExitCodes.blocked);
    expect(blocked.lines.at(-1)).toMatchObject({
      type: 'state',
      generation: 2,
      blocked_by: { doing: 'advance', holders: [{ user: before.user, endpoint: 'writer' }] },
    });
    await session.end();
    expect(results((await job()).lines)).toEqual(['retire retired']);
    await expect(login(before)).rejects.toMatchObject({ code: '28P01' });
    await (await login(published())).end();
  });

  it('waits for pods that started before the publication, and for no others', async () => {
    const shop = { name: 'shop', chain: [{ kind: 'process', longest: 'start-bound' }] } as const;
    const bound: Partial<HostSettings> = {
      plan: { ...settings.plan, consumers: [shop] },
      pods: { shop: { selector: 'app=shop', margin: 0 } },
    };
    await job(undefined, bound);
    await job('advance', bound);
    const pod = (name: string, startedAt: Date, phase = 'Running'): void =>
      standIn.write('pods', 'app', {
        metadata: { name, labels: { app: 'shop' } },
        status: { phase, podIP: '10.0.0.7', containerStatuses: [{ state: { running: { startedAt } } }] },
      } as never);
    const long = new Date(Date.now() - 3_600_000);
    pod('old', long);
    pod('over', long, 'Succeeded');
    const waiting = await job('retire', bound);
    expect(waiting.lines.at(-1)).toMatchObject({
      blocked_by: { because: expect.stringContaining('shop old from 10.0.0.7 on pod for 1h') as string },
    });
    pod('old', new Date(Date.now() + 60_000));
    expect(results((await job('retire', bound)).lines)).toEqual(['retire retired']);
  });

  it('needs no more rights than to get, create and update Secrets', async () => {
    const from = standIn.requests.length;
    await job();
    await job('advance');
    const asked = new Set(standIn.requests.slice(from).map((line) => line.split(' ')[0]));
    expect([...asked].sort()).toEqual(['GET', 'POST', 'PUT']);
    expect(standIn.requests.slice(from).every((line) => line.includes(`/secrets`))).toBe(true);
  });

  it('never says a password', async () => {
    const passwords = [server.superuserPassword];
    for (const command of ['tend', 'advance', 'retire', 'advance']) {
      await job(command);
      passwords.push(published().password);
    }
    await job('tend', { database: { ...settings.database, port: 9 } });
    expect(output.length).toBeGreaterThan(2_000);
    for (const password of passwords) expect(output).not.toContain(password);
  });

  it.each([
    {
      name: 'an unknown command',
      command: 'rotate',
      more: {},
      code: hostExitCodes.settings,
      message: 'There is no command "rotate". Allowed values are: tend, bootstrap, advance, resume, retire.',
    },
    {
      name: 'an unknown key',
      more: { scheduel: {} },
      code: hostExitCodes.settings,
      message: /settings\.json has the unknown key "scheduel"\. Known keys are: pair, plan, /,
    },
    {
      name: 'a missing part',
      more: { pair: undefined },
      code: hostExitCodes.settings,
      message: /settings\.json lacks "pair"\.$/,
    },
    {
      name: 'a store that it cannot write',
      more: { store: { kind: 'floppy' } },
      code: hostExitCodes.settings,
      message: /has the kind "floppy"\. Allowed values are: kubernetes, vault-static\.$/,
    },
    {
      name: 'a duration that is none',
      more: { plan: { strategy: 'dual-user', every: 'often', consumers: [] } },
      code: hostExitCodes.settings,
      message: /often/,
    },
    {
      name: 'a consumer whose pods cannot be found',
      more: {
        plan: {
          strategy: 'dual-user',
          every: '1h',
          consumers: [{ name: 'shop', chain: [{ kind: 'process', longest: 'start-bound' }] }],
        },
      },
      code: hostExitCodes.settings,
      message: /^shop holds a credential until it is restarted, and "pods" of .* Write for example/,
    },
    {
      name: 'a database that nobody bootstrapped',
      more: { bootstrap: false },
      code: hostExitCodes.settings,
      message: /^The database does not know the pair/,
    },
    {
      name: 'a trial without the fleet of a user',
      more: {
        gradually: {
          route: 'web',
          services: { shop_b: 'web-b' },
          deployments: {},
          check: { address: 'http://prometheus', refusedLogins: '0', errorRate: '0' },
        },
      },
      code: hostExitCodes.settings,
      message: /"services" of "gradually" of .*settings\.json has the unknown key "shop_b"\./,
    },
    {
      name: 'a trial through a route and target groups at once',
      more: {
        gradually: {
          route: 'web',
          targetGroups: { ruleArn: 'arn', arns: {} },
          deployments: {},
          check: { address: 'http://prometheus', refusedLogins: '0', errorRate: '0' },
        },
      },
      code: hostExitCodes.settings,
      message: /^"gradually" of .* has both a route and target groups\. Leave one out/,
    },
    {
      name: 'a trial through nothing',
      more: {
        gradually: { deployments: {}, check: { address: 'http://prometheus', refusedLogins: '0', errorRate: '0' } },
      },
      code: hostExitCodes.settings,
      message: /^"gradually" of .* lacks "route"\.$/,
    },
    {
      name: 'a server that does not answer',
      more: { store: { kind: 'kubernetes', name: 'db', server: 'http://127.0.0.1:9' } },
      code: hostExitCodes.failed,
      message: /The Kubernetes API at http:\/\/127\.0\.0\.1:9 does not answer/,
    },
  ])('ends with $code for $name', async ({ command, more, code, message }) => {
    const ran = await job(command, more as Partial<HostSettings>);
    expect(ran.code).toBe(code);
    expect(ran.lines.at(-1)?.['type']).toBe('failure');
    expect(ran.lines.at(-1)?.['message']).toEqual(
      typeof message === 'string' ? message : (expect.stringMatching(message) as string),
    );
  });
});
