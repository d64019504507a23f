import { table } from '../table.testing.js';
import rule from './no-pinned-secret-version-at-runtime.js';

const aws = "import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';\n";
const azure = "import { SecretClient } from '@azure/keyvault-secrets';\nconst vault = new SecretClient(url, id);\n";
const google =
  "import { SecretManagerServiceClient } from '@google-cloud/secret-manager';\nconst secrets = new SecretManagerServiceClient();\n";

table(rule, {
  fine: [
    { name: 'the current version', code: `${aws}new GetSecretValueCommand({ SecretId: 'db' });` },
    {
      name: 'a version that is told',
      code: `${aws}new GetSecretValueCommand({ SecretId: 'db', VersionId: version });`,
    },
    {
      name: 'a version from the environment',
      code: `${aws}const version = process.env.V;\nnew GetSecretValueCommand({ VersionId: version });`,
    },
    {
      name: 'the previous one after a refusal',
      code: `${aws}async function f() { try { return await go(); } catch { return send(new GetSecretValueCommand({ VersionStage: 'AWSPREVIOUS' })); } }`,
    },
    {
      name: 'a stage in the code of a rotation',
      code: `${aws}new GetSecretValueCommand({ VersionStage: 'AWSPENDING' });`,
      filename: 'src/rotation/set-secret.ts',
    },
    {
      name: 'a class of another package',
      code: "import { GetSecretValueCommand } from './commands.js'; import '@aws-sdk/client-secrets-manager';\nnew GetSecretValueCommand({ VersionId: 'v1' });",
    },
    {
      name: 'the latest of Google',
      code: `${google}secrets.accessSecretVersion({ name: 'projects/p/secrets/s/versions/latest' });`,
    },
    { name: 'a test', code: `${aws}new GetSecretValueCommand({ VersionId: 'v1' });`, filename: 'src/read.test.ts' },
    {
      name: 'a program that describes infrastructure',
      code: `${aws}import * as pulumi from '@pulumi/pulumi';\nnew GetSecretValueCommand({ VersionId: 'v1' });`,
    },
    {
      name: 'a parameter that is not a secret',
      code: "import { GetParameterCommand } from '@aws-sdk/client-ssm';\nnew GetParameterCommand({ Name: '/app/color:3' });",
    },
  ],
  wrong: [
    {
      name: 'a version id',
      code: `${aws}new GetSecretValueCommand({ SecretId: 'db', VersionId: '6a1f' });`,
      says: [['pinned', { name: 'GetSecretValueCommand' }, 2]],
      suggests: [[{ messageId: 'dropVersion', output: `${aws}new GetSecretValueCommand({ SecretId: 'db' });` }]],
    },
    {
      name: 'a version id behind a constant, first in its object',
      code: `${aws}const VersionId = '6a1f';\nnew GetSecretValueCommand({ VersionId, SecretId: 'db' });`,
      says: [['pinned', { name: 'GetSecretValueCommand' }]],
      suggests: [
        [
          {
            messageId: 'dropVersion',
            output: `${aws}const VersionId = '6a1f';\nnew GetSecretValueCommand({ SecretId: 'db' });`,
          },
        ],
      ],
    },
    {
      name: 'the previous version alone',
      code: `${aws}new GetSecretValueCommand({ VersionStage: 'AWSPREVIOUS' });`,
      says: [['stage', { name: 'GetSecretValueCommand', stage: 'AWSPREVIOUS' }]],
    },
    {
      name: 'Powertools',
      code: "import { getSecret } from '@aws-lambda-powertools/parameters/secrets';\ngetSecret('db', { sdkOptions: { VersionId: '6a1f' } });",
      says: [['pinned', { name: 'getSecret' }]],
      suggests: [
        [
          {
            messageId: 'dropVersion',
            output:
              "import { getSecret } from '@aws-lambda-powertools/parameters/secrets';\ngetSecret('db', { sdkOptions: {  } });",
          },
        ],
      ],
    },
    {
      name: 'Azure',
      code: `${azure}vault.getSecret('db', { version: '6a1f' });`,
      says: [['pinned', { name: 'getSecret' }]],
      suggests: [[{ messageId: 'dropVersion', output: `${azure}vault.getSecret('db', {  });` }]],
    },
    {
      name: 'Google',
      code: `${google}secrets.accessSecretVersion({ name: \`projects/\${p}/secrets/db/versions/3\` });`,
      says: [['pinned', { name: 'accessSecretVersion' }]],
      suggests: [
        [
          {
            messageId: 'followLatest',
            output: `${google}secrets.accessSecretVersion({ name: \`projects/\${p}/secrets/db/versions/latest\` });`,
          },
        ],
      ],
    },
    {
      name: 'a parameter',
      code: "import { GetParameterCommand } from '@aws-sdk/client-ssm';\nnew GetParameterCommand({ Name: '/app/db:3', WithDecryption: true });",
      says: [['pinned', { name: 'GetParameterCommand' }]],
      suggests: [
        [
          {
            messageId: 'dropVersion',
            output:
              "import { GetParameterCommand } from '@aws-sdk/client-ssm';\nnew GetParameterCommand({ Name: '/app/db', WithDecryption: true });",
          },
        ],
      ],
    },
    {
      name: 'a version of a KV engine',
      code: "import vault from 'node-vault';\nvault({ token }).read('secret/data/app?version=3');",
      says: [['pinned', { name: 'read' }]],
    },
  ],
});
