import { table } from '../table.testing.js';
import rule from './no-captured-credential.js';

table(rule, {
  fine: [
    { name: 'a program that somebody starts', code: 'const key = process.env.API_KEY;', filename: 'scripts/try-it.js' },
    {
      name: 'a function that reads a secret',
      code: "import { SecretClient } from '@azure/keyvault-secrets';\nconst vault = new SecretClient(url, id);\nexport const token = async () => (await vault.getSecret('api')).value;",
    },
    { name: 'no environment', code: 'const password = read();' },
    { name: 'read in a function', code: 'export const password = () => process.env.DB_PASSWORD;' },
    { name: 'a getter', code: 'export const config = { get password() { return process.env.DB_PASSWORD; } };' },
    {
      name: 'presence alone',
      code: 'const hasPassword = !!process.env.DB_PASSWORD; if (process.env.DB_PASSWORD) start();',
    },
    { name: 'presence in a condition', code: "const kind = process.env.DB_PASSWORD ? 'password' : 'none';" },
    {
      name: 'a limit, a file, a duration',
      code: 'const a = process.env.PASSWORD_RESET_LIMIT, b = process.env.DB_PASSWORD_FILE, c = process.env.TOKEN_EXPIRES_IN;',
    },
    { name: 'the working directory', code: 'const here = process.env.PWD;' },
    {
      name: 'what a check is made of',
      code: "import assert from 'node:assert'; import { isStrong } from 'strength'; assert(process.env.DB_PASSWORD); const a = isStrong(process.env.DB_PASSWORD), b = parseInt(process.env.DB_PASSWORD);",
    },
    {
      name: 'an object that is called env and is made here',
      code: 'const env = { JWT_SECRET: read() }; export const jwt = { secret: env.JWT_SECRET };',
    },
    { name: 'the length of one', code: 'const length = process.env.DB_PASSWORD.length;' },
    {
      name: 'a function of this program, which may read it again',
      code: "import { required } from './env.js'; const name = required(process.env.DB_PASSWORD_NAME);",
    },
    {
      name: 'the settings of a command line',
      code: "import { defineConfig } from 'drizzle-kit'; export default defineConfig({ dbCredentials: { url: process.env.DATABASE_URL } });",
    },
    {
      name: 'an address without an account',
      code: 'const callback = process.env.CALLBACK_URL, web = process.env.WEB_DB_URL_PREFIX;',
    },
    {
      name: 'a command that is made and not sent',
      code: "import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';\nconst command = new GetSecretValueCommand({ SecretId: 'db' });\nexport const read = () => client.send(command);",
    },
    {
      name: 'a migration, which runs once',
      code: 'const password = process.env.DB_PASSWORD;\nexport async function up(knex) { await grant(knex, password); }\nexport async function down(knex) {}',
    },
    { name: 'a test', code: 'const password = process.env.DB_PASSWORD;', filename: 'test/a.js' },
  ],
  wrong: [
    {
      name: 'a secret that is read when the module is loaded',
      code: "import { SecretClient } from '@azure/keyvault-secrets';\nconst vault = new SecretClient(url, id);\nexport const { value: token } = await vault.getSecret('api');",
      says: [['readOnce', { name: 'token' }, 3]],
    },
    {
      name: 'a command that is sent when the module is loaded',
      code: "import { SecretsManagerClient, GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';\nconst command = new GetSecretValueCommand({ SecretId: 'db' });\nexport const secret = await new SecretsManagerClient({}).send(command);",
      says: [['readOnce', { name: 'secret' }, 3]],
    },
    {
      name: 'one way of a migration alone',
      code: 'const password = process.env.DB_PASSWORD;\nexport async function up(knex) {}',
      says: [['captured', { name: 'DB_PASSWORD' }]],
    },
    {
      name: 'a constant',
      code: 'const password = process.env.DB_PASSWORD;',
      says: [['captured', { name: 'DB_PASSWORD' }]],
    },
    {
      name: 'an object that is exported',
      code: "module.exports = { password: process.env.DB_PASSWORD || '' };",
      says: [['captured', { name: 'DB_PASSWORD' }]],
    },
    {
      name: 'a block at module scope',
      code: 'let secret; if (a) { secret = process.env.JWT_SECRET; }',
      says: [['captured', { name: 'JWT_SECRET' }]],
    },
    {
      name: 'a static member',
      code: 'class A { static password = process.env.DB_PASSWORD!; }',
      says: [['captured', { name: 'DB_PASSWORD' }]],
    },
    {
      name: 'a pool',
      code: "import { Pool } from 'pg'; export const pool = new Pool({ password: process.env.DB_PASSWORD });",
      says: [['captured', { name: 'DB_PASSWORD' }]],
    },
    {
      name: 'a client of somebody else, whatever the variable is called',
      code: "const stripe = require('stripe')(process.env.STRIPE_KEY);",
      says: [['captured', { name: 'STRIPE_KEY' }]],
    },
    {
      name: 'the environment that another module has read, or that was checked here',
      code: "import { env } from './env'; import { cleanEnv } from 'envalid'; export const jwt = new JwtToken({ secret: env.JWT_SECRET });",
      says: [['captured', { name: 'JWT_SECRET' }]],
    },
    {
      name: 'the environment that was checked here',
      code: "import { cleanEnv } from 'envalid'; const env = cleanEnv(process.env, {}); export default { secret: env.JWT_SECRET };",
      says: [['captured', { name: 'JWT_SECRET' }]],
    },
    {
      name: 'a key with a fallback, which a client takes',
      code: "import Stripe from 'stripe'; const stripe = new Stripe(process.env.STRIPESECRETKEY ?? '', {});",
      says: [['captured', { name: 'STRIPESECRETKEY' }]],
    },
    {
      name: 'a copy in several lines, from its name on',
      code: 'export const values = {\n  PASSWORD:\n    process.env.REDIS_PASSWORD || undefined,\n};',
      says: [['captured', { name: 'REDIS_PASSWORD' }, 2]],
    },
    {
      name: 'a middleware',
      code: "import cookieParser from 'cookie-parser'; import express from 'express'; const app = express(); app.use(cookieParser(process.env.COOKIE_SECRET));",
      says: [['captured', { name: 'COOKIE_SECRET' }]],
    },
    {
      name: 'a key in another form',
      code: "const key = new TextEncoder().encode(process.env.SESSION_SECRET), pem = process.env.PRIVATE_KEY?.replace(/x/g, 'y');",
      says: [
        ['captured', { name: 'SESSION_SECRET' }],
        ['captured', { name: 'PRIVATE_KEY' }],
      ],
    },
    {
      name: 'a connection URL, and a password of one stage',
      code: 'export const env = { url: process.env.DATABASE_URL, password: process.env.DB_PASSWORD_TEST };',
      says: [
        ['captured', { name: 'DATABASE_URL' }],
        ['captured', { name: 'DB_PASSWORD_TEST' }],
      ],
    },
    {
      name: 'a URL put together',
      code: 'const url = `postgres://app:${process.env.DB_PASSWORD}@db/app`;',
      says: [['captured', { name: 'DB_PASSWORD' }]],
    },
  ],
});
