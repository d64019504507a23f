import { at, text } from '@keyturn/resources';
import { definePolicy, fail, notKnown, pass } from '../policy.js';

const keys: Readonly<Record<string, string>> = {
  'aws:iam/accessKey:AccessKey': 'an access key',
  'aws-native:iam:AccessKey': 'an access key',
  'gcp:serviceaccount/key:Key': 'a key of a service account',
  'gcp:projects/apiKey:ApiKey': 'an API key',
};

export const noLongLivedCloudKey = definePolicy({
  facts: {
    id: 'no-long-lived-cloud-key',
    summary: 'Disallow access keys that are valid until somebody deletes them',
    severity: 'medium',
    breaks: 'Nothing rotates the key; it is in the state of the stack, and in every place it was copied to.',
    fix: 'Use a role (OIDC, instance profile, workload identity), or keys that a secret engine leases.',
    controls: ['CIS AWS 1.14'],
    equivalents: ['IAM.3', 'CKV2_GCP_3', 'iam_rotate_access_key_90_days', 'iam_sa_user_managed_key_rotate_90_days'],
  },
  types: Object.keys(keys),
  needs: 'resource',
  check({ resource }) {
    const status = at(resource.properties, 'status');
    if (text(status) === 'Inactive') return pass;
    if (status.kind === 'unknown') return notKnown(resource, 'whether it is active', 'status');
    // A key that is made anew when a trigger changes is rotated by the program.
    if (at(resource.properties, 'keepers').kind !== 'absent') return pass;
    return fail(`${resource.name} is ${keys[resource.type] ?? 'a key'} without an end.`);
  },
});
