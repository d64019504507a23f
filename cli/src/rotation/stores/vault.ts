import { UsageError } from '../../errors.js';
import type { StoreKind } from '../kind.js';
import { type SecretReference, readSecret, referenceSchema } from '../secret.js';

interface VaultConfig {
  readonly path: string;
  readonly address?: string;
  readonly mount?: string;
  readonly namespace?: string;
  readonly token?: SecretReference;
}

const text = { type: 'string', minLength: 1 } as const;

export const vault: StoreKind<VaultConfig> = {
  kind: 'vault',
  description: 'A secret of a KV version 2 engine of Vault or OpenBao.',
  required: ['path'],
  properties: {
    path: { ...text, description: 'The secret that applications read, without mount and "data/".' },
    address: { ...text, description: 'Such as https://vault.internal:8200. Default: VAULT_ADDR.' },
    mount: { ...text, description: 'Default: secret.' },
    namespace: text,
    token: referenceSchema('Default: the environment variable VAULT_TOKEN.'),
  },
  rights: ({ path, mount = 'secret' }) => [
    `path "${mount}/data/${path}" { capabilities = ["create", "read", "update"] }`,
    `path "${mount}/data/${path}.keyturn/*" { capabilities = ["create", "read", "update"] }`,
    `path "${mount}/metadata/${path}.keyturn" { capabilities = ["list"] }`,
    `path "${mount}/metadata/${path}.keyturn/*" { capabilities = ["delete", "list"] }`,
  ],
  async make({ path, address, mount, namespace, token = { env: 'VAULT_TOKEN' } }, setting) {
    const { VaultKvStore } = await import('@keyturn/rotation/vault');
    const at = address ?? setting.env['VAULT_ADDR'];
    if (at === undefined || at === '')
      throw new UsageError('The store vault needs "address", or the environment variable VAULT_ADDR.');
    return new VaultKvStore({
      path,
      address: at,
      token: () => Promise.resolve(readSecret('The Vault token', token, setting)),
      ...(mount !== undefined && { mount }),
      ...(namespace !== undefined && { namespace }),
    });
  },
};
