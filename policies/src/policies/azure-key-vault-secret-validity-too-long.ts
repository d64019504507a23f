import { at, type Value } from '@keyturn/resources';
import { closed } from '../options.js';
import { definePolicy, fail, notKnown, pass } from '../policy.js';

const day = 86_400_000;

export const azureKeyVaultSecretValidityTooLong = definePolicy<{ readonly maxDays: number }>({
  facts: {
    id: 'azure-key-vault-secret-validity-too-long',
    summary: 'Require secrets of Key Vault to be valid for a limited time',
    severity: 'low',
    breaks: 'A secret that is valid for years is rotated once in years, by somebody who has never done it.',
    fix: 'Shorten the time between activation and expiry, and rotate on the event `SecretNearExpiry`.',
  },
  types: ['azure:keyvault/secret:Secret', 'azure-native:keyvault*:Secret'],
  needs: 'resource',
  options: closed({
    maxDays: {
      type: 'integer',
      description: 'Longest time from activation to expiry, in days.',
      minimum: 1,
      maximum: 3650,
      default: 365,
    },
  }),
  check({ resource, options }) {
    const native = resource.type.startsWith('azure-native:');
    const attributes = native ? at(resource.properties, 'properties', 'attributes') : resource.properties;
    const from = at(attributes, native ? 'notBefore' : 'notBeforeDate');
    const to = at(attributes, native ? 'expires' : 'expirationDate');
    const property = native ? 'properties.attributes.expires' : 'expirationDate';
    if (from.kind === 'absent' || to.kind === 'absent') return pass;
    const [start, end] = [timeOf(from), timeOf(to)];
    if (start === undefined || end === undefined) return notKnown(resource, 'for how long it is valid', property);
    const days = Math.ceil((end - start) / day);
    return days <= options.maxDays
      ? pass
      : fail(
          `The secret ${resource.name} is valid for ${days} days, and the limit is ${options.maxDays}.`,
          property,
          to,
        );
  },
});

/** A date, or seconds since 1970. */
function timeOf(value: Value): number | undefined {
  if (value.kind !== 'known') return undefined;
  const time = typeof value.value === 'number' ? value.value * 1_000 : Date.parse(String(value.value));
  return Number.isNaN(time) ? undefined : time;
}
