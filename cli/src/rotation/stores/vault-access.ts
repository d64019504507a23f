import { UsageError } from '../../errors.js';
import type { Setting } from '../kind.js';
import { readSecret, referenceSchema, type SecretReference } from '../secret.js';

/** How a configuration says where Vault or OpenBao is. */
export interface VaultAccessConfig {
  readonly address?: string;
  readonly namespace?: string;
  readonly token?: SecretReference;
}

const text = { type: 'string', minLength: 1 } as const;

export const vaultAccessProperties = {
  address: { ...text, description: 'Such as https://vault.internal:8200. Default: VAULT_ADDR.' },
  namespace: text,
  token: referenceSchema('Default: the environment variable VAULT_TOKEN.'),
};

/** @throws UsageError when there is no address. */
export function vaultAccess(
  kind: string,
  { address, namespace, token = { env: 'VAULT_TOKEN' } }: VaultAccessConfig,
  setting: Setting,
): { readonly address: string; readonly namespace?: string; readonly token: () => Promise<string> } {
  const at = address ?? setting.env['VAULT_ADDR'];
  if (at === undefined || at === '')
    throw new UsageError(`The store ${kind} needs "address", or the environment variable VAULT_ADDR.`);
  return {
    address: at,
    token: () => Promise.resolve(readSecret('The Vault token', token, setting)),
    ...(namespace !== undefined && { namespace }),
  };
}
