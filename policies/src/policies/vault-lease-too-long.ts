import { at, number } from '@keyturn/resources';
import { closed } from '../options.js';
import { definePolicy, fail, notKnown, pass } from '../policy.js';

const hour = 3_600;

export const vaultLeaseTooLong = definePolicy<{ readonly maxHours: number }>({
  facts: {
    id: 'vault-lease-too-long',
    summary: 'Require dynamic database credentials to live for a short time',
    severity: 'medium',
    breaks: 'A dynamic credential that lives for weeks is a static one that nobody knows of.',
    fix: 'Lower `maxTtl` and `defaultTtl` (seconds).',
  },
  types: ['vault:database/secretBackendRole:SecretBackendRole'],
  needs: 'resource',
  options: closed({
    maxHours: {
      type: 'integer',
      description: 'Longest life of a credential, in hours. The default is the default of Vault itself.',
      minimum: 1,
      maximum: 8760,
      default: 768,
    },
  }),
  check({ resource, options }) {
    const longest = at(resource.properties, 'maxTtl');
    const first = at(resource.properties, 'defaultTtl');
    const max = number(longest) ?? 0;
    const initial = number(first) ?? 0;
    if (max > options.maxHours * hour || initial > options.maxHours * hour) {
      const [property, seconds, value] =
        max > options.maxHours * hour ? ['maxTtl', max, longest] : ['defaultTtl', initial, first];
      return fail(
        `Credentials of ${resource.name} can live for ${Math.round(Number(seconds) / hour)} hours, and the limit is ${options.maxHours}.`,
        String(property),
        typeof value === 'object' ? value : undefined,
      );
    }
    if (max > 0 && initial > max) {
      return fail(
        `${resource.name} has a \`defaultTtl\` of ${initial} s, which its \`maxTtl\` of ${max} s cuts short.`,
        'defaultTtl',
        first,
      );
    }
    return longest.kind === 'unknown' || first.kind === 'unknown'
      ? notKnown(resource, 'how long its credentials live', 'maxTtl')
      : pass;
  },
});
