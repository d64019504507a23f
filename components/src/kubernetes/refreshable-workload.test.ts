import { beforeAll, describe, expect, it } from 'vitest';

import { TransformError } from '../transform.js';
import { inputsOf, lister, mockEngine, objectsOf, valueOf } from './building.testing.js';
import { RefreshableWorkload, type RefreshableWorkloadArgs, WorkloadError } from './refreshable-workload.js';
import { problemsOf } from './strict.testing.js';
import { CredentialUseError } from './workload/credential.js';

const args: RefreshableWorkloadArgs = {
  namespace: 'shop',
  replicas: 3,
  podSpec: {
    containers: [
      { name: 'web', image: 'registry.example/shop:1' },
      { name: 'proxy', image: 'envoy' },
    ],
  },
  credential: { delivery: { kind: 'secret', secretName: 'shop-db' } },
  login: { by: 'node-pg', host: 'db.internal', database: 'shop' },
  drain: { longestRequest: '30s' },
};
const asEnvironment = { ...args.credential, as: 'environment' } as const;

beforeAll(mockEngine);

async function build(name: string, change: Partial<RefreshableWorkloadArgs> = {}) {
  const { lines, options } = lister();
  const workload = new RefreshableWorkload(name, { ...args, ...change }, options);
  await valueOf(workload.ready);
  return { workload, lines };
}

interface Spec {
  readonly template: {
    metadata: { annotations: Record<string, string> };
    spec: { containers: Record<string, unknown>[] };
  };
}
const specOf = (name: string) => inputsOf(`${name}-deployment`)['spec'] as Spec;

describe('the children of RefreshableWorkload', () => {
  it('have names that never change', async () => {
    expect((await build('web')).lines).toEqual([
      'web: keyturn:kubernetes:RefreshableWorkload',
      'web-hooks: kubernetes:core/v1:ConfigMap < web',
      'web-deployment: kubernetes:apps/v1:Deployment < web',
      'web-budget: kubernetes:policy/v1:PodDisruptionBudget < web',
    ]);
  });

  it.each<{ name: string; change: Partial<RefreshableWorkloadArgs> }>([
    { name: 'files', change: {} },
    { name: 'environment', change: { credential: asEnvironment, restart: 'reloader' } },
    { name: 'csi', change: { credential: { delivery: { kind: 'csi', secretProviderClass: 'shop-db' } } } },
    {
      name: 'agent',
      change: { credential: { delivery: { kind: 'agent', file: '/vault/secrets/db', podAnnotations: { a: 'b' } } } },
    },
  ])('are what the cluster takes ($name)', async ({ name, change }) => {
    await build(`valid-${name}`, change);
    expect(objectsOf(`valid-${name}-`)).toHaveLength(3);
    for (const object of objectsOf(`valid-${name}-`)) expect(problemsOf(object)).toEqual([]);
  });

  it('never drop below capacity, and give the last request its time', async () => {
    await build('kept');
    expect(inputsOf('kept-deployment')['spec']).toMatchObject({
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
      template: { spec: { terminationGracePeriodSeconds: 40 } },
    });
  });

  it('put hooks on the first container only, and keep what it has', async () => {
    const env = [{ name: 'PORT', value: '80' }];
    await build('first', {
      podSpec: {
        containers: [
          { name: 'web', image: 'x', env, lifecycle: { postStart: { exec: { command: ['a'] } } } },
          { name: 'b' },
        ],
      },
    });
    expect(specOf('first').template.spec.containers).toMatchObject([
      {
        env,
        readinessProbe: { exec: { command: ['/bin/sh', '/keyturn/probe.sh'] } },
        lifecycle: {
          postStart: { exec: { command: ['a'] } },
          preStop: { exec: { command: ['/bin/sh', '-c', 'sleep 5'] } },
        },
      },
      { name: 'b' },
    ]);
    expect(Object.keys(specOf('first').template.spec.containers[1] ?? {})).toEqual(['name']);
  });

  it('are started anew when their scripts change', async () => {
    await build('one');
    await build('other', { login: { ...args.login, host: 'db2.internal' } as RefreshableWorkloadArgs['login'] });
    expect(specOf('one').template.metadata.annotations).not.toEqual(specOf('other').template.metadata.annotations);
  });

  it('that read their environment are replaced by Reloader, and tried before they serve', async () => {
    await build('env', { credential: asEnvironment, restart: 'reloader', poolLifetime: '90m' });
    expect(inputsOf('env-deployment')['metadata']).toMatchObject({
      annotations: { 'keyturn.dev/pool-lifetime': '5400s', 'secret.reloader.stakater.com/reload': 'shop-db' },
    });
    expect(specOf('env').template.spec.containers[0]).toMatchObject({
      startupProbe: { failureThreshold: 60, periodSeconds: 5 },
      env: [{ name: 'DB_USER' }, { name: 'DB_PASSWORD' }, { name: 'DB_GENERATION' }],
    });
    expect(specOf('env').template.spec.containers[0]).not.toHaveProperty('readinessProbe');
  });
});

describe('what RefreshableWorkload refuses', () => {
  it.each<{ name: string; change: Partial<RefreshableWorkloadArgs>; says: string }>([
    {
      name: 'an environment that nobody renews',
      change: { credential: asEnvironment },
      says: 'The environment is read once, at start, and nobody would replace the pods after a rotation. Write `restart`, or read the credential as files.',
    },
    {
      name: 'a second readiness probe',
      change: { podSpec: { containers: [{ name: 'web', readinessProbe: { httpGet: { port: 80 } } }] } },
      says: 'The first container has a readinessProbe of its own, and a container has one. Leave it out, or write `probe: "startup"`.',
    },
    {
      name: 'a second preStop hook',
      change: { podSpec: { containers: [{ name: 'web', lifecycle: { preStop: {} } }] } },
      says: 'The first container has a preStop hook of its own. Leave it out: `drain` makes one that fits the grace period.',
    },
    { name: 'no pods', change: { replicas: 0 }, says: '`replicas` has to be a whole number of at least 1, got 0.' },
  ])('is $name', ({ change, says }) => {
    expect(() => new RefreshableWorkload('refused', { ...args, ...change })).toThrow(new WorkloadError(says));
  });

  it('is not a readiness probe beside a startup probe', async () => {
    const own = { podSpec: { containers: [{ name: 'web', readinessProbe: { httpGet: { port: 80 } } }] } } as const;
    await build('both', { ...own, probe: 'startup' } as unknown as Partial<RefreshableWorkloadArgs>);
    expect(specOf('both').template.spec.containers[0]).toHaveProperty('startupProbe');
    expect(specOf('both').template.spec.containers[0]).toMatchObject({ readinessProbe: { httpGet: { port: 80 } } });
  });

  it('is a file as environment', () => {
    const csi = { delivery: { kind: 'csi', secretProviderClass: 'x' }, as: 'environment' } as const;
    expect(() => new RefreshableWorkload('file', { ...args, credential: csi, restart: 'reloader' })).toThrow(
      CredentialUseError,
    );
  });

  it('is a transform that stops all pods at once', () => {
    const transform = {
      deployment: { spec: { strategy: { type: 'Recreate' } } },
    } as RefreshableWorkloadArgs['transform'];
    expect(() => new RefreshableWorkload('stopped', { ...args, ...(transform ? { transform } : {}) })).toThrow(
      TransformError,
    );
  });
});
