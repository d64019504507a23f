import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { hostExitCodes, type HostSettings, hostVariables } from '@keyturn/plan';
import { type KubernetesStandIn, type PostgresServer, startKubernetesStandIn, startPostgres } from '@keyturn/services';
import pg from 'pg';
import { beforeAll, describe, expect, it } from 'vitest';

import { GraduallyError } from '../gradually-error.js';
import { GreenCheckError } from './blue-green/analysis.js';
import { BlueGreenError } from './blue-green/rollout.js';
import { BlueGreenFleets, type BlueGreenFleetsArgs } from './blue-green-fleets.js';
import { inputsOf, lister, mockEngine, objectsOf, valueOf } from './building.testing.js';
import type { Rule } from './job/rights.js';
import { RotationJob, type RotationJobArgs } from './rotation-job.js';
import { missingSchemaOf, problemsOf } from './strict.testing.js';

const withoutWay: BlueGreenFleetsArgs = {
  namespace: 'shop',
  replicas: 2,
  port: 8080,
  pair: 'shop',
  secretName: 'shop-db',
  versions: { shop_a: 'v1' },
  podSpec: { containers: [{ name: 'web', image: 'registry.example/shop:1' }] },
  login: { by: 'psql', host: 'db.internal', database: 'shop' },
  drain: { longestRequest: '30s' },
  check: {
    prometheus: 'http://prometheus.monitoring:9090',
    refusedLogins: 'sum(refused{pod=~"${fleet}-.*"})',
    errorRate: 'sum(failed{pod=~"${fleet}-.*"}) / sum(all{pod=~"${fleet}-.*"})',
  },
};
const args: BlueGreenFleetsArgs = {
  ...withoutWay,
  gateway: { name: 'public', namespace: 'gateways' },
  hostnames: ['shop.example'],
};
const jobArgs: RotationJobArgs = {
  namespace: 'shop',
  pair: 'shop',
  database: { host: 'db.internal', name: 'shop' },
  adminSecretName: 'shop-rotator',
  secretName: 'shop-db',
  schedule: { every: '30 days' },
  plan: { consumers: [{ name: 'web', chain: [{ kind: 'pool', longest: '30m' }] }] },
};

const targetGroups = {
  ruleArn: 'arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener-rule/app/shop/1/2/3',
  arns: { shop_a: 'arn:group-a', shop_b: 'arn:group-b' },
  roleArn: 'arn:aws:iam::123456789012:role/web',
};

beforeAll(mockEngine);

async function build(name: string, change: Partial<BlueGreenFleetsArgs> = {}) {
  const { lines, options } = lister();
  const fleets = new BlueGreenFleets(name, { ...args, ...change }, options);
  await valueOf(fleets.ready);
  return { fleets, lines };
}

async function buildBalanced(name: string) {
  const { lines, options } = lister();
  const fleets = new BlueGreenFleets(name, { ...withoutWay, targetGroups, versions: { shop_a: 'v1' } }, options);
  await valueOf(fleets.ready);
  return { fleets, lines };
}

async function buildJob(name: string, fleets: BlueGreenFleets, change: Partial<RotationJobArgs> = {}) {
  const job = new RotationJob(name, { ...jobArgs, gradually: fleets.gradually, ...change });
  await valueOf(job.ready);
  const data = inputsOf(`${name}-code`)['data'] as Record<string, string>;
  return { data, settings: JSON.parse(data['settings.json'] ?? '') as HostSettings };
}

interface DeploymentOf {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly replicas: number;
    readonly template: {
      readonly metadata: { readonly annotations: Readonly<Record<string, string>> };
      readonly spec: {
        readonly volumes: { secret?: { secretName: string; items: { key: string; path: string }[] } }[];
      };
    };
  };
}
const deploymentOf = (name: string) => inputsOf(`${name}-deployment`) as unknown as DeploymentOf;
const mountOf = (name: string) =>
  deploymentOf(name).spec.template.spec.volumes.find(({ secret }) => secret !== undefined)?.secret;

