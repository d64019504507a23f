import { at, number } from '@keyturn/resources';
import { definePolicy, fail, notKnown, pass } from '../policy.js';

export const vaultSecretIdUnlimited = definePolicy({
  facts: {
    id: 'vault-secret-id-unlimited',
    summary: 'Require the secret ids of an AppRole to expire',
    severity: 'medium',
    breaks: 'A secret id that never expires and can be used for ever is a password that nothing rotates.',
    fix: 'Set `secretIdTtl` (seconds), or `secretIdNumUses`.',
  },
  types: ['vault:appRole/authBackendRole:AuthBackendRole'],
  needs: 'resource',
  check({ resource }) {
    const limits = ['secretIdTtl', 'secretIdNumUses'].map((name) => at(resource.properties, name));
    if (limits.some((limit) => (number(limit) ?? 0) > 0)) return pass;
    if (limits.some(({ kind }) => kind === 'unknown'))
      return notKnown(resource, 'how long its secret ids live', 'secretIdTtl');
    return fail(`Secret ids of ${resource.name} never expire and can be used for ever.`, 'secretIdTtl');
  },
});
