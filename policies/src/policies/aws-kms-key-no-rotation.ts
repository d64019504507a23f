import { at, text } from '@keyturn/resources';
import { definePolicy, fail, notApplicable, notKnown, pass } from '../policy.js';
import { truthOf } from '../truth.js';

export const awsKmsKeyNoRotation = definePolicy({
  facts: {
    id: 'aws-kms-key-no-rotation',
    summary: 'Require symmetric KMS keys to be rotated',
    severity: 'medium',
    breaks:
      'Everything that was ever encrypted depends on one key; turning it by hand means encrypting all of it again.',
    fix: 'Set `enableKeyRotation`.',
    equivalents: ['CKV_AWS_7', 'AWS-0065', 'kms_cmk_rotation_enabled'],
  },
  types: ['aws:kms/key:Key', 'aws-native:kms:Key'],
  needs: 'resource',
  remedy: { property: 'enableKeyRotation', value: true },
  check({ resource }) {
    const { properties } = resource;
    const spec = at(properties, properties.fields.has('keySpec') ? 'keySpec' : 'customerMasterKeySpec');
    const usage = at(properties, 'keyUsage');
    const symmetric =
      [undefined, 'SYMMETRIC_DEFAULT'].includes(text(spec)) && [undefined, 'ENCRYPT_DECRYPT'].includes(text(usage));
    if (
      !symmetric ||
      at(properties, 'customKeyStoreId').kind !== 'absent' ||
      text(at(properties, 'origin')) === 'EXTERNAL'
    ) {
      return notApplicable('KMS rotates only symmetric keys of its own');
    }
    const rotation = truthOf(at(properties, 'enableKeyRotation'));
    if (rotation === 'on') return pass;
    if (rotation === 'unknown' || spec.kind === 'unknown' || usage.kind === 'unknown') {
      return notKnown(resource, 'whether it is rotated', 'enableKeyRotation');
    }
    return fail(`The key ${resource.name} is never rotated.`, 'enableKeyRotation', at(properties, 'enableKeyRotation'));
  },
});
