import type { StoreKind } from '../kind.js';
import { vaultAccess, type VaultAccessConfig, vaultAccessProperties } from './vault-access.js';

interface VaultStaticConfig extends VaultAccessConfig {
  readonly selector: string;
  readonly selectorMount?: string;
  readonly databaseMount?: string;
}

const text = { type: 'string', minLength: 1 } as const;

export const vaultStatic: StoreKind<VaultStaticConfig> = {
  kind: 'vault-static',
  description: 'Two static roles of Vault or OpenBao, which makes the passwords, and a selector of the current one.',
  required: ['selector'],
  properties: {
    selector: { ...text, description: 'The selector that applications read: the name of the VaultStaticRolePair.' },
    selectorMount: { ...text, description: 'KV version 2 engine of the selector. Default: secret.' },
    databaseMount: {
      ...text,
      description: 'Database engine; its static roles are called as the users. Default: database.',
    },
    ...vaultAccessProperties,
  },
  rights: ({ selector, selectorMount = 'secret', databaseMount = 'database' }, users) => [
    `path "${selectorMount}/data/${selector}" { capabilities = ["create", "read", "update"] }`,
    ...users.flatMap((user) => [
      `path "${databaseMount}/static-creds/${user}" { capabilities = ["read"] }`,
      `path "${databaseMount}/rotate-role/${user}" { capabilities = ["update"] }`,
    ]),
  ],
  async make(config, setting) {
    const { VaultStaticStore } = await import('@keyturn/rotation/vault');
    const { selector, selectorMount, databaseMount } = config;
    return new VaultStaticStore({
      selector,
      ...vaultAccess('vault-static', config, setting),
      ...(selectorMount !== undefined && { selectorMount }),
      ...(databaseMount !== undefined && { databaseMount }),
    });
  },
};
