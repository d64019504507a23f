import { at } from '@keyturn/resources';
import { definePolicy, fail, notKnown, pass } from '../policy.js';
import { isWritten } from '../truth.js';

const path: Readonly<Record<string, readonly string[]>> = { 'azure:keyvault/secret:Secret': ['expirationDate'] };
const native = ['properties', 'attributes', 'expires'];

export const azureKeyVaultSecretNoExpiry = definePolicy({
  facts: {
    id: 'azure-key-vault-secret-no-expiry',
    summary: 'Require secrets of Key Vault to expire',
    severity: 'medium',
    breaks:
      'Key Vault announces a secret that is about to expire, and so starts its rotation; without a date it stays for ever.',
    fix: 'Set its expiry, and rotate on the event `SecretNearExpiry`.',
    equivalents: ['CKV_AZURE_41', 'AZU-0017'],
  },
  types: ['azure:keyvault/secret:Secret', 'azure-native:keyvault*:Secret'],
  needs: 'resource',
  check({ resource }) {
    const where = path[resource.type] ?? native;
    const written = isWritten(at(resource.properties, ...where));
    if (written === 'yes') return pass;
    if (written === 'unknown') return notKnown(resource, 'when it expires', where.join('.'));
    return fail(`The secret ${resource.name} never expires.`, where.join('.'));
  },
});
