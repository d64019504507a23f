import { beforeAll, describe, expect, it } from 'vitest';

import { BlueGreenError } from './blue-green/rollout.js';
import { GreenCheckError } from './blue-green/analysis.js';
import { BlueGreenRotation, type BlueGreenRotationArgs } from './blue-green-rotation.js';
import { inputsOf, lister, mockEngine, objectsOf, valueOf } from './building.testing.js';
import { problemsOf } from './strict.testing.js';

const args: BlueGreenRotationArgs = {
  namespace: 'shop',
  replicas: 4,
  port: 8080,
  rotatedBy: 'keyturn',
  source: { store: { name: 'vault' }, key: 'shop', provider: 'vault-kv' },
  published: 'token-1',
  podSpec: { containers: [{ name: 'web', image: 'registry.example/shop:1' }] },
  login: { by: 'psql', host: 'db.internal', database: 'shop' },
  drain: { longestRequest: '30s' },
  traffic: { by: 'gateway-api', gateway: { name: 'public' } },
  check: { prometheus: 'http://prometheus:9090', refusedLogins: 'sum(refused)', errorRate: 'sum(failed) / sum(all)' },
};

beforeAll(mockEngine);

async function build(name: string, change: Partial<BlueGreenRotationArgs> = {}) {
  const { lines, options } = lister();
  const rotation = new BlueGreenRotation(name, { ...args, ...change }, options);
  await valueOf(rotation.ready);
  return { rotation, lines };
}

interface Rollout {
  readonly template: { readonly spec: { readonly volumes: { secret?: { secretName: string } }[] } };
  readonly strategy: { readonly canary: Readonly<Record<string, unknown>> };
}
const rolloutOf = (name: string) => inputsOf(`${name}-rollout`)['spec'] as Rollout;

describe('the children of BlueGreenRotation', () => {
  it('have names that never change', async () => {
    expect((await build('web')).lines).toEqual([
      'web: keyturn:kubernetes:BlueGreenRotation',
      'web-login: keyturn:kubernetes:VersionedSecret < web',
      expect.stringMatching(/^web-login-[0-9a-f]{8}: .*ExternalSecret < web-login$/) as string,
      'web-hooks: kubernetes:core/v1:ConfigMap < web',
      'web-stable: kubernetes:core/v1:Service < web',
      'web-canary: kubernetes:core/v1:Service < web',
      'web-route: kubernetes:gateway.networking.k8s.io/v1:HTTPRoute < web',
      'web-check: kubernetes:argoproj.io/v1alpha1:AnalysisTemplate < web',
      'web-rollout: kubernetes:argoproj.io/v1alpha1:Rollout < web',
    ]);
  });

  it('are what the cluster takes', async () => {
    await build('valid', { pending: 'token-2' });
    expect(objectsOf('valid-')).toHaveLength(8);
    for (const object of objectsOf('valid-')) expect(problemsOf(object)).toEqual([]);
    await build('counted', { traffic: { by: 'replicas' }, replicas: 10 });
    for (const object of objectsOf('counted-')) expect(problemsOf(object)).toEqual([]);
  });

  it('move the traffic in three steps with a check after each, and keep blue for its last request', async () => {
    await build('steps');
    const check = { analysis: { templates: [{ templateName: 'steps' }] } };
    expect(rolloutOf('steps').strategy.canary).toMatchObject({
      steps: [{ setWeight: 10 }, check, { setWeight: 50 }, check, { setWeight: 100 }, check],
      maxUnavailable: 0,
      dynamicStableScale: false,
      scaleDownDelaySeconds: 40,
      trafficRouting: { plugins: { 'argoproj-labs/gatewayAPI': { httpRoute: 'steps', namespace: 'shop' } } },
    });
  });

  it('end a step at the first refused login', async () => {
    await build('strict');
    expect(inputsOf('strict-check')['spec']).toMatchObject({
      metrics: [
        { name: 'refused-logins', failureLimit: 0, count: 15, failureCondition: 'len(result) > 0 && result[0] > 0' },
        { name: 'error-rate', failureLimit: 0, failureCondition: 'len(result) > 0 && result[0] > 0.01' },
      ],
    });
  });

  it('pin blue to the published version and green to the pending one, and keep both Secrets', async () => {
    const secretOf = (name: string) =>
      rolloutOf(name).template.spec.volumes.find(({ secret }) => secret)?.secret?.secretName;
    await build('pinned');
    const blue = secretOf('pinned');
    const { lines } = await build('pinned', { pending: 'token-2' });
    const green = secretOf('pinned');
    expect(green).not.toBe(blue);
    for (const each of [blue, green]) expect(lines.join('\n')).toContain(`${each}: `);
    expect(inputsOf(green ?? '')['spec']).toMatchObject({ dataFrom: [{ extract: { key: 'shop.keyturn/token-2' } }] });
  });
});

describe('what BlueGreenRotation refuses', () => {
  it.each<{
    change: Partial<BlueGreenRotationArgs>;
    kind: typeof BlueGreenError | typeof GreenCheckError;
    says: string;
  }>([
    {
      change: { rotatedBy: 'aws-secrets-manager' },
      kind: BlueGreenError,
      says: "Secrets Manager's four steps cannot pause between test and finish",
    },
    {
      change: { traffic: { by: 'replicas' }, replicas: 9 },
      kind: BlueGreenError,
      says: 'A share of 10 % by counting pods needs 10 of them, got 9.',
    },
    { change: { check: { ...args.check, each: '59s' } }, kind: GreenCheckError, says: 'A step of 59s is too short' },
    { change: { check: { ...args.check, mostErrors: 1 } }, kind: GreenCheckError, says: '`mostErrors` has to be' },
  ])('$says', ({ change, kind, says }) => {
    const broken = () => new BlueGreenRotation('refused', { ...args, ...change });
    expect(broken).toThrow(kind);
    expect(broken).toThrow(says);
  });
});
