import { table } from '../table.testing.js';
import rule from './no-secret-in-output.js';

const program = `import * as pulumi from '@pulumi/pulumi';
import * as random from '@pulumi/random';
import * as aws from '@pulumi/aws';
const config = new pulumi.Config();
const password = new random.RandomPassword('db', { length: 32 });
const db = new aws.rds.Instance('db', { password: password.result });
`;
const filename = 'infra/index.ts';

table(rule, {
  fine: [
    { name: 'an address', filename, code: `${program}export const endpoint = db.endpoint;` },
    {
      name: 'the name of a secret',
      filename,
      code: `${program}export const passwordSecretArn = db.masterUserSecretArn;`,
    },
    {
      name: 'a module that is not the program',
      filename: 'infra/secrets.ts',
      code: `${program}export const p = password.result;`,
    },
    { name: 'a length', filename, code: `${program}export const size = password.result.apply((p) => p.length);` },
    { name: 'a log of something else', filename, code: `${program}db.endpoint.apply((e) => console.log(e));` },
    { name: 'no program', filename, code: "import { db } from './db.js'; export const password = db.password;" },
    { name: 'a test', filename: 'infra/index.test.ts', code: `${program}console.log(config.require('dbPassword'));` },
  ],
  wrong: [
    {
      name: 'a generated password',
      filename,
      code: `${program}export const dbPassword = password.result;`,
      says: [['output', { name: 'dbPassword' }, 7]],
    },
    {
      name: 'a property of a resource',
      filename,
      code: `${program}export const x = db.password;`,
      says: [['output', { name: 'x' }]],
    },
    {
      name: 'inside a URL',
      filename,
      code: `${program}export const url = pulumi.interpolate\`postgres://app:\${password.result}@\${db.endpoint}\`;`,
      says: [['output', { name: 'url' }]],
    },
    {
      name: 'inside an object',
      filename,
      code: `${program}export const outputs = { host: db.endpoint, password: db.password };`,
      says: [['output', { name: 'password' }]],
    },
    {
      name: 'exported afterwards',
      filename,
      code: `${program}const secret = config.requireSecret('apiToken');\nexport { secret };`,
      says: [['output', { name: 'secret' }]],
    },
    {
      name: 'CommonJS',
      filename: 'index.js',
      code: "const random = require('@pulumi/random');\nconst p = new random.RandomPassword('p', { length: 20 });\nexports.password = p.result;",
      says: [['output', { name: 'password' }]],
    },
    {
      name: 'a log',
      filename: 'infra/secrets.ts',
      code: `${program}db.password.apply((value) => console.log(\`password is \${value}\`));`,
      says: [['log', { name: 'password' }]],
    },
    {
      name: 'the log of Pulumi',
      filename,
      code: `${program}pulumi.log.info(config.require('dbPassword'));`,
      says: [['log', { name: 'dbPassword' }]],
    },
    {
      name: 'clear text',
      filename,
      code: `${program}new aws.ssm.Parameter('p', { value: pulumi.unsecret(password.result) });`,
      says: [['unsecret', { name: 'password' }]],
    },
  ],
});
