import { at } from '@keyturn/resources';
import { isNever } from '../graph/kubernetes-sources.js';
import { definePolicy, fail, notKnown, pass } from '../policy.js';
import { truthOf } from '../truth.js';

export const k8sVaultSecretNotRefreshed = definePolicy({
  facts: {
    id: 'k8s-vault-secret-not-refreshed',
    summary: 'Require static secrets of the Vault Secrets Operator to be read again',
    severity: 'high',
    breaks: 'The operator reads the secret once; the cluster keeps the withdrawn password.',
    fix: 'Set `refreshAfter`, or `syncConfig.instantUpdates`.',
  },
  types: ['kubernetes:secrets.hashicorp.com/*:VaultStaticSecret'],
  needs: 'resource',
  check({ resource }) {
    const spec = at(resource.properties, 'spec');
    const after = at(spec, 'refreshAfter');
    const instant = truthOf(at(spec, 'syncConfig', 'instantUpdates'));
    if (instant === 'on') return pass;
    if (after.kind !== 'absent' && after.kind !== 'unknown' && !isNever(after)) return pass;
    if (spec.kind === 'unknown' || after.kind === 'unknown' || instant === 'unknown') {
      return notKnown(resource, 'how often it is read', 'spec.refreshAfter');
    }
    return fail(`VaultStaticSecret ${resource.name} is read once, and never again.`, 'spec.refreshAfter', after);
  },
});
