import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { type HostSettings, hostVariables, PlanError } from '@keyturn/plan';
import { type KubernetesStandIn, type PostgresServer, startKubernetesStandIn, startPostgres } from '@keyturn/services';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { ScheduleError } from '../schedule/rotation-schedule.js';
import { TransformError } from '../transform.js';
import { inputsOf, lister, mockEngine, objectsOf, valueOf } from './building.testing.js';
import type { Rule } from './job/rights.js';
import { RotationJob, type RotationJobArgs, RotationJobError } from './rotation-job.js';
import { problemsOf } from './strict.testing.js';

const args: RotationJobArgs = {
  namespace: 'shop',
  pair: 'shop',
  database: { host: 'db.internal', name: 'shop' },
  adminSecretName: 'shop-rotator',
  secretName: 'shop-db',
  schedule: { cron: '0 4 1 * *', timeZone: 'Europe/Berlin', blackout: [{ from: '2026-12-20', to: '2027-01-02' }] },
  plan: { consumers: [{ name: 'web', chain: [{ kind: 'pool', longest: '30m' }] }] },
};
const bound = { consumers: [{ name: 'web', chain: [{ kind: 'process', longest: 'start-bound' }] }] } as const;
const pods = { web: { selector: 'app.kubernetes.io/name=web' } };

beforeAll(mockEngine);

async function build(name: string, change: Partial<RotationJobArgs> = {}) {
  const { lines, options } = lister();
  const job = new RotationJob(name, { ...args, ...change }, options);
  await valueOf(job.ready);
  return { job, lines };
}

const dataOf = (name: string) => inputsOf(`${name}-code`)['data'] as Record<string, string>;
const settingsOf = (name: string) => JSON.parse(dataOf(name)['settings.json'] ?? '') as HostSettings;

