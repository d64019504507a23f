import { at } from '@keyturn/resources';
import { definePolicy, fail, notKnown, pass } from '../policy.js';
import { isWritten } from '../truth.js';

export const azureKeyVaultKeyNoRotation = definePolicy({
  facts: {
    id: 'azure-key-vault-key-no-rotation',
    summary: 'Require keys of Key Vault to have a rotation policy',
    severity: 'medium',
    breaks: 'The key is turned by hand, or never.',
    fix: 'Set its rotation policy.',
    equivalents: ['keyvault_key_rotation_enabled'],
  },
  types: ['azure:keyvault/key:Key', 'azure-native:keyvault*:Key'],
  needs: 'resource',
  check({ resource }) {
    const where = resource.type.startsWith('azure:') ? ['rotationPolicy'] : ['properties', 'rotationPolicy'];
    const written = isWritten(at(resource.properties, ...where));
    if (written === 'yes') return pass;
    if (written === 'unknown') return notKnown(resource, 'whether it is rotated', where.join('.'));
    return fail(`The key ${resource.name} has no rotation policy.`, where.join('.'));
  },
});
