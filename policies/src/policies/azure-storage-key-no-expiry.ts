import { at, number } from '@keyturn/resources';
import { closed } from '../options.js';
import { definePolicy, fail, notKnown, pass } from '../policy.js';
import { truthOf } from '../truth.js';

export const azureStorageKeyNoExpiry = definePolicy<{ readonly maxDays: number }>({
  facts: {
    id: 'azure-storage-key-no-expiry',
    summary: 'Require keys of storage accounts to expire, or not to be used at all',
    severity: 'low',
    breaks: 'Nothing reminds anybody to rotate the two keys, each of which opens everything in the account.',
    fix: 'Set `keyPolicy.keyExpirationPeriodInDays`, or switch `allowSharedKeyAccess` off.',
    equivalents: ['storage_key_rotation_90_days'],
  },
  types: ['azure-native:storage*:StorageAccount'],
  needs: 'resource',
  options: closed({
    maxDays: {
      type: 'integer',
      description: 'Longest time between two rotations, in days.',
      minimum: 1,
      maximum: 365,
      default: 90,
    },
  }),
  check({ resource, options }) {
    const shared = truthOf(at(resource.properties, 'allowSharedKeyAccess'));
    if (shared === 'off') return pass;
    const period = at(resource.properties, 'keyPolicy', 'keyExpirationPeriodInDays');
    const days = number(period);
    if (days !== undefined && days > 0 && days <= options.maxDays) return pass;
    if (period.kind === 'unknown' || shared === 'unknown') {
      return notKnown(resource, 'when its keys expire', 'keyPolicy.keyExpirationPeriodInDays');
    }
    const message =
      days === undefined || days <= 0
        ? `The keys of ${resource.name} never expire.`
        : `The keys of ${resource.name} expire after ${days} days, and the limit is ${options.maxDays}.`;
    return fail(message, 'keyPolicy.keyExpirationPeriodInDays', period);
  },
});
