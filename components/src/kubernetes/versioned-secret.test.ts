import { beforeAll, describe, expect, it } from 'vitest';

import { TransformError } from '../transform.js';
import { inputsOf, lister, mockEngine, valueOf } from './building.testing.js';
import { problemsOf } from './strict.testing.js';
import { VersionedSecret, type VersionedSecretArgs, VersionError } from './versioned-secret.js';

const args: VersionedSecretArgs = {
  namespace: 'shop',
  source: { store: { name: 'aws' }, key: 'shop/db', provider: 'aws-secrets-manager' },
  version: '11111111-aaaa',
};

beforeAll(mockEngine);

async function build(name: string, change: Partial<VersionedSecretArgs> = {}) {
  const { lines, options } = lister();
  const secret = new VersionedSecret(name, { ...args, ...change }, options);
  await valueOf(secret.ready);
  return { secret, lines };
}

describe('the children of VersionedSecret', () => {
  it('have names that never change', async () => {
    expect((await build('db', { kept: ['00000000-zzzz'] })).lines).toEqual([
      'db: keyturn:kubernetes:VersionedSecret',
      'db-2061bac3: kubernetes:external-secrets.io/v1:ExternalSecret < db',
      'db-54f3cd6a: kubernetes:external-secrets.io/v1:ExternalSecret < db',
    ]);
  });

  it('stay as they are when a version is superseded', async () => {
    await build('before');
    const { secret } = await build('before', { version: '22222222-bbbb', kept: ['11111111-aaaa'] });
    const held = (await valueOf(secret.secretNames))['11111111-aaaa'] ?? '';
    expect(inputsOf(held)['spec']).toMatchObject({
      refreshPolicy: 'OnChange',
      target: { name: held, immutable: true },
      dataFrom: [{ extract: { key: 'shop/db', version: 'uuid/11111111-aaaa' } }],
    });
    expect(secret.delivery.secretName).not.toBe(held);
  });

  it('are what the cluster takes, from Vault too', async () => {
    const source = { ...args.source, provider: 'vault-kv' } as const;
    for (const change of [{}, { source }]) {
      const { secret } = await build('valid', change);
      expect(problemsOf(inputsOf(secret.delivery.secretName))).toEqual([]);
    }
    const { secret } = await build('valid', { source });
    expect(inputsOf(secret.delivery.secretName)['spec']).toMatchObject({
      dataFrom: [{ extract: { key: 'shop/db.keyturn/11111111-aaaa' } }],
    });
  });
});

describe('what VersionedSecret refuses', () => {
  it.each([
    {
      kept: ['11111111-aaaa'],
      says: 'Version "11111111-aaaa" stands twice. `kept` holds the versions beside the one that new pods get.',
    },
    { kept: [''], says: 'A version has no id. Write the id that the store gave it.' },
  ])('$says', ({ kept, says }) => {
    expect(() => new VersionedSecret('refused', { ...args, kept })).toThrow(new VersionError(says));
  });

  it('is a transform that lets a version change', () => {
    const transform = { versions: { spec: { target: { immutable: false } } } };
    expect(() => new VersionedSecret('changed', { ...args, transform })).toThrow(TransformError);
  });
});
