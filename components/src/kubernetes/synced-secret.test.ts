import { annotations, PlanError } from '@keyturn/plan';
import { beforeAll, describe, expect, it } from 'vitest';

import { TransformError } from '../transform.js';
import { inputsOf, lister, mockEngine, valueOf } from './building.testing.js';
import { missingSchemaOf, problemsOf } from './strict.testing.js';
import { DeliveryError } from './synced/delivery.js';
import { SyncedSecret, type SyncedSecretArgs } from './synced-secret.js';

const plan = { every: '30 days', consumers: [{ name: 'web', chain: [{ kind: 'pool', longest: '30m' }] }] } as const;
const ways = {
  eso: { kind: 'external-secrets', store: { name: 'aws' }, key: 'shop', provider: 'aws-secrets-manager' },
  vso: { kind: 'vault-secrets-operator', path: 'shop', restarts: [{ kind: 'Deployment', name: 'web' }] },
  csi: { kind: 'secrets-store-csi', pollInterval: '2m', provider: { name: 'aws', secretId: 'shop' } },
  csiVault: { kind: 'secrets-store-csi', pollInterval: '2m', provider: { name: 'vault', role: 'web', path: 'shop' } },
  agent: { kind: 'vault-agent-injector', role: 'web', path: 'shop', command: 'kill -HUP 1' },
} as const satisfies Record<string, SyncedSecretArgs['by']>;

beforeAll(mockEngine);

const args = (by: SyncedSecretArgs['by'], change: Partial<SyncedSecretArgs> = {}): SyncedSecretArgs => ({
  namespace: 'shop',
  by,
  plan,
  ...change,
});

async function build(name: string, given: SyncedSecretArgs) {
  const { lines, options } = lister();
  const secret = new SyncedSecret(name, given, options);
  await valueOf(secret.ready);
  return { secret, lines };
}

describe('the children of SyncedSecret', () => {
  it.each([
    { way: 'eso', token: 'external-secrets.io/v1:ExternalSecret' },
    { way: 'vso', token: 'secrets.hashicorp.com/v1beta1:VaultStaticSecret' },
    { way: 'csi', token: 'secrets-store.csi.x-k8s.io/v1:SecretProviderClass' },
  ] as const)('have names that never change ($way)', async ({ way, token }) => {
    const { lines } = await build(`kept-${way}`, args(ways[way]));
    expect(lines).toEqual([
      `kept-${way}: keyturn:kubernetes:SyncedSecret`,
      `kept-${way}-object: kubernetes:${token} < kept-${way}`,
    ]);
  });

  it('are none where a pod is annotated', async () => {
    expect((await build('bare', args(ways.agent))).lines).toEqual(['bare: keyturn:kubernetes:SyncedSecret']);
  });

  it.for(['eso', 'vso', 'csi', 'csiVault'] as const)('are what the cluster takes (%s)', async (way, context) => {
    for (const previous of [false, true]) {
      if (previous && (way === 'vso' || way === 'csiVault')) continue;
      const name = `valid-${way}-${previous}`;
      await build(name, args(ways[way], { previous }));
      const object = inputsOf(`${name}-object`);
      const missing = missingSchemaOf(String(object['kind']));
      if (missing !== undefined) context.skip(missing);
      expect(problemsOf(object)).toEqual([]);
    }
  });

  it('say their plan, with the links that they add', async () => {
    const { secret } = await build('told', args(ways.eso));
    const metadata = inputsOf('told-object')['metadata'] as { annotations: Record<string, string> };
    expect(JSON.parse(metadata.annotations[annotations.plan] ?? '')).toEqual(await valueOf(secret.plan));
    expect((await valueOf(secret.plan)).consumers[0]?.chain.map(({ name, kind }) => name ?? kind)).toEqual([
      'External Secrets refresh',
      'kubelet',
      'pool',
    ]);
  });
});

describe('External Secrets', () => {
  it('reads each version in one piece', async () => {
    await build('pieces', args(ways.eso, { previous: true }));
    expect(inputsOf('pieces-object')['spec']).toMatchObject({
      refreshInterval: '15m',
      dataFrom: [
        { extract: { key: 'shop' } },
        {
          extract: { key: 'shop', version: 'AWSPREVIOUS' },
          rewrite: [{ regexp: { source: '(.*)', target: 'previous-$1' } }],
        },
      ],
    });
    expect(inputsOf('pieces-object')['spec']).not.toHaveProperty('data');
  });

  it('follows a plan that is short of time', async () => {
    const hourly = { every: '1h', consumers: plan.consumers } as const;
    await build('hourly', args(ways.eso, { plan: hourly }));
    expect(inputsOf('hourly-object')['spec']).toMatchObject({ refreshInterval: '6m45s' });
  });
});

it('delivers by the agent both credentials in one file', async () => {
  const { secret } = await build('agent', args(ways.agent, { previous: true, secretName: 'db' }));
  expect(secret.delivery).toMatchObject({
    kind: 'agent',
    file: '/vault/secrets/db',
    podAnnotations: {
      'vault.hashicorp.com/agent-inject': 'true',
      'vault.hashicorp.com/agent-inject-secret-db': 'secret/data/shop',
      'vault.hashicorp.com/agent-inject-command-db': 'kill -HUP 1',
      'vault.hashicorp.com/template-static-secret-render-interval': '15m',
    },
  });
});

describe('what SyncedSecret refuses', () => {
  const polls = (pollInterval: '2m' | '1h') => args({ ...ways.csi, pollInterval }, { plan: { ...plan, every: '1h' } });

  it('is a driver that looks too seldom for the plan', async () => {
    expect(() => new SyncedSecret('seldom', polls('1h'))).toThrow(
      new PlanError(
        'Rotating every 1h is faster than the smallest safe interval of 1h 31m (longest lifetime 1h 30m + soak 0ms + run time 1m; ' +
          'web: store → CSI driver poll 1h → pool 30m (1h 30m in all)). Rotate less often, or shorten a link.',
      ),
    );
    await build('often', polls('2m'));
  });

  it.each([
    { way: 'vso', says: 'The Vault Secrets Operator reads a previous version by its number only' },
    { way: 'csiVault', says: "Vault's CSI provider reads a previous version by its number only" },
  ] as const)('is the previous credential where only a number names it ($way)', ({ way, says }) => {
    const broken = () => new SyncedSecret('numbered', args(ways[way], { previous: true }));
    expect(broken).toThrow(DeliveryError);
    expect(broken).toThrow(says);
  });

  it('is the previous credential of a store without labels', () => {
    const by = { kind: 'external-secrets', store: { name: 'vault' }, key: 'shop' } as const;
    expect(() => new SyncedSecret('unlabelled', args(by, { previous: true }))).toThrow(DeliveryError);
  });

  it('is a transform that slows the refresh down', () => {
    const slow = { spec: { refreshInterval: '24h' } };
    expect(() => new SyncedSecret('slowed', args(ways.eso, { transform: { object: slow } }))).toThrow(
      new TransformError(
        'The transform of "slowed-object" changes `spec.refreshInterval`: the plan counts on it. Use `refresh`. Leave it as it is.',
      ),
    );
  });
});
