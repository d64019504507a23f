import { table } from '../table.testing.js';
import rule from './no-baked-secret.js';

const aws =
  "import * as aws from '@pulumi/aws';\nconst version = aws.secretsmanager.getSecretVersionOutput({ secretId: 'db' });\n";
const lambda = (value: string) => `new aws.lambda.Function('f', { environment: { variables: { DB: ${value} } } });`;

table(rule, {
  fine: [
    { name: 'the ARN', code: `${aws}${lambda('version.arn')}` },
    { name: 'the ARN by apply', code: `${aws}${lambda('version.apply((v) => v.arn)')}` },
    {
      name: 'the owner of the credential',
      code: `${aws}new aws.rds.Instance('db', { password: version.secretString });`,
    },
    {
      name: 'an object that is no resource',
      code: `${aws}const settings = { environment: { DB: version.secretString } };`,
    },
    {
      name: 'another function of that name',
      code: `import { getSecretVersion } from './mine.js';\nimport * as aws from '@pulumi/aws';\n${lambda('getSecretVersion().secretString')}`,
    },
    {
      name: 'no program',
      code: "import { getSecret } from './secrets.js'; new Task({ environment: { DB: getSecret('db') } });",
    },
    { name: 'a test', code: `${aws}${lambda('version.secretString')}`, filename: 'index.spec.ts' },
  ],
  wrong: [
    {
      name: 'the environment of a function',
      code: `${aws}${lambda('version.secretString')}`,
      says: [['baked', { read: 'getSecretVersionOutput', key: 'environment' }, 3]],
    },
    {
      name: 'a member of what is parsed',
      code: `${aws}const password = version.secretString.apply((s) => JSON.parse(s).password);\n${lambda('password')}`,
      says: [['baked']],
    },
    {
      name: 'a task definition as a text',
      code: `${aws}new aws.ecs.TaskDefinition('t', { containerDefinitions: version.apply((v) => JSON.stringify([{ environment: [{ name: 'DB', value: v.secretString }] }])) });`,
      says: [['baked', { read: 'getSecretVersionOutput', key: 'containerDefinitions' }]],
    },
    {
      name: 'a parameter, awaited',
      code: "import { getParameter } from '@pulumi/aws/ssm';\nimport * as k8s from '@pulumi/kubernetes';\nconst db = await getParameter({ name: '/db', withDecryption: true });\nnew k8s.apps.v1.Deployment('d', { spec: { template: { spec: { containers: [{ env: [{ name: 'DB', value: db.value }] }] } } } });",
      says: [['baked', { read: 'getParameter', key: 'containers' }]],
    },
  ],
});
