import { at, type Value } from '@keyturn/resources';
import { definePolicy, fail, notKnown, pass } from '../policy.js';
import { isWritten, truthOf } from '../truth.js';

const passwords = ['password', 'passwordWo', 'masterPassword', 'masterPasswordWo', 'masterUserPassword'] as const;
const alternatives = [
  'manageMasterUserPassword',
  'manageMasterPassword',
  'iamDatabaseAuthenticationEnabled',
  'enableIamDatabaseAuthentication',
  'enableIAMDatabaseAuthentication',
] as const;

export const awsDatabasePasswordUnmanaged = definePolicy({
  facts: {
    id: 'aws-database-password-unmanaged',
    summary: 'Require the master password of a database to be managed by AWS, or logins by IAM',
    severity: 'low',
    breaks: 'The most powerful password of the database is known to the program, and nothing rotates it.',
    fix: 'Set `manageMasterUserPassword`, or let clients log in with IAM.',
    equivalents: ['CKV_AWS_161', 'CKV_AWS_162', 'rds_instance_iam_authentication_enabled'],
    component: 'DualUserDatabaseRole',
  },
  types: [
    'aws:rds/instance:Instance',
    'aws:rds/cluster:Cluster',
    'aws:docdb/cluster:Cluster',
    'aws:redshift/cluster:Cluster',
    'aws-native:rds:DBInstance',
    'aws-native:rds:DBCluster',
  ],
  needs: 'resource',
  check({ resource }) {
    const property = passwords.find((name) => isWritten(at(resource.properties, name)) !== 'no');
    if (property === undefined) return pass;
    const switches = alternatives.map((name): readonly [string, Value] => [name, at(resource.properties, name)]);
    if (switches.some(([, value]) => truthOf(value) === 'on')) return pass;
    const open = switches.find(([, value]) => truthOf(value) === 'unknown');
    if (open) return notKnown(resource, 'who looks after its master password', open[0]);
    return fail(`The program gives ${resource.name} its master password.`, property, at(resource.properties, property));
  },
});
