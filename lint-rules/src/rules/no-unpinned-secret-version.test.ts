import { table } from '../table.testing.js';
import rule from './no-unpinned-secret-version.js';

const gcp = "import * as gcp from '@pulumi/gcp';\n";
const k8s = "import * as k8s from '@pulumi/kubernetes';\n";
const aws = "import * as aws from '@pulumi/aws';\n";
const service = (ref: string) =>
  `${gcp}new gcp.cloudrunv2.Service('a', { env: [{ valueSource: { secretKeyRef: ${ref} } }] });`;
const pod = (env: string, annotations = '{}') =>
  `${k8s}new k8s.apps.v1.Deployment('a', { annotations: ${annotations}, spec: { containers: [{ ${env} }] } });`;
const arn = 'arn:aws:secretsmanager:eu-west-1:1:secret:db-abc';

table(rule, {
  fine: [
    { name: 'no infrastructure', code: "const env = { secretKeyRef: { secret: 'db', version: 'latest' } };" },
    { name: 'the version from an output', code: service("{ secret: 'db', version: version.version }") },
    { name: 'a literal version', code: service("{ secret: 'db', version: '3' }") },
    { name: 'latest of something else', code: `${gcp}new Browser({ version: 'latest' });` },
    {
      name: 'a name from an output',
      code: pod("env: [{ valueFrom: { secretKeyRef: { name: secret.metadata.name, key: 'p' } } }]"),
    },
    {
      name: 'a hash in an annotation',
      code: pod("env: [{ valueFrom: { secretKeyRef: { name: 'db', key: 'p' } } }]", "{ 'checksum/secret': hash }"),
    },
    {
      name: 'a pinned task definition',
      code: `${aws}const d = { secrets: [{ name: 'P', valueFrom: '${arn}:password::0a1b' }] };`,
    },
    {
      name: 'a parameter',
      code: `${aws}const d = { secrets: [{ name: 'P', valueFrom: 'arn:aws:ssm:eu-west-1:1:parameter/p' }] };`,
    },
    {
      name: 'a pinned CDK secret',
      code: "import * as ecs from 'aws-cdk-lib/aws-ecs'; ecs.Secret.fromSecretsManagerVersion(s, { versionId: v });",
    },
    {
      name: 'the owner of the credential',
      code: "import * as rds from 'aws-cdk-lib/aws-rds'; rds.Credentials.fromSecret(s); s.secretValueFromJson('password');",
    },
  ],
  wrong: [
    {
      name: 'Cloud Run follows latest',
      code: service("{ secret: 'db', version: 'latest' }"),
      says: [['latest', { name: 'secretKeyRef', alias: 'latest' }]],
    },
    {
      name: 'Cloud Run without a version',
      code: service("{ secret: 'db' }"),
      says: [['noVersion', { name: 'secretKeyRef' }]],
    },
    {
      name: 'a Kubernetes Secret under a fixed name',
      code: pod("env: [{ valueFrom: { secretKeyRef: { name: 'db', key: 'p' } } }]"),
      says: [['fixedName', { name: 'secretKeyRef' }]],
    },
    {
      name: 'all of a Kubernetes Secret',
      code: pod("envFrom: [{ secretRef: { name: 'db' } }]"),
      says: [['fixedName', { name: 'secretRef' }]],
    },
    {
      name: 'ECS without a version',
      code: `${aws}const d = { secrets: [{ name: 'P', valueFrom: '${arn}:password::' }] };`,
      says: [['noVersion', { name: 'valueFrom' }]],
    },
    {
      name: 'ECS with a stage',
      code: `${aws}const d = { secrets: [{ name: 'P', valueFrom: '${arn}:password:AWSCURRENT:' }] };`,
      says: [['latest', { name: 'valueFrom', alias: 'AWSCURRENT' }]],
    },
    {
      name: 'ECS with the ARN of the secret itself',
      code: `${aws}const s = new aws.secretsmanager.Secret('s');\nconst d = { secrets: [{ name: 'P', valueFrom: s.arn }] };`,
      says: [['noVersion', { name: 'valueFrom' }]],
    },
    {
      name: 'CDK without a version',
      code: "import * as ecs from 'aws-cdk-lib/aws-ecs';\necs.Secret.fromSecretsManager(s);",
      says: [['noVersion', { name: 'Secret.fromSecretsManager' }]],
    },
  ],
});
