import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { evaluate } from '@keyturn/policies';
import { type Recording, recordProgram } from '@keyturn/recorder';
import { leaves } from '@keyturn/resources';
import { beforeAll, describe, expect, it } from 'vitest';

import { greenAnswer } from '../examples/blue-green-eks/green.mjs';

const root = path.resolve(import.meta.dirname, '..');
const examples = path.join(root, 'examples');
const names = readdirSync(examples).filter((name) => readdirSync(path.join(examples, name)).includes('Pulumi.yaml'));
const recordings = new Map<string, Recording>();

beforeAll(async () => {
  for (const name of names) recordings.set(name, await recordProgram({ directory: path.join(examples, name) }));
});

function recordingOf(name: string): Recording {
  const recording = recordings.get(name);
  if (!recording) throw new Error(`${name} was not recorded`);
  return recording;
}

it('are all there', () => {
  expect(names).toEqual([
    'azure',
    'blue-green-eks',
    'laptop',
    'rds-mysql-proxy',
    'rds-postgres-lambda',
    'vault-postgres-kubernetes',
  ]);
});

describe.each(names)('the example %s', (name) => {
  it('has no type error', () => {
    execFileSync('npx', ['--no-install', 'tsc', '-p', path.join(examples, name)], { cwd: root, stdio: 'pipe' });
  });

  it('runs to its end without asking anything of the network', () => {
    const { ended, reason, refused, notAnalysed, resources } = recordingOf(name);
    expect({ ended, reason, refused }).toEqual({ ended: 'complete', reason: undefined, refused: [] });
    // Names that AWS makes up are only known during the deployment.
    expect(notAnalysed.filter(({ what }) => !/^\d+ apply callbacks?$/.test(what))).toEqual([]);
    expect(resources.length).toBeGreaterThan(4);
  });

  it('is clean under every policy', () => {
    expect(evaluate(recordingOf(name), { preset: 'strict' }).findings).toEqual([]);
  });

  it('holds no password: nothing that is secret but what is worthless after the first up', () => {
    const held = recordingOf(name).resources.flatMap(({ name: resource, properties }) =>
      [...leaves(properties)].filter(({ value }) => value.secret).map(({ path: at }) => `${resource}: ${at.join('.')}`),
    );
    // The selector and the call of rotate-root are secret to the SDK, and hold no credential.
    const harmless = ['shop-selector: dataJson', 'shop-db-rotate-root: dataJson'];
    expect(held.filter((leaf) => !harmless.includes(leaf))).toEqual(
      name === 'vault-postgres-kubernetes' ? ['shop-db-connection: postgresql.passwordWo'] : [],
    );
  });

  // Who renames a child gives it the older name as an alias, or every stack that has it makes it anew: a secret, a key, a user.
  it('makes its resources under the names that deployed stacks have', async () => {
    const urns = recordingOf(name).resources.map(({ urn }) =>
      urn.replace(/^urn:pulumi:[^:]+::[^:]+::/, '').replace(/-[0-9a-f]{8}$/, '-hash'),
    );
    await expect(`${urns.sort().join('\n')}\n`).toMatchFileSnapshot(path.join('urns', `${name}.txt`));
  });

  it('is said on one screen', () => {
    const lines = readFileSync(path.join(examples, name, 'README.md'), 'utf8')
      .trimEnd()
      .split('\n');
    expect(lines.length).toBeLessThanOrEqual(45);
  });
});

describe('the blue-green example', () => {
  const metadata = { generation: 7, annotations: { 'keyturn.dev/version': 'green' } };
  it.each([
    { phase: 'Healthy', seen: '7', version: 'green', says: undefined },
    { phase: 'Paused', seen: '7', version: 'green', says: 'the rollout is Paused' },
    { phase: 'Degraded', seen: '7', version: 'green', says: 'the rollout is Degraded' },
    { phase: 'Healthy', seen: '6', version: 'green', says: 'Argo has not seen the rollout yet' },
    {
      phase: 'Healthy',
      seen: '7',
      version: 'greener',
      says: 'the rollout has the version green: pulumi config set pending greener, pulumi up',
    },
  ])('answers $says when the rollout of $version is $phase', ({ phase, seen, version, says }) => {
    expect(greenAnswer({ metadata, status: { phase, observedGeneration: seen } }, version)).toBe(says);
  });

  it('pins blue and green by the versions of Secrets Manager', () => {
    const pinned = recordingOf('blue-green-eks').resources.filter(({ properties }) =>
      JSON.stringify([...leaves(properties)].map(({ value }) => value)).includes('uuid/'),
    );
    expect(pinned.map(({ name }) => name)).toHaveLength(2);
  });
});

describe('the laptop example', () => {
  it('rotates three times under load without failing a query', () => {
    const printed = execFileSync(
      'npx',
      ['--no-install', 'tsx', '--conditions=keyturn-source', path.join(examples, 'laptop/run.mts')],
      { cwd: root, encoding: 'utf8' },
    );
    expect(
      printed
        .replaceAll(/packed \d+/g, 'packed …')
        .trimEnd()
        .split('\n'),
    ).toEqual([
      'made shop_a and shop_b, which cannot log in yet',
      'generation 2: shop_b is published, shop_a is retired',
      'generation 3: shop_a is published, shop_b is retired',
      'generation 4: shop_b is published, shop_a is retired',
      'shop_a packed … parcels',
      'shop_b packed … parcels',
      'failed queries: 0',
    ]);
  });
});
