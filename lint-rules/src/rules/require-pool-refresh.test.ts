import { table } from '../table.testing.js';
import rule from './require-pool-refresh.js';

const pgRemedy =
  'Use the pool of `@keyturn/pool`, or pass `password` as a function beside `host`, `user` and `database`.';
const pg = { maker: 'new Pool', remedy: pgRemedy };
const imported = "import { Pool } from 'pg';\n";

table(rule, {
  fine: [
    { name: 'a file without clients', code: 'new Pool({ password: process.env.DB_PASSWORD });' },
    {
      name: 'a pool of another package',
      code: "import { Pool } from 'tinypool'; import 'pg'; new Pool({ password: process.env.X });",
    },
    {
      name: 'a pool that its own function ends',
      code: `${imported}export async function run(sql) { const pool = new Pool({ password: process.env.DB_PASSWORD }); try { await pool.query(sql); } finally { await pool.end(); } }`,
    },
    {
      name: 'a pool that its own function ends when the query is done',
      code: `${imported}export async function run(sql) { const pool = new Pool({ password: process.env.DB_PASSWORD }); await pool.query(sql).finally(async () => { await pool.end(); }); }`,
    },
    {
      name: 'a URL of a caller, or another one that it gives',
      code: `${imported}export function open(options) { let url = options.url; if (options.other) url = options.other.url; return new Pool({ connectionString: url }); }`,
    },
    {
      name: 'a migration, which runs once',
      code: `${imported}const pool = new Pool({ password: process.env.DB_PASSWORD });\nexports.up = () => pool.query('a');\nexports.down = () => pool.query('b');`,
    },
    {
      name: 'a URL with a port from outside and no credential',
      code: "import { MongoClient } from 'mongodb'; export const client = new MongoClient(`mongodb://127.0.0.1:${process.env.PORT}/app`);",
    },
    { name: 'a password function', code: `${imported}new Pool({ host, password: () => read() });` },
    {
      name: 'a local function by name',
      code: `${imported}async function read() { return load(); }\nnew Pool({ host, password: read });`,
    },
    {
      name: 'the pool of keyturn',
      code: "import { Pool } from '@keyturn/pool/pg'; import { envFile } from '@keyturn/pool'; import 'pg';\nnew Pool({ host, credentials: envFile({ path: '.env' }) });",
    },
    { name: 'no credential at all', code: `${imported}new Pool({ host: '/run/postgresql', database: 'app' });` },
    {
      name: 'a configuration that a caller gives',
      code: `${imported}export const make = (options) => new Pool(options);`,
    },
    {
      name: 'a member that a constructor was given',
      code: `${imported}export class A { constructor(o) { this.o = o; } open() { return new Pool(this.o); } }`,
    },
    {
      name: 'a configuration of yours that asks again',
      code: `import { config } from './db/config.js';\n${imported}export const pool = new Pool({ ...config(), password: process.env.DB_PASSWORD });`,
      filename: 'src/pool.ts',
      options: [{ refreshing: [{ from: 'file', name: 'config', path: 'src/db/config.ts' }] }],
    },
    {
      name: 'a password reader of a package',
      code: `import { reader } from '@acme/secrets';\n${imported}export const pool = new Pool({ password: await reader('db') });`,
      options: [{ refreshing: [{ from: 'package', name: 'reader', package: '@acme/secrets' }] }],
    },
    {
      name: 'a maker that is not declared',
      code: "import { createPool } from '@acme/db';\nexport const pool = createPool({ password: process.env.P });",
    },
    { name: 'a test', code: `${imported}new Pool({ password: 'x' });`, filename: 'src/pool.test.ts' },
    {
      name: 'a script that ends its pool',
      code: `${imported}const pool = new Pool({ password: process.env.P });\nawait pool.query('select 1');\nawait pool.end();`,
    },
    {
      name: 'a client that is opened and ended for each use',
      code: `${imported}import pg from 'pg';\nexport async function run() { const c = new pg.Client({ password: process.env.P }); await c.connect(); await c.end(); }`,
    },
    {
      name: 'sqlite',
      code: "import { DataSource } from 'typeorm'; export default new DataSource({ type: 'sqlite', database: 'a.db' });",
    },
    {
      name: 'a Sequelize hook',
      code: "import { Sequelize } from 'sequelize'; export default new Sequelize({ hooks: { beforeConnect: async (c) => { c.password = await read(); } }, password: process.env.P });",
    },
    {
      name: 'a Sequelize hook added later',
      code: "const { Sequelize } = require('sequelize'); const db = new Sequelize(process.env.URL_OF_DB); db.beforeConnect(async (c) => { c.password = await read(); }); module.exports = db;",
    },
    {
      name: 'a knex provider with its checker',
      code: "import knex from 'knex'; export default knex({ client: 'pg', connection: async () => ({ password: await read(), expirationChecker: () => isOld() }) });",
    },
    { name: 'knex as a query builder', code: "import knex from 'knex'; knex('users').where({ password: 'x' });" },
    {
      name: 'a redis provider',
      code: "import { createClient } from 'redis'; export const c = createClient({ url: 'redis://h:1', credentialsProvider: p() });",
    },
    {
      name: 'a redis URL without a credential',
      code: "import { createClient } from 'redis'; export const c = createClient({ url: 'redis://localhost:6379' });",
    },
    {
      name: 'a createClient of another package',
      code: "import { createClient } from 'urql'; import 'redis'; createClient({ url: process.env.API_URL });",
    },
    {
      name: 'ioredis with a password assigned again',
      code: "import Redis from 'ioredis'; export const r = new Redis({ password: process.env.P }); r.on('reconnecting', () => { r.options.password = now(); });",
    },
    {
      name: 'a Prisma client over an adapter',
      code: "import { PrismaClient } from '@prisma/client'; export const p = new PrismaClient({ adapter });",
    },
    {
      name: 'typeorm on PostgreSQL with a function',
      code: "import { DataSource } from 'typeorm'; export default new DataSource({ type: 'postgres', host, password: () => read() });",
    },
    {
      name: 'postgres.js with URL and function',
      code: "import postgres from 'postgres'; export default postgres(process.env.DATABASE_URL, { password: () => read() });",
    },
    {
      name: 'MONGODB-AWS',
      code: "import { MongoClient } from 'mongodb'; export const c = new MongoClient(process.env.MONGO_URL, { authMechanism: 'MONGODB-AWS' });",
    },
    {
      name: 'kafka with a provider',
      code: "import { Kafka } from 'kafkajs'; export const k = new Kafka({ sasl: { mechanism: 'scram-sha-256', authenticationProvider: p } });",
    },
  ],
  wrong: [
    {
      name: 'a pool that a function inside ends, when the process does',
      code: `${imported}export function run() { const pool = new Pool({ password: process.env.DB_PASSWORD }); process.on('exit', () => pool.end()); return serve(pool); }`,
      says: [['capturedCredential', pg]],
    },
    {
      name: 'a URL that begins with a variable, which may bring a credential',
      code: 'import { MongoClient } from "mongodb"; export const client = new MongoClient(`mongodb://${process.env.CLUSTER}/app`);',
      says: [
        [
          'capturedCredential',
          {
            maker: 'new MongoClient',
            remedy:
              'A user and a password are fixed for its life: use MONGODB-AWS or MONGODB-OIDC, or make a new client when the credential changes.',
          },
        ],
      ],
    },
    {
      name: 'environment at module scope',
      code: `${imported}export const pool = new Pool({ host, user: process.env.DB_USER, password: process.env.DB_PASSWORD });`,
      says: [['capturedCredential', pg, 2]],
      suggests: [
        [
          {
            messageId: 'useKeyturnPool',
            output:
              "import { fromFunction } from '@keyturn/pool';\nimport { Pool } from '@keyturn/pool/pg';\nexport const pool = new Pool({ host, credentials: fromFunction(() => ({ user: process.env.DB_USER, password: process.env.DB_PASSWORD })) });",
          },
        ],
      ],
    },
    {
      name: 'required',
      code: "const { Pool } = require('pg');\nmodule.exports = new Pool({ password: process.env.DB_PASSWORD });",
      says: [['capturedCredential', pg]],
    },
    {
      name: 'renamed and taken from the default',
      code: "import pg from 'pg';\nconst { Pool: P } = pg;\nexport const pool = new P({ password: process.env.DB_PASSWORD });",
      says: [['capturedCredential', { maker: 'new P', remedy: pgRemedy }]],
    },
    {
      name: 'a constant object',
      code: `${imported}const config = { host, password: process.env.DB_PASSWORD };\nexport const pool = new Pool(config);`,
      says: [['capturedCredential', pg]],
    },
    {
      name: 'a spread constant',
      code: `${imported}const config = { password: process.env.DB_PASSWORD };\nexport const pool = new Pool({ ...config, max: 4 });`,
      says: [['capturedCredential', pg]],
    },
    {
      name: 'a token awaited once',
      code: `${imported}export const pool = new Pool({ host, password: await token() });`,
      says: [['capturedCredential', pg]],
      suggests: [
        [
          {
            messageId: 'callFunction',
            output: `${imported}export const pool = new Pool({ host, password: () => token() });`,
          },
        ],
      ],
    },
    {
      name: 'a URL',
      code: `${imported}export const pool = new Pool({ connectionString: process.env.DATABASE_URL });`,
      says: [['capturedCredential', pg]],
    },
    {
      name: 'a hook that the URL shadows',
      code: `${imported}export const pool = new Pool({ connectionString: process.env.DATABASE_URL, password: () => read() });`,
      says: [['shadowedHook', { maker: 'new Pool', hook: 'password', shadow: 'connectionString' }]],
    },
    {
      name: 'a function as user',
      code: `${imported}export const pool = new Pool({ user: () => read(), password: () => read() });`,
      says: [['unsupportedFunction', { maker: 'new Pool', key: 'user', remedy: pgRemedy }]],
    },
    {
      name: 'a password function where the user changes too',
      code: `${imported}export const pool = new Pool({ host, password: () => read() });`,
      options: [{ rotation: 'dual-user' }],
      says: [['passwordOnly', { maker: 'new Pool' }]],
    },
    {
      name: 'a function where mysql2 takes none',
      code: "import mysql from 'mysql2/promise';\nexport const pool = mysql.createPool({ host, password: () => read() });",
      says: [
        [
          'unsupportedFunction',
          {
            maker: 'createPool',
            key: 'password',
            remedy:
              'It takes no password function: assign `pool.config.connectionConfig.password` when the credential changes.',
          },
        ],
      ],
    },
    {
      name: 'Sequelize with arguments',
      code: "const Sequelize = require('sequelize');\nmodule.exports = new Sequelize(config.db, config.user, config.password, { dialect: 'postgres' });",
      says: [['capturedCredential']],
    },
    {
      name: 'a knex provider without its checker',
      code: "import knex from 'knex';\nexport default knex({ client: 'pg', connection: async () => ({ password: await read() }) });",
      says: [['calledOnce', { maker: 'knex' }]],
      suggests: [
        [
          {
            messageId: 'addChecker',
            output:
              "import knex from 'knex';\nexport default knex({ client: 'pg', connection: async () => { const until = Date.now() + 60_000; return ({ password: await read(), expirationChecker: () => Date.now() > until }); } });",
          },
        ],
      ],
    },
    {
      name: 'a knex provider that answers with a text',
      code: "import knex from 'knex';\nexport default knex({ client: 'pg', connection: () => process.env.DATABASE_URL });",
      says: [['calledOnce', { maker: 'knex' }]],
      suggests: [[]],
    },
    {
      name: 'a redis provider that the URL shadows',
      code: "import { createClient } from 'redis';\nexport const c = createClient({ url: `redis://${user}:${password}@h:6379`, credentialsProvider: p });",
      says: [['shadowedHook', { maker: 'createClient', hook: 'credentialsProvider', shadow: 'url' }]],
    },
    {
      name: 'a Prisma client that reads its URL once',
      code: "import { PrismaClient } from '@prisma/client';\nexport const p = new PrismaClient();",
      says: [['capturedCredential']],
    },
    {
      name: 'a configuration from a caller, on request',
      code: `${imported}export const make = (options) => new Pool(options);`,
      options: [{ reportUnknown: true }],
      says: [['unknown', { maker: 'new Pool' }]],
    },
    {
      name: 'a maker of yours that is like a known one',
      code: "import { createPool } from '@acme/db';\nexport const pool = createPool({ password: process.env.P });",
      options: [{ clients: [{ from: 'package', name: 'createPool', package: '@acme/db', like: 'pg' }] }],
      says: [['capturedCredential', { maker: 'createPool', remedy: pgRemedy }]],
    },
    {
      name: 'a configuration of another file than the declared one',
      code: `import { config } from './other.js';\n${imported}export const pool = new Pool({ password: process.env.DB_PASSWORD, ssl: config() });`,
      filename: 'src/pool.ts',
      options: [{ refreshing: [{ from: 'file', name: 'config', path: 'src/db/config.ts' }] }],
      says: [['capturedCredential', pg]],
    },
    {
      name: 'MySQL behind typeorm',
      code: "import { DataSource } from 'typeorm';\nexport default new DataSource({ type: 'mysql', host, password: () => read() });",
      says: [['unsupportedFunction']],
    },
  ],
});
