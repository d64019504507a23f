import { at, text } from '@keyturn/resources';
import { closed } from '../options.js';
import { definePolicy, fail, notApplicable, notKnown, pass } from '../policy.js';
import { secondsIn } from '../seconds.js';

const day = 86_400;

export const gcpKmsKeyNoRotation = definePolicy<{ readonly maxDays: number }>({
  facts: {
    id: 'gcp-kms-key-no-rotation',
    summary: 'Require symmetric keys of Cloud KMS to be rotated, and often enough',
    severity: 'medium',
    breaks:
      'Everything that was ever encrypted depends on one key; turning it by hand means encrypting all of it again.',
    fix: 'Set `rotationPeriod`.',
    equivalents: ['CKV_GCP_43', 'GCP-0065', 'kms_key_rotation_max_90_days'],
  },
  types: ['gcp:kms/cryptoKey:CryptoKey'],
  needs: 'resource',
  options: closed({
    maxDays: {
      type: 'integer',
      description: 'Longest time between two rotations, in days.',
      minimum: 1,
      maximum: 3650,
      default: 90,
    },
  }),
  check({ resource, options }) {
    const purpose = at(resource.properties, 'purpose');
    const period = at(resource.properties, 'rotationPeriod');
    if (![undefined, 'ENCRYPT_DECRYPT'].includes(text(purpose)))
      return notApplicable('Cloud KMS rotates only symmetric keys');
    if (period.kind === 'unknown' || purpose.kind === 'unknown')
      return notKnown(resource, 'how often it is rotated', 'rotationPeriod');
    const seconds = secondsIn(period);
    if (seconds === undefined) return fail(`The key ${resource.name} is never rotated.`, 'rotationPeriod', period);
    const days = Math.round((seconds / day) * 10) / 10;
    return days <= options.maxDays
      ? pass
      : fail(
          `The key ${resource.name} is rotated every ${days} days, and the limit is ${options.maxDays}.`,
          'rotationPeriod',
          period,
        );
  },
});
