import { describe, expect, it } from 'vitest';
import { projects } from '../project.testing.js';

const lint = projects();

/** The first file makes the client, and the others hold what it is made with. */
const found: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'knex whose configuration has branches in another file': {
    'main.ts': "import knex from 'knex'; import config from './connect'; export const db = knex(config);",
    'connect.ts':
      "let config; if (process.env.DB_TYPE) { config = { client: 'pg', connection: { host: 'h', password: process.env.P } }; } else { config = { client: 'sqlite3', connection: {} }; } export default config;",
  },
  'knex over a URL of the environment, or what was there before': {
    'main.ts':
      "import knex from 'knex'; import config from './connect'; export const db = knex({ ...config, connection: process.env.READONLY_DATABASE_URL || { ...config.connection, host: process.env.H } });",
    'connect.ts': 'export default JSON.parse(process.env.DB_JSON);',
  },
  'a part of a package of settings': {
    'main.js':
      "const Redis = require('ioredis'); const config = require('wild-config'); module.exports = new Redis(config.dbs.redis);",
  },
  'settings that the repository does not hold': {
    'main.js': "const { Pool } = require('pg'); module.exports = new Pool(require('./secrets/databaseConfiguration'));",
  },
  'a part of settings that the repository does not hold': {
    'main.js':
      "const mysql = require('mysql'); const config = require('./config'); module.exports = mysql.createPool(config[0]);",
  },
  'the template of sequelize-cli over a password': {
    'models/index.js':
      "const Sequelize = require('sequelize'); const config = require(__dirname + '/../config/config.json')[process.env.NODE_ENV]; let sequelize; if (config.use_env_variable) { sequelize = new Sequelize(process.env[config.use_env_variable], config); } else { sequelize = new Sequelize(config.database, config.username, config.password, config); } module.exports = sequelize;",
    'config/config.json': '{ "development": { "username": "root", "password": "a9x", "dialect": "mysql" } }',
  },
  'the template of sequelize-cli over a URL': {
    'models/index.js':
      "const Sequelize = require('sequelize'); const path = require('path'); const config = require(path.join(__dirname, '..', 'config.json'))[process.env.NODE_ENV]; let sequelize; if (config.use_env_variable) { sequelize = new Sequelize(process.env[config.use_env_variable], config); } else { sequelize = new Sequelize(config.database, config.username, config.password, config); } module.exports = sequelize;",
    'config.json': '{ "production": { "use_env_variable": "DATABASE_URL", "dialect": "postgres" } }',
  },
  'a password of a type that another package of the monorepo declares': {
    'apps/bot/main.ts':
      "import { Sequelize } from 'sequelize'; import type { Settings } from '@acme/types'; export class Db { constructor(options: Settings) { this.db = new Sequelize(options.database, options.user, options.pass, { dialect: 'postgres' }); } }",
    'package.json': '{ "workspaces": ["apps/*", "packages/*"] }',
    'apps/bot/package.json': '{ "name": "@acme/bot", "dependencies": { "@acme/types": "*" } }',
    'packages/types/package.json': '{ "name": "@acme/types" }',
    'packages/types/src/index.ts': "export * from './settings';",
    'packages/types/src/settings.ts': 'export interface Settings { database: string; user: string; pass: string }',
  },
  'entries that refer to each other': {
    'main.js':
      "const { Pool } = require('pg'); const all = { a: { password: all[process.env.E].password }, b: { password: null } }; module.exports = new Pool({ host: 'h', password: all[process.env.E].password });",
  },
  'a URL, or the parts of one': {
    'main.ts':
      "import { Pool } from 'pg'; import config from './config/server'; const given = config.database.sql; export const pool = typeof given === 'string' ? new Pool({ connectionString: given }) : new Pool(given);",
    'config/server.ts': 'export default merge(read(), { database: { sql: process.env.URL } });',
  },
  'a password that is given to the options in a branch': {
    'main.ts':
      "import { Redis } from 'ioredis'; import { settings } from './settings'; const settingsOf = () => settings; export function make(given = settingsOf()) { const options = { host: given.host }; if (given.password) { options.password = given.password; } return new Redis(options); }",
    'settings.ts':
      "const url = new URL(process.env.REDIS_URL); export const settings = { host: url.hostname, password: url.password || '' };",
  },
  'defaults that a pattern takes apart': {
    'main.js':
      "import neo4j from 'neo4j-driver'; import CONFIG from './config'; const defaults = { uri: CONFIG.NEO4J_URI, username: CONFIG.NEO4J_USERNAME, password: CONFIG.NEO4J_PASSWORD }; export function open(options = {}) { const { uri, username, password } = { ...defaults, ...options }; return neo4j.driver(uri, neo4j.auth.basic(username, password)); }",
    'config.js': 'export default process.env;',
  },
  'a microservice of an application that a function is given': {
    'main.ts':
      "import { Transport } from '@nestjs/microservices'; import { settings } from './settings'; const listen = (app, url) => { app.connectMicroservice({ transport: Transport.RMQ, options: { urls: [url] } }); }; export const start = (app) => listen(app, settings.rabbitUrl);",
    'settings.ts': 'export const settings = { rabbitUrl: process.env.RABBIT_URL };',
  },
  'options that a service of NestJS makes': {
    'main.ts':
      "import { NestFactory } from '@nestjs/core'; import { RmqService } from './rmq.service'; import { AppModule } from './app.module'; async function bootstrap() { const app = await NestFactory.create(AppModule); const rmq = app.get(RmqService); app.connectMicroservice(rmq.getOptions('auth')); await app.listen(3000); } bootstrap();",
    'rmq.service.ts':
      "import { Transport } from '@nestjs/microservices'; export class RmqService { constructor(private readonly configService) {} getOptions(queue) { return { transport: Transport.RMQ, options: { urls: [this.configService.get('rmq.uri')], queue } }; } }",
  },
  'what a package of the monorepo exports': {
    'apps/api/main.ts':
      "import { Pool } from 'pg'; import { config } from '@acme/config'; export const pool = new Pool(config.db);",
    'package.json': '{ "workspaces": ["apps/*", "packages/*"] }',
    'apps/api/package.json': '{ "name": "@acme/api", "dependencies": { "@acme/config": "*", "pg": "8" } }',
    'packages/config/package.json': '{ "name": "@acme/config", "main": "dist/index.js" }',
    'packages/config/src/index.ts': 'export const config = { db: { host: "h", password: process.env.P } };',
  },
  'what another package of the monorepo gives': {
    'packages/db/src/pool.ts':
      "import { Pool } from 'pg'; export const makePool = (url) => new Pool({ connectionString: url });",
    'pnpm-workspace.yaml': "packages:\n  - 'apps/*'\n  - 'packages/**'\n",
    'packages/db/src/index.ts': "export * from './pool';",
    'packages/db/package.json':
      '{ "name": "@acme/db", "exports": { ".": "./dist/index.js" }, "dependencies": { "pg": "8" } }',
    'apps/api/package.json': '{ "name": "@acme/api", "dependencies": { "@acme/db": "workspace:*" } }',
    'apps/api/src/main.ts':
      "import { makePool } from '@acme/db'; export const pool = makePool(process.env.DATABASE_URL);",
  },
  'a client of Prisma that a package of the monorepo hands on': {
    'main.ts': "import { PrismaClient } from '@acme/db'; export const prisma = new PrismaClient();",
  },
  'pg env imported t3': {
    'main.ts':
      "import { Pool } from 'pg'; import { env } from './env'; export const pool = new Pool({ connectionString: env.DATABASE_URL });",
    'env.ts':
      "import { createEnv } from '@t3-oss/env-core'; import { z } from 'zod'; export const env = createEnv({ server: { DATABASE_URL: z.string().url() }, runtimeEnv: process.env });",
  },
  'pg config imported default object': {
    'main.ts':
      "import { Pool } from 'pg'; import config from './lib/config'; export const pool = new Pool({ connectionString: config.databaseUrl });",
    'lib/config.ts': 'export default { databaseUrl: process.env.DATABASE_URL };',
  },
  'pg config imported nested': {
    'main.ts':
      "import { Pool } from 'pg'; import config from './config'; export const pool = new Pool({ ...config.db });",
    'config.ts': 'export default { db: { user: process.env.DB_USER, password: process.env.DB_PASSWORD } };',
  },
  'pg config imported whole': {
    'main.ts':
      "import { Pool } from 'pg'; import { dbConfig } from './config/database'; export const pool = new Pool(dbConfig);",
    'config/database.ts': 'export const dbConfig = { user: process.env.DB_USER, password: process.env.DB_PASSWORD };',
  },
  'pg exported settings module members': {
    'main.ts':
      "import { Pool } from 'pg'; import { DATABASE_URL } from './settings'; export const pool = new Pool({ connectionString: DATABASE_URL });",
    'settings.ts': 'export const DATABASE_URL = process.env.DATABASE_URL!;',
  },
  'pg settings lower case': {
    'main.ts':
      "import { Pool } from 'pg'; import { databaseUrl } from './settings'; export const pool = new Pool({ connectionString: databaseUrl });",
    'settings.ts': 'export const databaseUrl = process.env.DATABASE_URL!;',
  },
  'pg config function imported': {
    'main.ts':
      "import { Pool } from 'pg'; import { getConfig } from './settings'; export const pool = new Pool(getConfig());",
    'settings.ts': 'export function getConfig() { return { host: process.env.H, password: process.env.P }; }',
  },
  'pg config function imported destructured': {
    'main.ts':
      "import { Pool } from 'pg'; import config from './settings'; const { dbPassword, dbUser } = config(); export const pool = new Pool({ user: dbUser, password: dbPassword });",
    'settings.ts': 'export default function config() { return { dbUser: process.env.U, dbPassword: process.env.P }; }',
  },
  'postgres.js env': {
    'main.ts':
      "import postgres from 'postgres'; import { env } from '@/env'; const globalForDb = globalThis as unknown as { conn: postgres.Sql | undefined }; const conn = globalForDb.conn ?? postgres(env.DATABASE_URL); if (env.NODE_ENV !== \"production\") globalForDb.conn = conn;",
    'env.js':
      'import { createEnv } from "@t3-oss/env-nextjs"; export const env = createEnv({ server: {}, runtimeEnv: {} });',
  },
  'knex config obj import': {
    'main.ts': "import knex from 'knex'; import config from './knexfile'; export const db = knex(config);",
    'knexfile.ts': "export default { client: 'pg', connection: { host: process.env.H, password: process.env.P } };",
  },
  'knex config by env import': {
    'main.ts':
      "const knex = require('knex'); const config = require('./knexfile'); module.exports = knex(config[process.env.NODE_ENV || 'development']);",
    'knexfile.js':
      "module.exports = { development: { client: 'pg', connection: process.env.DATABASE_URL }, production: { client: 'pg', connection: process.env.DATABASE_URL } };",
  },
  'knex config member import': {
    'main.ts':
      "const knexfile = require('./knexfile'); const environment = process.env.ENVIRONMENT || 'development'; const config = knexfile[environment]; module.exports = require('knex')(config);",
    'knexfile.js':
      "module.exports = { development: { client: 'mysql2', connection: { user: 'a', password: process.env.PW } } };",
  },
  'knex config named': {
    'main.ts':
      "import { knex } from 'knex'; import { development } from './knexfile'; export default knex(development);",
    'knexfile.ts':
      "export const development = { client: 'pg', connection: { connectionString: process.env.DATABASE_URL } };",
  },
  'knex config.db': {
    'main.ts':
      "import Knex from 'knex'; import config from './config'; export const knex = Knex({ client: 'pg', connection: config.db.url });",
    'config.ts': 'export default { db: { url: process.env.DATABASE_URL } };',
  },
  'sequelize positional config': {
    'main.ts':
      "const Sequelize = require('sequelize'); const dbConfig = require('./config/db.config.js'); const sequelize = new Sequelize(dbConfig.DB, dbConfig.USER, dbConfig.PASSWORD, { host: dbConfig.HOST, dialect: dbConfig.dialect }); module.exports = sequelize;",
    'config/db.config.js':
      "module.exports = { HOST: 'localhost', USER: process.env.U, PASSWORD: process.env.P, DB: 'x', dialect: 'mysql' };",
  },
  'typeorm imported config': {
    'main.ts':
      "import { DataSource } from 'typeorm'; import { dbConfig } from './config'; export const ds = new DataSource({ ...dbConfig, entities: [] });",
    'config.ts': "export const dbConfig = { type: 'postgres', host: 'a', password: process.env.P } as const;",
  },
  'drizzle conn': {
    'main.ts':
      "import { drizzle } from 'drizzle-orm/node-postgres'; import { env } from './env'; export const db = drizzle({ connection: env.DATABASE_URL, schema });",
    'env.ts': "import { z } from 'zod'; export const env = z.object({ DATABASE_URL: z.string() }).parse(process.env);",
  },
  'mongoose config': {
    'main.ts':
      "import mongoose from 'mongoose'; import config from './config/config'; mongoose.connect(config.mongoose.url, config.mongoose.options).then(() => {});",
    'config/config.ts':
      "import Joi from 'joi'; const schema = Joi.object().keys({ MONGODB_URL: Joi.string() }); const { value: envVars, error } = schema.validate(process.env); export default { mongoose: { url: envVars.MONGODB_URL, options: {} } };",
  },
  'mongoose named imports': {
    'main.ts':
      "import { connect } from 'mongoose'; import { MONGO_URI } from './config'; export const open = () => connect(MONGO_URI as string);",
    'config.ts': 'export const { MONGO_URI } = process.env;',
  },
  'redis config': {
    'main.ts':
      "import redis from 'redis'; import { redisUrl } from './config'; export const client = redis.createClient({ url: redisUrl });",
    'config.ts': 'export const redisUrl = process.env.REDIS_URL as string;',
  },
  'bullmq conn imported': {
    'main.ts':
      "import { Queue, Worker } from 'bullmq'; import { connection } from './redis'; export const q = new Queue('a', { connection });",
    'redis.ts': 'export const connection = { host: process.env.H, password: process.env.P };',
  },
  'bull conditional spread local': {
    'main.ts':
      "const Queue = require('bull'); const env = require('./env'); const redis = { host: env.H, ...(env.REDIS_PASSWORD && { password: env.REDIS_PASSWORD }) }; module.exports = new Queue('visit', { redis });",
    'env.js':
      "const { cleanEnv, str } = require('envalid'); module.exports = cleanEnv(process.env, { REDIS_PASSWORD: str({ default: '' }) });",
  },
  'amqplib config': {
    'main.ts':
      "import * as amqp from 'amqplib'; import config from './config'; export class Mq { private connection; async init() { this.connection = await amqp.connect(config.rabbitmq.url); } }",
    'config.ts': 'export default { rabbitmq: { url: process.env.RABBITMQ_URL } };',
  },
  'kafkajs config member sasl': {
    'main.ts':
      "import { Kafka, KafkaConfig } from 'kafkajs'; import config from './config'; let k: Kafka | null = null; export function kafka() { const { user, password } = config(); const sasl = user && password ? { mechanism: 'plain', username: user, password } : undefined; if (!k) { const c: KafkaConfig = { brokers: [], sasl }; k = new Kafka(c); } return k; }",
    'config.ts':
      'let CONFIG = null; export default function config() { if (!CONFIG) { CONFIG = loadConfig(); } return CONFIG; }',
  },
  'config class static import': {
    'main.ts':
      "import { Pool } from 'pg'; import { Config } from './config'; export const pool = new Pool({ host: Config.host, password: Config.dbPassword });",
    'config.ts': 'export class Config { static host = process.env.H; static dbPassword = process.env.P; }',
  },
  'config dotenv object barrel': {
    'main.ts':
      "import { Pool } from 'pg'; import { config } from './config'; export const pool = new Pool({ host: 'h', password: config.DB_PASSWORD });",
    'config/index.ts': "export * from './env';",
    'config/env.ts': 'export const config = { DB_PASSWORD: process.env.DB_PASSWORD };',
  },
  'redis url through barrel': {
    'main.ts':
      "import Redis from 'ioredis'; import { config } from './config'; export const r = new Redis(config.redisUrl);",
    'config/index.ts': "export { config } from './env';",
    'config/env.ts': 'export const config = { redisUrl: process.env.REDIS_URL };',
  },
  'redis convict': {
    'main.ts':
      "import Redis from 'ioredis'; import config from './config'; export const r = new Redis({ host: config.get('redis.host'), password: config.get('redis.password') });",
    'config.ts':
      "import convict from 'convict'; const config = convict({ redis: { host: { default: 'a' }, password: { env: 'P', default: '' } } }); export default config;",
  },
  'redis convict url': {
    'main.ts':
      "import Redis from 'ioredis'; import config from './config'; export const r = new Redis(config.get('redis.url'));",
    'config.ts':
      "import convict from 'convict'; const config = convict({ redis: { url: { env: 'P', default: '' } } }); export default config;",
  },
  'class validated config via container': {
    'main.ts':
      "import { Pool } from 'pg'; import { appConfig } from './app-config'; export class Db { private readonly pool = new Pool({ user: appConfig.db.user, password: appConfig.db.password }); }",
    'app-config.ts':
      'const c = { db: { user: process.env.U, password: process.env.P } }; export const appConfig = Object.freeze(c);',
  },
  'nest useClass imported': {
    'main.ts':
      "import { TypeOrmModule } from '@nestjs/typeorm'; import { Svc } from './svc'; export const m = TypeOrmModule.forRootAsync({ useClass: Svc, dataSourceFactory: async (o) => new DataSource(o).initialize() });",
    'svc.ts':
      "import { ConfigService } from '@nestjs/config'; export class Svc { constructor(private config: ConfigService) {} createTypeOrmOptions() { return { type: this.config.get('database.type'), url: this.config.get('database.url'), password: this.config.get('database.password') }; } }",
  },
  'nest forRoot imported options': {
    'main.ts':
      "import { TypeOrmModule } from '@nestjs/typeorm'; import { dataSourceOptions } from './data-source'; export const m = TypeOrmModule.forRoot(dataSourceOptions);",
    'data-source.ts':
      "import { DataSource, DataSourceOptions } from 'typeorm'; export const dataSourceOptions: DataSourceOptions = { type: 'postgres', password: process.env.P }; export default new DataSource(dataSourceOptions);",
  },
  'ioredis getter class': {
    'main.ts':
      "import Redis from 'ioredis'; import { env } from './env'; const getRedisUrl = () => { if (env.REDIS_URL) return env.REDIS_URL; throw new Error('REDIS_URL is not defined'); }; export const redis = new Redis(getRedisUrl());",
    'env.ts': 'export const env = { REDIS_URL: process.env.REDIS_URL };',
  },
};
const fine: typeof found = {
  'pg imported function password': {
    'main.ts':
      "import { Pool } from 'pg'; import { readPassword } from './secrets'; export const pool = new Pool({ host: 'a', password: readPassword });",
    'secrets.ts': "export const readPassword = async () => (await fetch('x')).text();",
  },
  'pg imported config with function': {
    'main.ts':
      "import { Pool } from 'pg'; import config from './secrets'; export const pool = new Pool({ host: 'a', password: config.password });",
    'secrets.ts': "export default { password: async () => (await fetch('x')).text() };",
  },
  'the template of sequelize-cli over empty passwords': {
    'models/index.js':
      "const Sequelize = require('sequelize'); const config = require(__dirname + '/../config/config.json')[process.env.NODE_ENV]; let sequelize; if (config.use_env_variable) { sequelize = new Sequelize(process.env[config.use_env_variable], config); } else { sequelize = new Sequelize(config.database, config.username, config.password, config); } module.exports = sequelize;",
    'config/config.json':
      '{ "development": { "username": "root", "password": null }, "production": { "username": "root", "password": "" } }',
  },
  'settings that are not there, and only name a server': {
    'main.js':
      "const Redis = require('ioredis'); const config = require('./config'); module.exports = new Redis(config.port, config.host);",
  },
  'a package of the monorepo that exports a function': {
    'apps/api/main.ts':
      "import { Pool } from 'pg'; import { config } from '@acme/config'; export const pool = new Pool({ host: 'h', password: config.password });",
    'package.json': '{ "workspaces": { "packages": ["apps/*", "packages/*"] } }',
    'apps/api/package.json': '{ "name": "@acme/api", "dependencies": { "@acme/config": "*", "pg": "8" } }',
    'packages/config/package.json': '{ "name": "@acme/config" }',
    'packages/config/src/index.ts': 'export const config = { password: async () => read() };',
  },
  'a microservice without a broker': {
    'main.ts':
      "import { NestFactory } from '@nestjs/core'; import { Transport } from '@nestjs/microservices'; export const open = (module) => NestFactory.createMicroservice(module, { transport: Transport.GRPC, options: { url: process.env.GRPC_URL } });",
  },
  'bullmq conn ioredis imported': {
    'main.ts':
      "import { Queue } from 'bullmq'; import { connection } from './redis'; export const q = new Queue('a', { connection });",
    'redis.ts': "import Redis from 'ioredis'; export const connection = new Redis(process.env.REDIS_URL);",
  },
};

const judged = async (files: Readonly<Record<string, string>>) => {
  const [main = ''] = Object.keys(files);
  return (await lint('require-pool-refresh', files, main)).map((each) => each.replace(/^\d+ /, ''));
};

describe('a client whose credential another file reads', () => {
  it.each(Object.entries(found))('is found: %s', async (_, files) => {
    expect([...new Set(await judged(files))]).toEqual(['capturedCredential']);
  });

  it.each(Object.entries(fine))('is left alone: %s', async (_, files) => {
    expect(await judged(files)).toEqual([]);
  });
});
