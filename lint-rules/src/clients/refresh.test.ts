import { table } from '../table.testing.js';
import rule from '../rules/require-pool-refresh.js';

/** Every driver and ORM: what asks again, and what only looks as if it did. */
const dual = [{ rotation: 'dual-user' }];
const captured = (name: string, code: string) => ({ name, code, says: [['capturedCredential'] as const] });
const unsupported = (name: string, code: string) => ({ name, code, says: [['unsupportedFunction'] as const] });

table(rule, {
  fine: [
    {
      name: 'mongodb: a URL of a caller in another form',
      code: "import { MongoClient } from 'mongodb'; export class Store { constructor({ uri }) { this._uri = uri; } connect() { const uri = formatUrl(parseUrl(this._uri)); return MongoClient.connect(uri, {}); } }",
    },
    {
      name: 'redis: a URL of a host',
      code: "import { createClient } from 'redis'; export const c = createClient({ url: `redis://${process.env.REDIS_HOST}:${process.env.REDIS_PORT}` });",
    },
    {
      name: 'mysql: a connection that is made with what was just read',
      code: "import mysql from 'mysql2'; export async function handler(event) { const { password } = await read(event.secret); const connection = mysql.createConnection({ host, password }); return await run(connection); }",
    },
    {
      name: 'pg: a class that keeps what it was given',
      code: "import { Pool } from 'pg'; export class Db { constructor(options) { this.options = options; } settings() { return { url: this.options.url }; } open() { return [new Pool({ host, password: this.options.password }), new Pool({ connectionString: this.settings().url })]; } }",
    },
    {
      name: 'typeorm: a URL of a caller, taken apart',
      code: "import { DataSource } from 'typeorm'; export const open = (options) => { const parts = parseUrl(options.url); return new DataSource({ type: 'mssql', password: parts.password }); };",
    },
    {
      name: 'prisma adapter: a pool of the drivers that asks',
      code: "import { PrismaPg } from '@prisma/adapter-pg'; export const a = new PrismaPg({ host, password: () => read() });",
    },
    {
      name: 'drizzle over postgres.js: a function beside a URL',
      code: "import { drizzle } from 'drizzle-orm/postgres-js'; export const db = drizzle({ connection: { url: process.env.U, password: () => read() } });",
    },
    {
      name: 'pg: a script',
      code: "import { Pool } from 'pg'; export const p = new Pool({ password: process.env.P });",
      filename: 'scripts/clean-up.js',
    },
    {
      name: 'pg: options.password is assigned',
      code: "import { Pool } from 'pg'; export const p = new Pool({ password: process.env.P }); onChange((v) => { p.options.password = v; });",
    },
    {
      name: 'pg-promise: a function',
      code: "import pgPromise from 'pg-promise'; const pgp = pgPromise(); export const db = pgp({ host, password: () => read() });",
    },
    {
      name: 'mysql2: the password of the pool is assigned',
      code: "import mysql from 'mysql2/promise'; export const p = mysql.createPool({ password: process.env.P }); onChange((v) => { p.pool.config.connectionConfig.password = v; });",
    },
    {
      name: 'mysql2: a plugin that fetches',
      code: "import mysql from 'mysql2'; export const p = mysql.createPool({ host, authPlugins: { mysql_clear_password: () => () => token() } });",
    },
    {
      name: 'mongodb: OIDC',
      code: "import { MongoClient } from 'mongodb'; export const c = new MongoClient(process.env.URL, { authMechanismProperties: { OIDC_CALLBACK: read } });",
    },
    {
      name: 'redis: a provider beside a password wins',
      code: "import { createClient } from 'redis'; export const c = createClient({ password: process.env.P, credentialsProvider: p });",
      options: dual,
    },
    {
      name: 'knex: a connection of two branches that both ask',
      code: "import knex from 'knex'; export default knex({ client: 'pg', connection: local ? { socketPath, password: () => read() } : { host, password: () => read() } });",
    },
    {
      name: 'redis: a password that a caller may give',
      code: "import Redis from 'ioredis'; export const open = (options) => new Redis({ host, ...(options.password && { password: options.password }) });",
    },
    {
      name: 'prisma: an adapter beside a condition',
      code: "import { PrismaPg } from '@prisma/adapter-pg'; import { PrismaClient } from '@prisma/client'; const adapter = new PrismaPg({ host, password: () => read() }); export const db = new PrismaClient({ adapter, ...(dev && { log: ['query'] }) });",
    },
    {
      name: 'knex: a function as password on PostgreSQL',
      code: "import knex from 'knex'; export default knex({ client: 'pg', connection: { host, password: () => read() } });",
    },
    {
      name: 'Sequelize: a function as password on PostgreSQL',
      code: "import { Sequelize } from 'sequelize'; export default new Sequelize({ dialect: 'postgres', password: () => read() });",
    },
    {
      name: 'Sequelize 7: a listener',
      code: "import { Sequelize } from '@sequelize/core'; export const s = new Sequelize({ password: process.env.P }); s.hooks.addListener('beforeConnect', set);",
      options: dual,
    },
    {
      name: 'typeorm: a function in extra',
      code: "import { DataSource } from 'typeorm'; export default new DataSource({ type: 'postgres', extra: { password: () => read() } });",
    },
    {
      name: 'Prisma: a function in its adapter',
      code: "import { PrismaPg } from '@prisma/adapter-pg'; export const a = new PrismaPg({ host, user, password: () => read() });",
    },
    {
      name: 'Drizzle: a function',
      code: "import { drizzle } from 'drizzle-orm/node-postgres'; export const db = drizzle({ connection: { host, password: () => read() } });",
    },
    {
      name: 'Kysely: the pool of its dialect',
      code: "import { Kysely, PostgresDialect } from 'kysely'; import { Pool } from 'pg'; export const db = new Kysely({ dialect: new PostgresDialect({ pool: new Pool({ host, password: () => read() }) }) });",
    },
    {
      name: 'MikroORM: a function, also with a URL',
      code: "import { defineConfig } from '@mikro-orm/mysql'; export default defineConfig({ clientUrl: process.env.URL, password: () => read() });",
    },
    {
      name: 'oracledb: a callback',
      code: "import oracledb from 'oracledb'; export const p = await oracledb.createPool({ accessToken: () => token() });",
    },
    {
      name: 'mssql: a credential that asks',
      code: "import sql from 'mssql'; export const p = new sql.ConnectionPool({ server, authentication: { type: 'token-credential', options: { credential } } });",
    },
    {
      name: 'amqplib: credentials that compute',
      code: "import amqp from 'amqplib'; export const c = await amqp.connect(process.env.AMQP_URL, { credentials });",
    },
    {
      name: 'amqplib: updateSecret',
      code: "import amqp from 'amqplib'; export const c = await amqp.connect(process.env.AMQP_URL); onChange((v) => c.updateSecret(Buffer.from(v), 'rotated'));",
    },
    {
      name: 'amqp-connection-manager: findServers',
      code: "import { connect } from 'amqp-connection-manager'; export const c = connect(null, { findServers: async () => url() });",
    },
    {
      name: 'kafkajs: an OAuth provider',
      code: "import { Kafka } from 'kafkajs'; export const k = new Kafka({ sasl: { mechanism: 'oauthbearer', oauthBearerProvider } });",
      options: dual,
    },
    {
      name: 'nats: an authenticator',
      code: "import { connect, usernamePasswordAuthenticator } from 'nats'; export const c = await connect({ authenticator: usernamePasswordAuthenticator(() => u, () => p) });",
    },
    {
      name: 'cassandra: an authenticator of its own',
      code: "import { Client } from 'cassandra-driver'; export const c = new Client({ authProvider: new FromVault() });",
    },
    {
      name: 'the Cloud SQL connector',
      code: "import { Pool } from 'pg'; import { Connector } from '@google-cloud/cloud-sql-connector'; const o = await new Connector().getOptions({ authType: 'IAM' }); export const p = new Pool({ ...o, user });",
    },
    {
      name: 'both assigned where the user changes too',
      code: "import { Pool } from 'pg'; export const p = new Pool({ password: process.env.P }); onChange((c) => { p.options.user = c.user; p.options.password = c.password; });",
      options: dual,
    },
    {
      name: 'a configuration that a parameter brings',
      code: "import mysql from 'mysql2'; export const open = (config) => mysql.createPool(config);",
    },
  ],
  wrong: [
    captured(
      'pg: a class that reads its own configuration',
      "import { Pool } from 'pg'; import { config } from './config.js'; export class Db { constructor() { this.options = config.get('db'); } open() { return new Pool({ password: this.options.password }); } }",
    ),
    captured(
      'knex: a connection of two branches',
      "import knex from 'knex'; export default knex({ client: 'mysql2', connection: process.env.SOCKET ? { socketPath: process.env.SOCKET, password: process.env.P } : { host, password: process.env.P } });",
    ),
    captured(
      'redis: a password that is there on a condition',
      "import Redis from 'ioredis'; export const c = new Redis({ host, ...(process.env.P && { password: process.env.P }) });",
    ),
    captured(
      'pg: a password of one branch',
      "import { Pool } from 'pg'; export const p = new Pool({ host, ...(local ? {} : { password: process.env.P }) });",
    ),
    captured(
      'knex: a configuration of one branch',
      "import knex from 'knex'; let config; if (a) { config = { client: 'sqlite3', connection: { filename } }; } else { config = { client: 'pg', connection: { host, password: settings.password } }; } export default knex(config);",
    ),
    captured(
      'typeorm: options that are put together',
      "import { createConnection } from 'typeorm'; export const load = async () => { const options = Object.assign(await defaults(), { type: 'postgres', password: env.db.password }); return await createConnection(options); };",
    ),
    captured(
      'sequelize: constants of another file',
      "import { Sequelize } from 'sequelize'; import { DB_NAME, DB_USER, DB_PASSWORD } from '@config'; export const db = new Sequelize(DB_NAME, DB_USER, DB_PASSWORD, { dialect: 'mysql' });",
    ),
    captured(
      'knex: a parameter that only this file gives',
      "import knex from 'knex'; const connect = (login) => knex({ client: 'pg', connection: { host, password: login.password } }); export const open = async () => { const login = await read(); return connect(login); };",
    ),
    unsupported(
      'drizzle over mysql2: a function',
      "import { drizzle } from 'drizzle-orm/mysql2'; export const db = drizzle({ connection: { host, password: () => read() } });",
    ),
    unsupported(
      'prisma adapter for mariadb: a function',
      "import { PrismaMariaDb } from '@prisma/adapter-mariadb'; export const a = new PrismaMariaDb({ host, password: () => read() });",
    ),
    captured(
      'pg: a getter',
      "import { Pool } from 'pg'; export const p = new Pool({ host, get password() { return process.env.P; } });",
    ),
    captured(
      'postgres.js: a URL',
      "import postgres from 'postgres'; export default postgres(process.env.DATABASE_URL);",
    ),
    captured(
      'pg-promise: a URL',
      "import pgPromise from 'pg-promise'; const pgp = pgPromise(); export const db = pgp(process.env.DATABASE_URL);",
    ),
    captured(
      'slonik: a URL',
      "import { createPool } from 'slonik'; export const p = await createPool(process.env.DATABASE_URL);",
    ),
    captured(
      'mysql',
      "const mysql = require('mysql'); module.exports = mysql.createPool({ host, password: process.env.P });",
    ),
    captured(
      'mariadb',
      "import * as mariadb from 'mariadb'; export const p = mariadb.createPool({ host, password: process.env.P });",
    ),
    captured(
      'mongodb: a URL',
      "import { MongoClient } from 'mongodb'; export const c = new MongoClient(process.env.MONGO_URL);",
    ),
    captured(
      'mongoose',
      "import mongoose from 'mongoose'; export const c = mongoose.createConnection(process.env.MONGO_URL);",
    ),
    captured(
      'redis: a cluster',
      "import { createCluster } from 'redis'; export const c = createCluster({ rootNodes, defaults: { password: process.env.P } });",
    ),
    captured(
      'ioredis: a cluster',
      "import Redis from 'ioredis'; export const c = new Redis.Cluster([{ host }], { redisOptions: { password: process.env.P } });",
    ),
    captured(
      'bullmq',
      "import { Queue } from 'bullmq'; export const q = new Queue('q', { connection: { host, password: process.env.P } });",
    ),
    captured(
      'Drizzle: a URL',
      "import { drizzle } from 'drizzle-orm/node-postgres'; export const db = drizzle(process.env.DATABASE_URL);",
    ),
    captured(
      'Kysely: a factory runs once',
      "import { PostgresDialect } from 'kysely'; import { Pool } from 'pg'; export const d = new PostgresDialect({ pool: async () => new Pool({ host, password: process.env.P }) });",
    ),
    captured(
      'MikroORM',
      "import { MikroORM } from '@mikro-orm/postgresql'; export const orm = await MikroORM.init({ dbName, password: process.env.P });",
    ),
    captured(
      'oracledb: a token as a value',
      "import oracledb from 'oracledb'; const accessToken = await token(); export const p = await oracledb.createPool({ user, password: process.env.P, accessToken });",
    ),
    captured(
      'mssql: a fixed token',
      "import sql from 'mssql'; export const p = new sql.ConnectionPool({ server, authentication: { type: 'azure-active-directory-access-token', options: { token: await token() } } });",
    ),
    captured(
      'amqplib: a URL',
      "import amqp from 'amqplib'; export const c = await amqp.connect(process.env.AMQP_URL);",
    ),
    captured(
      'amqp-connection-manager: a list of URLs',
      "import { connect } from 'amqp-connection-manager'; export const c = connect([process.env.AMQP_URL]);",
    ),
    captured(
      'rabbitmq-client',
      "import { Connection } from 'rabbitmq-client'; export const c = new Connection(process.env.RABBITMQ_URL);",
    ),
    captured(
      'kafkajs: a password',
      "import { Kafka } from 'kafkajs'; export const k = new Kafka({ sasl: { mechanism: 'plain', username, password: process.env.P } });",
    ),
    captured('nats', "import { connect } from 'nats'; export const c = await connect({ user, pass: process.env.P });"),
    captured(
      'cassandra: values that are copied',
      "import { Client, auth } from 'cassandra-driver'; export const c = new Client({ authProvider: new auth.PlainTextAuthProvider('u', process.env.P) });",
    ),
    unsupported(
      'mariadb: a function',
      "import mariadb from 'mariadb'; export const p = mariadb.createPool({ host, password: () => read() });",
    ),
    unsupported(
      'redis: a function',
      "import { createClient } from 'redis'; export const c = createClient({ password: () => read() });",
    ),
    unsupported(
      'ioredis: a function',
      "import Redis from 'ioredis'; export const c = new Redis({ password: () => read() });",
    ),
    unsupported(
      'knex: a function on MySQL',
      "import knex from 'knex'; export default knex({ client: 'mysql2', connection: { host, password: () => read() } });",
    ),
    unsupported(
      'Sequelize: a function below dialectOptions',
      "import { Sequelize } from 'sequelize'; export default new Sequelize({ dialect: 'postgres', dialectOptions: { password: () => read() } });",
    ),
    unsupported(
      'Sequelize: a function on MySQL',
      "import { Sequelize } from 'sequelize'; export default new Sequelize({ dialect: 'mysql', password: () => read() });",
    ),
    unsupported(
      'postgres.js: a function as user',
      "import postgres from 'postgres'; export default postgres({ username: () => user(), password: () => read() });",
    ),
    {
      name: 'typeorm: a URL shadows the function',
      code: "import { DataSource } from 'typeorm'; export default new DataSource({ type: 'postgres', url: process.env.URL, password: () => read() });",
      says: [['shadowedHook', { maker: 'new DataSource', hook: 'password', shadow: 'url' }]],
    },
    {
      name: 'Prisma: a URL shadows the function, and a host stands beside it',
      code: "import { PrismaPg } from '@prisma/adapter-pg'; export const a = new PrismaPg({ connectionString: process.env.URL, host, password: () => read() });",
      says: [['shadowedHook', { maker: 'new PrismaPg', hook: 'password', shadow: 'connectionString' }]],
      suggests: [
        [
          {
            messageId: 'dropUrl',
            output:
              "import { PrismaPg } from '@prisma/adapter-pg'; export const a = new PrismaPg({ host, password: () => read() });",
          },
        ],
      ],
    },
    {
      name: 'Drizzle: a URL that is a text shadows the function',
      code: "import { drizzle } from 'drizzle-orm/node-postgres'; export const db = drizzle({ connection: { connectionString: 'postgres://app@db:5433/shop', password: () => read() } });",
      says: [['shadowedHook']],
      suggests: [
        [
          {
            messageId: 'splitUrl',
            output:
              "import { drizzle } from 'drizzle-orm/node-postgres'; export const db = drizzle({ connection: { host: 'db', port: 5433, database: 'shop', user: 'app', password: () => read() } });",
          },
        ],
      ],
    },
    {
      name: 'knex: a URL shadows the function',
      code: "import knex from 'knex'; export default knex({ client: 'pg', connection: { connectionString: process.env.URL, password: () => read() } });",
      says: [['shadowedHook']],
    },
    {
      name: 'knex: a checker that always says yes',
      code: "import knex from 'knex'; export default knex({ client: 'pg', connection: async () => ({ password: await read(), expirationChecker: () => true }) });",
      says: [['alwaysExpired', { maker: 'knex' }]],
    },
    {
      name: 'mysql2: a plugin where the user changes too',
      code: "import mysql from 'mysql2'; export const p = mysql.createPool({ host, authPlugins: { mysql_clear_password: () => () => token() } });",
      options: dual,
      says: [['passwordOnly']],
    },
    {
      name: 'pg: the password alone is assigned where the user changes too',
      code: "import { Pool } from 'pg'; export const p = new Pool({ password: process.env.P }); onChange((v) => { p.options.password = v; });",
      options: [{ rotation: 'dynamic-user' }],
      says: [['passwordOnly']],
    },
  ],
});
