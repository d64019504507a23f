import { componentTypes } from '@keyturn/plan';
import { at } from '@keyturn/resources';
import { definePolicy, fail, notKnown, pass } from '../policy.js';
import { isWritten } from '../truth.js';

export const vaultStaticRoleInPlace = definePolicy({
  facts: {
    id: 'vault-static-role-in-place',
    summary: 'Disallow single static roles of Vault, whose password is changed while applications use it',
    severity: 'medium',
    breaks:
      'Vault changes the password in place: from that moment until the last application has read the new one, logins are refused.',
    fix: 'Use a dynamic role, or two static roles of which one is idle.',
    component: 'VaultStaticRolePair',
  },
  types: ['vault:database/secretBackendStaticRole:SecretBackendStaticRole'],
  needs: 'graph',
  check({ resource, graph }) {
    const parent = resource.parent === undefined ? undefined : graph.byUrn(resource.parent);
    if (parent?.type === componentTypes.vaultStaticRolePair) return pass;
    const rotated = ['rotationPeriod', 'rotationSchedule'].map((name) => isWritten(at(resource.properties, name)));
    if (!rotated.includes('yes')) {
      return rotated.includes('unknown') ? notKnown(resource, 'whether it is rotated', 'rotationPeriod') : pass;
    }
    return fail(
      `${resource.name} changes the password of one user, without an overlap.`,
      'rotationPeriod',
      at(resource.properties, 'rotationPeriod'),
    );
  },
});