describe('the children of RotationJob', () => {
  it('have names that never change', async () => {
    expect((await build('rotator')).lines).toEqual([
      'rotator: keyturn:kubernetes:RotationJob',
      'rotator-code: kubernetes:core/v1:ConfigMap < rotator',
      'rotator-account: kubernetes:core/v1:ServiceAccount < rotator',
      'rotator-role: kubernetes:rbac.authorization.k8s.io/v1:Role < rotator',
      'rotator-binding: kubernetes:rbac.authorization.k8s.io/v1:RoleBinding < rotator',
      'rotator-network: kubernetes:networking.k8s.io/v1:NetworkPolicy < rotator',
      'rotator-job: kubernetes:batch/v1:CronJob < rotator',
    ]);
  });

  it('are what the cluster takes', async () => {
    const tls = { configMap: 'ca', key: 'ca.crt' };
    await build('valid', {
      database: { ...args.database, tls },
      network: { databaseCidrs: ['10.0.0.0/16'] },
      plan: bound,
      pods,
    });
    expect(objectsOf('valid-')).toHaveLength(6);
    for (const object of objectsOf('valid-')) expect(problemsOf(object)).toEqual([]);
  });

  it('run as nobody, on a file system that cannot be written, one at a time', async () => {
    await build('locked');
    const { spec } = inputsOf('locked-job') as { spec: { jobTemplate: { spec: { template: { spec: object } } } } };
    expect(spec).toMatchObject({ schedule: '*/10 * * * *', concurrencyPolicy: 'Forbid' });
    expect(spec.jobTemplate.spec.template.spec).toMatchObject({
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          command: ['node', '/keyturn/kubernetes-job.mjs', 'tend'],
          securityContext: {
            readOnlyRootFilesystem: true,
            allowPrivilegeEscalation: false,
            capabilities: { drop: ['ALL'] },
          },
        },
      ],
    });
  });

  it('reach names, the database and the API server, and nothing else', async () => {
    await build('walled', { database: { ...args.database, port: 6432 }, network: { databaseCidrs: ['10.1.0.0/16'] } });
    const { egress } = inputsOf('walled-network')['spec'] as { egress: unknown[] };
    expect(egress.slice(1)).toEqual([
      { ports: [{ protocol: 'TCP', port: 6432 }], to: [{ ipBlock: { cidr: '10.1.0.0/16' } }] },
      {
        ports: [
          { protocol: 'TCP', port: 443 },
          { protocol: 'TCP', port: 6443 },
        ],
      },
    ]);
  });

  it('ask each PgBouncer by a login of its own, which the pod mounts', async () => {
    const endpoints = [{ name: 'pooler', kind: 'pooler', host: 'pgbouncer', port: 6432 }] as const;
    const poolers = ['0', '1'].map((pod) => ({
      endpoint: 'pooler',
      consoleSecretName: 'pgbouncer-console',
      host: `pgbouncer-${pod}.pgbouncer`,
      port: 6433,
    }));
    await build('pooled', { database: { ...args.database, endpoints, poolers } });
    expect(settingsOf('pooled').database.poolers).toEqual(
      ['0', '1'].map((pod) => ({
        endpoint: 'pooler',
        console: `/run/keyturn/pooler-${Number(pod) + 1}`,
        host: `pgbouncer-${pod}.pgbouncer`,
        port: 6433,
      })),
    );
    const { spec } = inputsOf('pooled-job') as { spec: { jobTemplate: { spec: { template: { spec: object } } } } };
    expect(spec.jobTemplate.spec.template.spec).toMatchObject({
      containers: [
        { volumeMounts: [{}, {}, { mountPath: '/run/keyturn/pooler-1' }, { mountPath: '/run/keyturn/pooler-2' }] },
      ],
      volumes: [
        {},
        {},
        { secret: { secretName: 'pgbouncer-console' } },
        { secret: { secretName: 'pgbouncer-console' } },
      ],
    });
    const { egress } = inputsOf('pooled-network')['spec'] as { egress: unknown[] };
    expect(egress[1]).toEqual({ ports: [5432, 6432, 6433].map((port) => ({ protocol: 'TCP', port })) });
    for (const object of objectsOf('pooled-')) expect(problemsOf(object)).toEqual([]);

    const stray = { ...args.database, poolers };
    expect(() => new RotationJob('stray', { ...args, database: stray })).toThrow(
      '`poolers` names the endpoint pooler, and those of kind pooler are: none.',
    );
    const formed = poolers.map((pooler) => ({ ...pooler, passwordForm: 'clear-text' as const }));
    expect(
      () => new RotationJob('formed', { ...args, database: { ...args.database, endpoints, poolers: formed } }),
    ).toThrow('is for a ProxySQL, and the engine is postgres.');
  });

  it('tell each ProxySQL of a MySQL on its admin interface, in the form that it takes', async () => {
    const endpoints = [{ name: 'pooler', kind: 'pooler', host: 'proxysql', port: 6033 }] as const;
    const poolers = [
      { endpoint: 'pooler', consoleSecretName: 'proxysql-admin', passwordForm: 'clear-text' },
      { endpoint: 'pooler', consoleSecretName: 'proxysql-admin', host: 'proxysql-1.proxysql', port: 6042 },
    ] as const;
    await build('told', { database: { ...args.database, engine: 'mysql', endpoints, poolers } });
    expect(settingsOf('told').database.poolers).toEqual([
      { endpoint: 'pooler', console: '/run/keyturn/pooler-1', passwordForm: 'clear-text' },
      { endpoint: 'pooler', console: '/run/keyturn/pooler-2', host: 'proxysql-1.proxysql', port: 6042 },
    ]);
    const { egress } = inputsOf('told-network')['spec'] as { egress: unknown[] };
    expect(egress[1]).toEqual({ ports: [3306, 6033, 6032, 6042].map((port) => ({ protocol: 'TCP', port })) });
  });

  it('rotate users that were taken over, under the names that they have', async () => {
    const adopted = { name: 'shop', sharedRole: 'shop_owner', users: ['app', 'app_clone'] } as const;
    const { job } = await build('adopted', { pair: adopted });
    expect(settingsOf('adopted').pair).toEqual(adopted);
    expect(await valueOf(job.pair)).toEqual(adopted);
    expect(() => new RotationJob('twice', { ...args, pair: { ...adopted, users: ['app', 'app'] } })).toThrow(
      'app twice',
    );
  });

  it('turn a pair in Vault where they are told to, and may touch no Secret then', async () => {
    const { secretName = '', ...rest } = args;
    const vault = { address: 'https://vault.internal:8200', selector: 'shop', role: 'shop-login-job' };
    const { lines, options } = lister();
    const job = new RotationJob('turner', { ...rest, vault }, options);
    await valueOf(job.ready);
    expect(lines).toHaveLength(7);
    expect(settingsOf('turner').store).toEqual({
      kind: 'vault-static',
      address: 'https://vault.internal:8200',
      selector: 'shop',
      login: { role: 'shop-login-job' },
    });
    expect(inputsOf('turner-role')['rules']).toEqual([]);
    const { egress } = inputsOf('turner-network')['spec'] as { egress: unknown[] };
    expect(egress.at(-1)).toEqual({ ports: [{ protocol: 'TCP', port: 8200 }] });
    expect(() => job.delivery).toThrow('This job turns a pair in Vault and writes no Secret.');
    for (const object of objectsOf('turner-')) expect(problemsOf(object)).toEqual([]);

    expect(() => new RotationJob('both', { ...rest, secretName, vault })).toThrow('`secretName` is about a Secret');
    const mysql = { ...rest, vault, database: { ...args.database, engine: 'mysql' as const } };
    expect(() => new RotationJob('mysql', mysql)).toThrow('turns users of PostgreSQL, got mysql');
  });

  it('see pods only where a consumer holds its credential until it is restarted', async () => {
    await build('blind');
    expect(JSON.stringify(inputsOf('blind-role')['rules'])).not.toContain('pods');
    await build('sees', { plan: bound, pods });
    expect(inputsOf('sees-role')['rules']).toContainEqual({ apiGroups: [''], resources: ['pods'], verbs: ['list'] });
    expect(settingsOf('sees').pods).toEqual(pods);
  });

  it('are told the calendar, with the interval that it keeps at worst', async () => {
    await build('calendar');
    expect(settingsOf('calendar')).toMatchObject({
      schedule: { cron: '0 4 1 * *', timezone: 'Europe/Berlin', blackouts: [{ from: '2026-12-20', to: '2027-01-02' }] },
      plan: { strategy: 'dual-user' },
      store: { kind: 'kubernetes', name: 'shop-db', namespace: 'shop' },
    });
  });
});

