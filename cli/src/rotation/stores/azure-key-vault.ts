import type { Duration } from '@keyturn/plan';

import { UsageError } from '../../errors.js';
import type { StoreKind } from '../kind.js';

interface AzureKeyVaultConfig {
  readonly vault: string;
  readonly name: string;
  readonly validFor?: Duration;
}

const text = { type: 'string', minLength: 1 } as const;

export const azureKeyVault: StoreKind<AzureKeyVaultConfig> = {
  kind: 'azure-key-vault',
  description: 'A secret in Azure Key Vault; the login comes from where DefaultAzureCredential looks for it.',
  required: ['vault', 'name'],
  properties: {
    vault: {
      ...text,
      pattern: '^https://',
      description: 'Address of the vault, such as https://orders.vault.azure.net.',
    },
    name: { ...text, description: 'The secret that applications read.' },
    validFor: {
      ...text,
      description: 'After how long a published version expires, such as 90d. Default: it does not.',
    },
  },
  rights: ({ vault, name }) => [
    `the role "Key Vault Secrets Officer" on ${vault.replace(/\/$/, '')}/secrets/${name} and …/secrets/${name}-keyturn, or get, list and set in an access policy`,
  ],
  async make({ vault, name, validFor }) {
    const [{ AzureKeyVaultStore }, { SecretClient }, { DefaultAzureCredential }] = await Promise.all([
      import('@keyturn/rotation/azure-key-vault'),
      needed('@azure/keyvault-secrets', async () => await import('@azure/keyvault-secrets')),
      needed('@azure/identity', async () => await import('@azure/identity')),
    ]);
    const client = new SecretClient(vault, new DefaultAzureCredential());
    return new AzureKeyVaultStore({ client, name, ...(validFor !== undefined && { validFor }) });
  },
};

async function needed<Module>(name: string, load: () => Promise<Module>): Promise<Module> {
  try {
    return await load();
  } catch (cause) {
    throw new UsageError(`The store azure-key-vault needs the package ${name}. Run: npm install ${name}`, { cause });
  }
}
