import { table } from '../table.testing.js';
import rule from './no-split-credential.js';

const aws = `import { Pool } from 'pg';
import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
const read = async (id) => (await client.send(new GetSecretValueCommand({ SecretId: id }))).SecretString;
`;
const pg = "import { Pool } from 'pg';\n";
const vault = "import { Pool } from 'pg';\nimport nodeVault from 'node-vault';\nconst vault = nodeVault({});\n";

table(rule, {
  fine: [
    {
      name: 'both from one read',
      code: `${aws}const { username, password } = JSON.parse(await read('db'));\nnew Pool({ user: username, password });`,
    },
    {
      name: 'both from one read, as members',
      code: `${aws}const secret = JSON.parse(await read('db'));\nnew Pool({ host: secret.host, user: secret.username, password: secret.password });`,
    },
    {
      name: 'two variables of one credential',
      code: `${pg}new Pool({ user: process.env.DB_USER, password: process.env.DB_PASSWORD });`,
    },
    {
      name: 'variables that are called differently',
      code: `${pg}new Pool({ user: process.env.PGUSER, password: process.env.POSTGRES_PASSWORD });`,
    },
    {
      name: 'a secret that may hold a password alone',
      code: `${aws}new Pool({ user: 'app', password: await read('db-password') });`,
    },
    {
      name: 'a pool of another package',
      code: `import { Pool } from 'tinypool'; import 'pg'; ${aws.replace("import { Pool } from 'pg';\n", '')}new Pool({ user: await read('u'), password: await read('p') });`,
    },
    {
      name: 'a test',
      code: `${aws}new Pool({ user: await read('u'), password: await read('p') });`,
      filename: 'src/pool.test.ts',
    },
    {
      name: 'a dynamic credential, whole',
      code: `${vault}const { data } = await vault.read('database/creds/app');\nnew Pool({ user: data.username, password: data.password });`,
    },
  ],
  wrong: [
    {
      name: 'two secrets',
      code: `${aws}const user = await read('db-user');\nconst password = await read('db-password');\nnew Pool({ user, password });`,
      says: [['twoReads', {}, 6]],
    },
    {
      name: 'the user of the secret is not used',
      code: `${aws}const secret = JSON.parse(await read('db'));\nnew Pool({ host: secret.host, user: process.env.DB_USER, password: secret.password });`,
      says: [['userIgnored']],
    },
    {
      name: 'the user of a dynamic credential is not used',
      code: `${vault}const { data } = await vault.read('database/creds/app');\nnew Pool({ user: 'app', password: data.password });`,
      says: [['userIgnored']],
    },
    {
      name: 'a user that is read once beside a password that is read again',
      code: `${aws}const { username } = JSON.parse(await read('db'));\nnew Pool({ user: username, password: async () => JSON.parse(await read('db')).password });`,
      says: [['twoAges']],
    },
    {
      name: 'two variables of two credentials',
      code: `${pg}new Pool({ user: process.env.DB_USER_BLUE, password: process.env.DB_PASSWORD_GREEN });`,
      says: [['twoVariables', { user: 'DB_USER_BLUE', password: 'DB_PASSWORD_GREEN' }]],
    },
    {
      name: 'knex',
      code: `import knex from 'knex';\n${aws}export default knex({ client: 'pg', connection: { user: await read('u'), password: await read('p') } });`,
      says: [['twoReads']],
    },
  ],
});
