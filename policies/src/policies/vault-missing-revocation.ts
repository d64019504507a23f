import { at } from '@keyturn/resources';
import { definePolicy, fail, notKnown, pass } from '../policy.js';
import { isWritten } from '../truth.js';

export const vaultMissingRevocation = definePolicy({
  facts: {
    id: 'vault-missing-revocation',
    summary: 'Require dynamic roles to say how their users are taken away',
    severity: 'low',
    breaks:
      'What Vault does by itself leaves open sessions alone, and fails for a user that owns something: the user outlives its lease.',
    fix: 'Write `revocationStatements` that stop logins, end sessions, give away what the user owns, and drop it.',
    component: 'VaultDynamicDatabase',
  },
  types: ['vault:database/secretBackendRole:SecretBackendRole'],
  needs: 'resource',
  check({ resource }) {
    const statements = at(resource.properties, 'revocationStatements');
    const written = isWritten(statements);
    if (written === 'yes') return pass;
    if (written === 'unknown') return notKnown(resource, 'how its users are taken away', 'revocationStatements');
    return fail(`${resource.name} does not say how its users are taken away.`, 'revocationStatements', statements);
  },
});