describe('the children of BlueGreenFleets', () => {
  it('have names that never change', async () => {
    expect((await build('web', { versions: { shop_a: 'v1', shop_b: 'v2' } })).lines).toEqual([
      'web: keyturn:kubernetes:BlueGreenFleets',
      'web-a-service: kubernetes:core/v1:Service < web',
      'web-b-service: kubernetes:core/v1:Service < web',
      'web-hooks: kubernetes:core/v1:ConfigMap < web',
      'web-a-deployment: kubernetes:apps/v1:Deployment < web',
      'web-b-deployment: kubernetes:apps/v1:Deployment < web',
      'web-route: kubernetes:gateway.networking.k8s.io/v1:HTTPRoute < web',
    ]);
  });

  it('are what the cluster takes', async () => {
    await build('valid', { versions: { shop_a: 'v1', shop_b: 'v2' } });
    expect(objectsOf('valid-')).toHaveLength(6);
    for (const object of objectsOf('valid-')) expect(problemsOf(object)).toEqual([]);
  });

  it('pin each fleet to its version, in its pods and for the job that looks', async () => {
    await build('pinned', { versions: { shop_a: 'v1', shop_b: 'v2' } });
    for (const [fleet, version] of [
      ['pinned-a', 'v1'],
      ['pinned-b', 'v2'],
    ] as const) {
      expect(deploymentOf(fleet).spec.template.metadata.annotations).toMatchObject({ 'keyturn.dev/version': version });
      expect(mountOf(fleet)).toEqual({
        secretName: 'shop-db-keyturn',
        items: ['username', 'password', 'generation'].map((part) => ({ key: `${version}.${part}`, path: part })),
      });
    }
  });

  it('are a fleet for each version, the Services and a route that leads to the fleet that is there', async () => {
    const kinds = (lines: readonly string[]) => lines.filter((line) => line.includes('Deployment'));
    expect(kinds((await build('none', { versions: {} })).lines)).toEqual([]);
    expect(kinds((await build('green', { versions: { shop_b: 'v2' } })).lines)).toEqual([
      'green-b-deployment: kubernetes:apps/v1:Deployment < green',
    ]);
    expect(inputsOf('green-route')['spec']).toEqual({
      parentRefs: [{ name: 'public', namespace: 'gateways' }],
      hostnames: ['shop.example'],
      rules: [
        {
          backendRefs: [
            { name: 'green-a', port: 8080, weight: 0 },
            { name: 'green-b', port: 8080, weight: 100 },
          ],
        },
      ],
    });
  });

  it('are bindings of target groups where a load balancer of AWS has the traffic, and no route', async () => {
    const { lines, fleets } = await buildBalanced('balanced');
    expect(lines).toEqual([
      'balanced: keyturn:kubernetes:BlueGreenFleets',
      'balanced-a-service: kubernetes:core/v1:Service < balanced',
      'balanced-b-service: kubernetes:core/v1:Service < balanced',
      'balanced-hooks: kubernetes:core/v1:ConfigMap < balanced',
      'balanced-a-deployment: kubernetes:apps/v1:Deployment < balanced',
      'balanced-a-binding: kubernetes:elbv2.k8s.aws/v1beta1:TargetGroupBinding < balanced',
      'balanced-b-binding: kubernetes:elbv2.k8s.aws/v1beta1:TargetGroupBinding < balanced',
    ]);
    for (const letter of ['a', 'b'])
      expect(inputsOf(`balanced-${letter}-binding`)).toMatchObject({
        metadata: { name: `balanced-${letter}`, namespace: 'shop' },
        spec: {
          serviceRef: { name: `balanced-${letter}`, port: 8080 },
          targetGroupARN: `arn:group-${letter}`,
          targetType: 'ip',
        },
      });
    expect(await valueOf(fleets.routeName)).toBeUndefined();
  });

  it('are bindings that the cluster takes', async (context) => {
    const missing = missingSchemaOf('TargetGroupBinding');
    if (missing !== undefined) context.skip(missing);
    await buildBalanced('bound');
    for (const object of objectsOf('bound-')) expect(problemsOf(object)).toEqual([]);
  });

  it('leave the weights to the job, also where a transform changes the route', async () => {
    const seen: (string[] | undefined)[] = [];
    const transformations = [
      ({ name, opts }: { name: string; opts: { ignoreChanges?: string[] } }): undefined => {
        if (name === 'kept-route') seen.push(opts.ignoreChanges);
      },
    ];
    const transform = { route: { metadata: { name: 'kept', labels: { team: 'shop' } } } };
    await valueOf(new BlueGreenFleets('kept', { ...args, transform }, { transformations }).ready);
    expect(seen).toEqual([['spec.rules']]);
  });
});