describe('the command of the CronJob', { timeout: 120_000 }, () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'keyturn-cronjob-'));
  let server: PostgresServer;
  let cluster: KubernetesStandIn;

  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(async () => {
    await cluster.stop();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** What RBAC makes of the Role: https://kubernetes.io/docs/reference/access-authn-authz/rbac/ */
  const allowedBy = (rules: readonly Rule[]) => (verb: string, resource: string, name: string | undefined) =>
    rules.some(
      (rule) =>
        rule.resources.includes(resource) &&
        rule.verbs.includes(verb) &&
        (rule.resourceNames === undefined || (name !== undefined && rule.resourceNames.includes(name))),
    );

  it('rotates with plain Node, and with no more rights than its Role gives', async () => {
    await build('real', {
      database: { host: server.host, port: server.port, name: 'postgres', tls: 'off' },
      previous: true,
      templates: { url: 'postgres://${DB_USER}:${DB_PASSWORD}@db/shop' },
    });
    cluster = await startKubernetesStandIn({ allows: allowedBy(inputsOf('real-role')['rules'] as Rule[]) });
    const { spec } = inputsOf('real-job') as {
      spec: { jobTemplate: { spec: { template: { spec: { containers: { command: string[] }[] } } } } };
    };
    const [, , ...rest] = spec.jobTemplate.spec.template.spec.containers[0]?.command ?? [];
    // The pod's mounts, moved into a folder; the API server is the stand-in.
    const settings = settingsOf('real');
    const admin = path.join(folder, 'admin');
    mkdirSync(admin, { recursive: true });
    writeFileSync(path.join(admin, 'username'), server.superuser);
    writeFileSync(path.join(admin, 'password'), server.superuserPassword);
    for (const [name, text] of Object.entries(dataOf('real'))) writeFileSync(path.join(folder, name), text);
    const moved = {
      ...settings,
      database: { ...settings.database, admin },
      store: { ...settings.store, server: cluster.url },
    };
    writeFileSync(path.join(folder, 'settings.json'), JSON.stringify(moved));
    const run = async (...command: string[]) =>
      await new Promise<number>((resolve) => {
        const env = { [hostVariables.settingsFile]: path.join(folder, 'settings.json') };
        execFile(process.execPath, ['kubernetes-job.mjs', ...command], { cwd: folder, env }, (error) =>
          resolve(error === null ? 0 : Number(error.code)),
        );
      });

    expect(await run(...rest)).toBe(0);
    expect(await run('advance')).toBe(0);
    const value = (key: string) =>
      Buffer.from(cluster.read('secrets', 'shop', 'shop-db')?.data?.[key] ?? '', 'base64').toString();
    expect([value('username'), value('generation'), value('previous-username')]).toEqual(['shop_b', '2', 'shop_a']);
    expect(value('url')).toBe(`postgres://shop_b:${value('password')}@db/shop`);
    for (const prefix of ['', 'previous-']) {
      const [user, password] = [value(`${prefix}username`), value(`${prefix}password`)];
      const client = new pg.Client({ host: server.host, port: server.port, database: 'postgres', user, password });
      await client.connect();
      await client.end();
    }
    expect(cluster.requests.filter((line) => line.endsWith(' 403'))).toEqual([]);
    expect(statSync(path.join(folder, 'kubernetes-job.mjs')).size).toBeLessThan(1_000_000);
  });
});

describe('what RotationJob refuses', () => {
  it('is a consumer whose pods it cannot see', () => {
    expect(() => new RotationJob('blind', { ...args, plan: bound })).toThrow(
      new RotationJobError(
        'web holds a credential until it is restarted, so the job has to see its pods. Write for example pods: { "web": { selector: "app.kubernetes.io/name=web" } }.',
      ),
    );
  });

  it('is a calendar that its consumers cannot follow', () => {
    const slow = { consumers: [{ name: 'web', chain: [{ kind: 'cache' as const, longest: '2 days' as const }] }] };
    expect(() => new RotationJob('hasty', { ...args, schedule: { cron: '0 4 * * *' }, plan: slow })).toThrow(PlanError);
  });

  it('is a window', () => {
    expect(() => new RotationJob('windowed', { ...args, schedule: { cron: '0 4 1 * *', window: '3h' } })).toThrow(
      ScheduleError,
    );
  });

  it.each([0, 31, 1.5])('is a look every %d minutes', (lookEvery) => {
    expect(() => new RotationJob('rare', { ...args, lookEvery })).toThrow(RotationJobError);
  });

  it('is a transform that lets two run at once', () => {
    const transform = { cronJob: { spec: { concurrencyPolicy: 'Allow' } } } as RotationJobArgs['transform'];
    expect(() => new RotationJob('two', { ...args, ...(transform ? { transform } : {}) })).toThrow(TransformError);
  });
});
