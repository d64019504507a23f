import { table } from '../table.testing.js';
import rule from './no-hardcoded-credential.js';

table(rule, {
  fine: [
    { name: 'a file that speaks of nothing secret', code: "const a = 'b';" },
    {
      name: 'an encoding that is given to what a client answered',
      code: "const AWS = require('aws-sdk');\nconst answer = await new AWS.S3().getObject(key).promise();\nconst text = answer.Body.toString('utf-8');",
    },
    {
      name: 'an event in a list of samples',
      code: "export const samples = [{ provider: 'chat', body: { token: 'Jhj5dZrVaK7ZwHHjRyZWjbDl' } }];",
    },
    {
      name: 'a server that is started for tests',
      code: "import { GenericContainer } from 'testcontainers'; const env = { SESSION_SECRET: 'session-secret-for-1' };",
    },
    { name: 'a folder of test helpers', code: "const secret = 'abc123def';", filename: 'server/testutils/token.js' },
    { name: 'what prepares a test runner', code: "const secret = 'abc123def';", filename: 'src/vitestSetup.ts' },
    {
      name: 'what prepares a database for tests',
      code: "const secret = 'abc123def';",
      filename: 'scripts/prepareTestDb.ts',
    },
    { name: 'the environment of tests', code: "const secret = 'abc123def';", filename: 'lambda/setTestEnvVars.js' },
    {
      name: 'a folder of tests of functions',
      code: "const secret = 'abc123def';",
      filename: 'service/functionalTests/exports.ts',
    },
    {
      name: 'a service that only tests have',
      code: "const secret = 'abc123def';",
      filename: 'src/service/mock-configuration.service.ts',
    },
    { name: 'fixtures that are not run', code: "const secret = 'abc123def';", filename: 'src/test-fixtures.skip.ts' },
    { name: 'credentials of tests', code: "const secret = 'abc123def';", filename: 'src/testCredentials.ts' },
    {
      name: 'settings of a test runner inside of a bundler',
      code: "import { defineConfig } from 'vitest/config'; export default defineConfig({ test: { env: { ENCRYPTION_KEY: 'RzV4ZGo5RlFKMm0wYWlX' } } });",
      filename: 'vite.config.ts',
    },
    { name: 'the path of a route', code: "const paths2 = { forgetPassword: 'auth/reset/:token1' };" },
    { name: 'a pattern', code: "const DATE_TOKEN = '\\\\d{4}-\\\\d{2}|today12';" },
    {
      name: 'what sort of value each setting is',
      code: "const sorts = { user: 'public', host: 'public', database: 'public', password: 'secret', customAuth: 'secret' };",
    },
    {
      name: 'a database inside of the program',
      code: "import { Sequelize } from 'sequelize'; new Sequelize('app', 'user', 'sample1', { dialect: 'sqlite' });",
    },
    { name: 'helpers of tests', code: "const secret = 'abc123def';", filename: 'src/testHelpers.js' },
    { name: 'the environment', code: 'const password = process.env.DB_PASSWORD;' },
    { name: 'an empty fallback', code: "const password = process.env.DB_PASSWORD || '';" },
    {
      name: 'the name of an environment variable',
      code: "const names = { password: 'DB_PASSWORD' }; const JWT_SECRET = 'JWT_SECRET';",
    },
    {
      name: 'an enum',
      code: "const AuthKind = { password: 'password', token: 'token' }; enum E { Password = 'pass1word' }",
    },
    { name: 'a field name', code: "const options = { usernameField: 'email', passwordField: 'password1' };" },
    {
      name: 'a validation text',
      code: "const errors = { password: 'Passwords do not match' }; const invalidPassword = 'abc123';",
    },
    { name: 'labels', code: "const labels = { email: 'Adresse', password: 'Passwort1' };" },
    { name: 'a hash', code: "const user = { email: 'a@b.c', password: '$2a$10$8Zo/1e8KM8QzqOKqbDlYlONBOzukWXrM' };" },
    { name: 'a placeholder', code: "const field = { placeholder: 'postgres://<user>:<password>@db:5432/app' };" },
    { name: 'a mask', code: "user.password = '********';" },
    { name: 'fetch', code: "fetch('/api', { credentials: 'include' });" },
    { name: 'a deny list', code: "const WEAK_SECRETS = { JWT_SECRET: 'abcd1234abcd1234' };" },
    {
      name: 'a table, a prefix, a header',
      code: "const TOKEN_TABLE = 'api_tokens2'; const TOKEN_PREFIX = 'pat-1'; const API_KEY_HEADER = 'x-api-key1';",
    },
    {
      name: 'a stand-in for what somebody else issues',
      code: "const options = { clientSecret: clientSecret || 'your_client_secret' };",
    },
    {
      name: 'a public key of a browser',
      code: "const firebase = { apiKey: 'AIzaSyA1234567890123456789012345678901', authDomain: 'a.b' };",
    },
    { name: 'a test', code: "const password = 'hunter22';", filename: 'src/login.test.ts' },
    {
      name: 'settings of a test runner',
      code: "process.env.API_TOKEN = '1FT47%TRADF!';",
      filename: 'jest.config.integ.setup.ts',
    },
    {
      name: 'a file that declares tests',
      code: "const password = 'hunter22';\nit('logs in', () => {});",
      filename: 'src/login.ts',
    },
    { name: 'a locale', code: "export default { password: 'Heslo1' };", filename: 'src/locales/cs.ts' },
    { name: 'a URL without a password', code: "const url = 'postgres://app@db:5432/app';" },
    { name: 'a URL that is put together', code: 'const url = `postgres://${user}:${password}@${host}/app`;' },
    { name: 'the working directory', code: "const { PWD = '/srv/app1' } = process.env;" },
    {
      name: 'a map from variables to names',
      code: "const map = { APP_DB_HOST: 'host', APP_DB_USER: 'user', APP_DB_PASSWORD: 'password' };",
    },
    {
      name: 'a public variable of a bundler',
      code: "const options = { apiKey: process.env.NEXT_PUBLIC_SEARCH_KEY || 'temporary1' };",
    },
    {
      name: 'the name of a type, a module or a class',
      code: "const kubernetesSecret = 'kubernetes:core/v1:Secret'; const awsNativeSecret = 'aws-native:secretsmanager:Secret'; const apiToken = 'urn:ietf:params:oauth:token-type:jwt2'; const userPassword = 'Company.Module2.Password';",
    },
    {
      name: 'class names in a row',
      code: "const icons = { 'gist-secret': 'icon icon-2 icon-gist-secret' };",
    },
    {
      name: 'an invented secret in the place of one that somebody hands out',
      code: "const options = { google: process.env.GOOGLE_SECRET || 'dummySecret', stripe: process.env.STRIPE_SECRET_KEY ?? 'stripe-unconfigured' };",
    },
    {
      name: 'what only tests import',
      code: "import { vi } from 'vitest'; process.env.SESSION_SECRET ??= 'integration-0123456789';",
    },
    {
      name: 'durations and limits',
      code: "const TOKEN_EXPIRES_IN = '15m'; const PASSWORD_RESET_LIMIT = '100'; const maxTokens = '4096';",
    },
  ],
  wrong: [
    {
      name: 'a secret that praises itself',
      code: "import jwt from '@fastify/jwt'; app.register(jwt, { secret: 'super-secret' });",
      says: [['literal']],
    },
    {
      name: 'an account whose values repeat a word',
      code: "const db = { user: 'app', database: 'app', host: 'db', schema: 'app', password: 'app' };",
      says: [['literal']],
    },
    {
      name: 'an account in a list of samples, which a program makes',
      code: "export const sampleUsers = [{ email: 'a@b.c', password: 'hunter22' }];",
      says: [['literal', { name: 'password' }]],
    },
    {
      name: 'the default of a helper that reads the environment',
      code: "module.exports = ({ env }) => ({ salt: env('API_TOKEN_SALT', '37cb4377c425a87b') });",
      says: [['fallback', { name: 'API_TOKEN_SALT' }]],
    },
    {
      name: 'defaults of a validator, for development too',
      code: "const env = cleanEnv({ JWT_SECRET: str({ devDefault: 'securekey' }), TOKEN_SECRET: str({ default: 'UPDATE_THIS_SECRET' }) });",
      says: [
        ['fallback', { name: 'JWT_SECRET' }],
        ['fallback', { name: 'TOKEN_SECRET' }],
      ],
    },
    {
      name: 'a URL in a variable whose name only mentions documents',
      code: "const DOCS_DATABASE = 'mysql://writer:hunter22@localhost:3306/docs';",
      says: [['url']],
    },
    {
      name: 'a password on its way to be hashed',
      code: "const user = { email: admin, password: hashPassword('hunter.org', salt) };",
      says: [['literal', { name: 'password' }]],
    },
    {
      name: 'a driver, whatever the value',
      code: "import { Pool } from 'pg';\nnew Pool({ host: 'db', password: 'postgres' });",
      says: [['literal', { name: 'password' }, 2]],
    },
    {
      name: 'a driver, one hop away',
      code: "import { Pool } from 'pg';\nconst word = 'app';\nnew Pool({ host: 'db', password: word });",
      says: [['literal', { name: 'password' }, 2]],
    },
    {
      name: 'an argument',
      code: "import Sequelize from 'sequelize';\nnew Sequelize('app', 'root', 'root', {});",
      says: [['literal', { name: 'password' }]],
    },
    {
      name: 'behind ||',
      code: "const secret = process.env.JWT_SECRET || 'changeme';",
      says: [['fallback', { name: 'secret' }]],
      suggests: [[{ messageId: 'noFallback', output: 'const secret = process.env.JWT_SECRET;' }]],
    },
    {
      name: 'in a function, where the environment is read at each call',
      code: "export const open = () => connect({ user: 'app', dbPassword: 'hunter22' });",
      says: [['literal', { name: 'dbPassword' }]],
      suggests: [
        [
          {
            messageId: 'fromEnvironment',
            output: "export const open = () => connect({ user: 'app', dbPassword: process.env.DB_PASSWORD });",
          },
        ],
      ],
    },
    {
      name: 'behind ??',
      code: "listen(process.env.DB_PASSWORD ?? 'postgres');",
      says: [['fallback', { name: 'DB_PASSWORD' }]],
      suggests: [[{ messageId: 'noFallback', output: 'listen(process.env.DB_PASSWORD);' }]],
    },
    {
      name: 'a default in a pattern',
      code: "const { DB_PASSWORD: word = 'postgres' } = process.env;",
      says: [['fallback', { name: 'DB_PASSWORD' }]],
    },
    {
      name: 'a default of a schema',
      code: "const schema = z.object({ JWT_SECRET: z.string().default('super-secret') });",
      says: [['fallback', { name: 'JWT_SECRET' }]],
    },
    {
      name: 'a default of a getter',
      code: "const options = { password: config.get('DB_PASSWORD', 'postgres') };",
      says: [['fallback', { name: 'password' }]],
    },
    {
      name: 'a session',
      code: "const session = require('express-session');\napp.use(session({ secret: 'keyboard cat' }));",
      says: [['literal', { name: 'secret' }]],
    },
    {
      name: 'a signature',
      code: "import jwt from 'jsonwebtoken';\njwt.sign({}, 'shhh');",
      says: [['literal', { name: 'sign' }]],
    },
    {
      name: 'a seed user',
      code: "create({ email: 'admin@example.org', password: 'admin' });",
      says: [['literal', { name: 'password' }]],
    },
    {
      name: 'a hashed literal',
      code: "import bcrypt from 'bcrypt';\nbcrypt.hashSync('hunter', 10);",
      says: [['literal', { name: 'password' }]],
    },
    { name: 'a URL', code: "connect('mongodb://root:toor@mongo:27017/app');", says: [['url']] },
    { name: 'a URL with other parts open', code: 'connect(`postgres://app:s3cret@${host}/app`);', says: [['url']] },
    {
      name: 'an OAuth client',
      code: "const dropbox = { id: 'm044w3cvmxhzvop', secret: 'r298deqisz0od56' };",
      says: [['literal', { name: 'secret' }]],
    },
    { name: 'a key of a known format', code: "call('ghp_abcdefghijklmnopqrstuvwxyz0123456789');", says: [['format']] },
    {
      name: 'a test, on request',
      code: "const password = 'hunter22';",
      filename: 'src/login.test.ts',
      options: [{ checkTests: true }],
      says: [['literal', { name: 'password' }]],
    },
  ],
});
