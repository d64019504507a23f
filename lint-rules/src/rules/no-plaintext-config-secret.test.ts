import { table } from '../table.testing.js';
import rule from './no-plaintext-config-secret.js';

const program = "import * as pulumi from '@pulumi/pulumi';\nconst config = new pulumi.Config();\n";

table(rule, {
  fine: [
    { name: 'a secret', code: `${program}const p = config.requireSecret('dbPassword');` },
    { name: 'something else', code: `${program}const size = config.get('instanceSize');` },
    {
      name: 'the name and the length of a password',
      code: `${program}config.get('passwordSecretName'); config.get('passwordLength');`,
    },
    {
      name: 'a configuration of another package',
      code: "import { Config } from 'config'; import '@pulumi/pulumi'; new Config().get('dbPassword');",
    },
    { name: 'no program', code: "import config from 'config'; config.get('dbPassword');" },
    { name: 'a value that is made', code: `${program}pulumi.secret(generated);` },
    { name: 'a test', code: `${program}config.get('dbPassword');`, filename: 'index.test.ts' },
  ],
  wrong: [
    {
      name: 'plain',
      code: `${program}const p = config.require('dbPassword');`,
      says: [['plain', { method: 'require', key: 'dbPassword', secret: 'requireSecret' }, 3]],
      suggests: [[{ messageId: 'useSecret', output: `${program}const p = config.requireSecret('dbPassword');` }]],
    },
    {
      name: 'a class that was imported by name, and a parameter of its type',
      code: "import { Config } from '@pulumi/pulumi';\nfunction read(config: Config) { return config.get('api-token'); }\nnew Config('x').getObject('clientSecret');",
      says: [
        ['plain', { method: 'get', key: 'api-token', secret: 'getSecret' }],
        ['plain', { method: 'getObject', key: 'clientSecret', secret: 'getSecretObject' }],
      ],
      suggests: [
        [
          {
            messageId: 'useSecret',
            output:
              "import { Config } from '@pulumi/pulumi';\nfunction read(config: Config) { return config.getSecret('api-token'); }\nnew Config('x').getObject('clientSecret');",
          },
        ],
        [
          {
            messageId: 'useSecret',
            output:
              "import { Config } from '@pulumi/pulumi';\nfunction read(config: Config) { return config.get('api-token'); }\nnew Config('x').getSecretObject('clientSecret');",
          },
        ],
      ],
    },
    {
      name: 'a text that is wrapped',
      code: `${program}const password = pulumi.secret('not-a-good-idea');`,
      says: [['literal', {}, 3]],
    },
    {
      name: 'a constant that is wrapped',
      code: "const { secret } = require('@pulumi/pulumi');\nconst value = 'not-a-good-idea';\nmodule.exports = secret(value);",
      says: [['literal']],
    },
  ],
});