describe('a RotationJob that tries a candidate with two fleets', { timeout: 120_000 }, () => {
  it('is told the route, the fleets and the check, may change that route only, and has the time of its steps', async () => {
    const { fleets } = await build('told');
    const { settings } = await buildJob('told-job', fleets);
    expect(settings.gradually).toEqual({
      route: 'told',
      services: { shop_a: 'told-a', shop_b: 'told-b' },
      deployments: { shop_a: 'told-a', shop_b: 'told-b' },
      check: {
        address: args.check.prometheus,
        refusedLogins: args.check.refusedLogins,
        errorRate: args.check.errorRate,
      },
      each: '5m',
    });
    expect(settings.store).toMatchObject({ pinned: true });
    expect((inputsOf('told-job-role')['rules'] as Rule[]).slice(2)).toEqual([
      {
        apiGroups: ['gateway.networking.k8s.io'],
        resources: ['httproutes'],
        resourceNames: ['told'],
        verbs: ['get', 'update'],
      },
      { apiGroups: ['apps'], resources: ['deployments'], resourceNames: ['told-a', 'told-b'], verbs: ['get'] },
    ]);
    const { egress } = inputsOf('told-job-network')['spec'] as { egress: unknown[] };
    expect(egress.at(-1)).toEqual({ ports: [{ protocol: 'TCP', port: 9090 }] });
    const { spec } = inputsOf('told-job-job') as { spec: { jobTemplate: { spec: object } } };
    expect(spec.jobTemplate.spec).toMatchObject({ activeDeadlineSeconds: 600 + 3 * 300 });
    for (const object of objectsOf('told-job-')) expect(problemsOf(object)).toEqual([]);
  });

  it('is told the target groups, has their code and their role, and may change no route', async () => {
    const { fleets } = await buildBalanced('aws');
    const { settings } = await buildJob('aws-job', fleets, { network: { awsCidrs: ['10.1.0.0/16'] } });
    const { roleArn, ...told } = targetGroups;
    expect(settings.gradually).toMatchObject({
      targetGroups: told,
      deployments: { shop_a: 'aws-a', shop_b: 'aws-b' },
    });
    expect(settings.gradually).not.toHaveProperty('route');
    expect((inputsOf('aws-job-role')['rules'] as Rule[]).flatMap(({ resources }) => resources)).toEqual([
      'secrets',
      'secrets',
      'deployments',
    ]);
    const account = inputsOf('aws-job-account') as { metadata: { annotations: Record<string, string> } };
    expect(account.metadata.annotations).toMatchObject({ 'eks.amazonaws.com/role-arn': roleArn });
    const { egress } = inputsOf('aws-job-network')['spec'] as { egress: unknown[] };
    expect(egress.at(-1)).toEqual({
      ports: [{ protocol: 'TCP', port: 443 }],
      to: [{ ipBlock: { cidr: '10.1.0.0/16' } }],
    });
    for (const name of ['aws-job-code', 'aws-job-aws-code']) {
      const size = Buffer.byteLength(JSON.stringify(inputsOf(name)['data']));
      expect(size, name).toBeGreaterThan(100_000);
      expect(size, name).toBeLessThan(1024 * 1024);
    }
    for (const object of objectsOf('aws-job-')) expect(problemsOf(object)).toEqual([]);
  });

  it('publishes what was deployed and did well, with no more rights than its Role gives', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'keyturn-fleets-'));
    const server: PostgresServer = await startPostgres();
    const prometheus = createServer((_, response) =>
      response.end(JSON.stringify({ status: 'success', data: { resultType: 'vector', result: [] } })),
    );
    await new Promise<void>((resolve) => prometheus.listen(0, '127.0.0.1', resolve));
    let cluster: KubernetesStandIn | undefined;
    try {
      const { port } = prometheus.address() as AddressInfo;
      const check = { ...args.check, prometheus: `http://127.0.0.1:${port}` };
      const { fleets } = await build('real', { versions: {}, check });
      const { data, settings } = await buildJob('real-job', fleets, {
        database: { host: server.host, port: server.port, name: 'postgres', tls: 'off' },
      });
      const rules = inputsOf('real-job-role')['rules'] as Rule[];
      const allows = (verb: string, resource: string, name: string | undefined) =>
        rules.some(
          (rule) =>
            rule.resources.includes(resource) &&
            rule.verbs.includes(verb) &&
            (rule.resourceNames === undefined || (name !== undefined && rule.resourceNames.includes(name))),
        );
      const at = (cluster = await startKubernetesStandIn({ allows }));
      at.write('httproutes', 'shop', inputsOf('real-route') as never);
      writeFileSync(path.join(folder, 'username'), server.superuser);
      writeFileSync(path.join(folder, 'password'), server.superuserPassword);
      writeFileSync(path.join(folder, 'kubernetes-job.mjs'), data['kubernetes-job.mjs'] ?? '');
      // The pod's mount and API server, and steps that need no minutes.
      const moved = {
        ...settings,
        database: { ...settings.database, admin: folder },
        store: { ...settings.store, server: at.url },
        gradually: { ...settings.gradually, each: '20ms', every: '10ms' },
      };
      const env = { [hostVariables.settings]: JSON.stringify(moved) };
      const run = async (command = 'tend') =>
        await new Promise<{ code: number; wanted: string; shares: string[] }>((resolve) => {
          execFile(process.execPath, ['kubernetes-job.mjs', command], { cwd: folder, env }, (error, stdout) =>
            resolve({
              code: error === null ? 0 : Number(error.code),
              wanted: /version ([0-9a-f-]{36})/.exec(stdout)?.[1] ?? '',
              shares: [...stdout.matchAll(/"percent":(\d+)/g)].map(([, percent = '']) => percent),
            }),
          );
        });
      const deploy = async (fleet: string, versions: Readonly<Record<string, string>>) => {
        await build('real', { versions, check });
        const deployment = deploymentOf(fleet);
        const { replicas } = deployment.spec;
        const status = { observedGeneration: 1, updatedReplicas: replicas, availableReplicas: replicas };
        at.write('deployments', 'shop', { ...deployment, status });
      };
      /** Logs in with the files that a pod of the fleet has. */
      const logsIn = async (fleet: string) => {
        const { secretName = '', items = [] } = mountOf(fleet) ?? {};
        const held = at.read('secrets', 'shop', secretName)?.data ?? {};
        const file = (name: string) =>
          Buffer.from(held[items.find((item) => item.path === name)?.key ?? ''] ?? '', 'base64').toString();
        const [user, password] = [file('username'), file('password')];
        const client = new pg.Client({ host: server.host, port: server.port, database: 'postgres', user, password });
        await client.connect();
        await client.end();
        return `${user} ${file('generation')}`;
      };
      const weights = () =>
        (
          at.read('httproutes', 'shop', 'real')?.spec as { rules: { backendRefs: { weight: number }[] }[] }
        ).rules.flatMap(({ backendRefs }) => backendRefs.map(({ weight }) => weight));

      const blue = (await run()).wanted;
      await deploy('real-a', { shop_a: blue });
      expect(await logsIn('real-a')).toBe('shop_a 1');
      expect(await run()).toMatchObject({ code: hostExitCodes.done });
      const waits = await run('advance');
      expect(waits).toMatchObject({ code: hostExitCodes.blocked, shares: [] });
      await deploy('real-b', { shop_a: blue, shop_b: waits.wanted });
      expect(await logsIn('real-b')).toBe('shop_b 2');
      expect(await run()).toMatchObject({ code: hostExitCodes.done, shares: ['10', '50', '100'] });
      expect(weights()).toEqual([0, 100]);
      expect(await logsIn('real-a')).toBe('shop_a 1');
      expect(at.requests.filter((line) => line.endsWith(' 403'))).toEqual([]);
    } finally {
      await cluster?.stop();
      prometheus.close();
      prometheus.closeAllConnections();
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe('what is refused', () => {
  it.each<{ change: Partial<BlueGreenFleetsArgs>; kind: typeof BlueGreenError | typeof GreenCheckError; says: string }>(
    [
      {
        change: { versions: { shop_c: 'v1' } },
        kind: BlueGreenError,
        says: '`versions` names shop_c, and the users of the pair are shop_a and shop_b.',
      },
      {
        change: { versions: { shop_a: 'v1', shop_b: 'v1' } },
        kind: BlueGreenError,
        says: '`versions` gives both users the version v1',
      },
      {
        change: { targetGroups },
        kind: BlueGreenError,
        says: 'The fleets have `gateway` and `targetGroups`, and the traffic goes through one.',
      },
      { change: { check: { ...args.check, each: '59s' } }, kind: GreenCheckError, says: 'A step of 59s is too short' },
    ],
  )('by BlueGreenFleets: $says', ({ change, kind, says }) => {
    const broken = () => new BlueGreenFleets('refused', { ...args, ...change });
    expect(broken).toThrow(kind);
    expect(broken).toThrow(says);
  });

  it.each([
    [{}, 'Nothing says what the traffic goes through.'],
    [
      { targetGroups, hostnames: ['shop.example'] },
      'the rule of the listener has them: `hosts` of BlueGreenTargetGroups',
    ],
    [{ targetGroups: { ...targetGroups, arns: { shop_a: 'a' } } }, '`targetGroups` names none for shop_b.'],
  ])('by BlueGreenFleets without a gateway: %j', (way, says) => {
    const broken = () => new BlueGreenFleets('refused', { ...withoutWay, ...way });
    expect(broken).toThrow(BlueGreenError);
    expect(broken).toThrow(says);
  });

  it('by RotationJob: target groups that leave out a user, or are the same for both', () => {
    const trial = { deployments: { shop_a: 'web-a', shop_b: 'web-b' }, check: args.check };
    const job = (arns: Readonly<Record<string, string>>) => () =>
      new RotationJob('refused', { ...jobArgs, gradually: { targetGroups: { ...targetGroups, arns }, ...trial } });
    expect(job({ shop_a: 'arn:a' })).toThrow('`targetGroups` of `gradually` names none for shop_b.');
    expect(job({ shop_a: 'arn:a', shop_b: 'arn:a' })).toThrow('names arn:a for both users.');
  });

  const both = { shop_a: 'web-a', shop_b: 'web-b' };
  const gradually = { route: 'web', services: both, deployments: both, check: args.check };
  it.each([
    { change: { services: { shop_a: 'web-a' } }, says: '`services` of `gradually` names none for shop_b.' },
    { change: { deployments: { ...both, shop_b: 'web-a' } }, says: 'names web-a for both users.' },
    { change: { steps: [10, 50] }, says: '`steps` of `gradually` have to grow up to 100, got 10, 50.' },
    { change: { check: { ...args.check, prometheus: 'prometheus' } }, says: '`prometheus` has to be an address' },
  ])('by RotationJob: $says', ({ change, says }) => {
    const broken = () => new RotationJob('refused', { ...jobArgs, gradually: { ...gradually, ...change } });
    expect(broken).toThrow(GraduallyError);
    expect(broken).toThrow(says);
  });
});
