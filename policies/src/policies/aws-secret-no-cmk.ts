import { at } from '@keyturn/resources';
import { definePolicy, fail, notKnown, pass } from '../policy.js';
import { isWritten } from '../truth.js';

export const awsSecretNoCmk = definePolicy({
  facts: {
    id: 'aws-secret-no-cmk',
    summary: 'Require secrets of Secrets Manager to be encrypted with a key of your own',
    severity: 'low',
    breaks:
      'Another account cannot be given the secret, and nobody can take the key away when a reader is no longer trusted.',
    fix: 'Set `kmsKeyId`, and let the role of the rotation decrypt with it.',
    equivalents: ['CKV_AWS_149', 'AWS-0098', 'SECRETSMANAGER_USING_CMK'],
    component: 'RotatingDatabaseSecret',
  },
  types: ['aws:secretsmanager/secret:Secret', 'aws-native:secretsmanager:Secret'],
  needs: 'resource',
  check({ resource }) {
    const key = at(resource.properties, 'kmsKeyId');
    const written = isWritten(key);
    if (written === 'unknown')
      return key.kind === 'unknown' && key.provenance.kind === 'resource-output'
        ? pass
        : notKnown(resource, 'its key', 'kmsKeyId');
    const isDefault = key.kind === 'known' && String(key.value).endsWith('alias/aws/secretsmanager');
    return written === 'yes' && !isDefault
      ? pass
      : fail(`The secret ${resource.name} is encrypted with the key of AWS.`, 'kmsKeyId', key);
  },
});
