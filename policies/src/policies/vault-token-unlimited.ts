import { at, type Value } from '@keyturn/resources';
import { definePolicy, fail, notKnown, pass } from '../policy.js';
import { isWritten } from '../truth.js';

const limits = ['ttl', 'explicitMaxTtl', 'period', 'numUses'] as const;

export const vaultTokenUnlimited = definePolicy({
  facts: {
    id: 'vault-token-unlimited',
    summary: 'Require tokens of Vault to have a time to live of their own',
    severity: 'medium',
    breaks:
      'The token lives as long as the mount allows, 32 days where nobody changed it, and is in the state of the stack all the while.',
    fix: 'Set `ttl`, or `period` for one that is renewed, or let the workload log in by its own identity.',
  },
  types: ['vault:index/token:Token'],
  needs: 'resource',
  check({ resource }) {
    const written = limits.map((name) => limitOf(at(resource.properties, name)));
    if (written.includes('yes')) return pass;
    if (written.includes('unknown')) return notKnown(resource, 'how long it lives', 'ttl');
    return fail(`The token ${resource.name} has no time to live of its own.`, 'ttl');
  },
});

function limitOf(value: Value): 'yes' | 'no' | 'unknown' {
  return value.kind === 'known' && /^0[a-z]*$/.test(String(value.value)) ? 'no' : isWritten(value);
}
