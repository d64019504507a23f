import type { StoreKind } from '../kind.js';
import { vaultAccess, type VaultAccessConfig, vaultAccessProperties } from './vault-access.js';

interface VaultConfig extends VaultAccessConfig {
  readonly path: string;
  readonly mount?: string;
}

const text = { type: 'string', minLength: 1 } as const;

export const vault: StoreKind<VaultConfig> = {
  kind: 'vault',
  description: 'A secret of a KV version 2 engine of Vault or OpenBao.',
  required: ['path'],
  properties: {
    path: { ...text, description: 'The secret that applications read, without mount and "data/".' },
    mount: { ...text, description: 'Default: secret.' },
    ...vaultAccessProperties,
  },
  rights: ({ path, mount = 'secret' }) => [
    `path "${mount}/data/${path}" { capabilities = ["create", "read", "update"] }`,
    `path "${mount}/data/${path}.keyturn/*" { capabilities = ["create", "read", "update"] }`,
    `path "${mount}/metadata/${path}.keyturn" { capabilities = ["list"] }`,
    `path "${mount}/metadata/${path}.keyturn/*" { capabilities = ["delete", "list"] }`,
  ],
  async make(config, setting) {
    const { VaultKvStore } = await import('@keyturn/rotation/vault');
    const { path, mount } = config;
    return new VaultKvStore({ path, ...vaultAccess('vault', config, setting), ...(mount !== undefined && { mount }) });
  },
};
