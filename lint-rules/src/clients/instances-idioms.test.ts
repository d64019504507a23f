import { describe, expect, it } from 'vitest';
import { projects } from '../project.testing.js';

const lint = projects();

/** Files of a project, of which the first is linted. */
type Project = Readonly<Record<string, string>>;

const found: Readonly<Record<string, Project>> = {
  'a getter of a configuration service': {
    'main.ts':
      "import { TypeOrmModule } from '@nestjs/typeorm'; import { Settings } from './settings'; export const db = TypeOrmModule.forRootAsync({ inject: [Settings], useFactory: (settings: Settings) => settings.postgres });",
    'settings.ts':
      "export class Settings { get postgres() { const entities = []; return { type: 'postgres', entities, password: this.read('DB_PASSWORD') }; } private read(name: string) { return process.env[name]; } }",
  },
  'a method of a configuration service that is spread': {
    'main.ts':
      "import { SequelizeModule } from '@nestjs/sequelize'; import { Settings } from './settings'; export const db = SequelizeModule.forRootAsync({ useFactory: (settings: Settings) => ({ ...settings.database(), autoLoadModels: true }) });",
    'settings.ts':
      "import { Reader } from './reader'; export class Settings { private reader: Reader; database() { return this.reader.database(); } }",
    'reader.ts':
      "export class Reader { database() { return { dialect: 'postgres', password: this.get('PASSWORD') }; } get(key) { return process.env[key]; } }",
  },
  'a method of a service that a class keeps': {
    'main.ts':
      "import Redis from 'ioredis'; import { Settings } from './settings'; export class Cache { client; constructor(private readonly settings: Settings) { this.client = new Redis(this.settings.redis()); } }",
    'settings.ts': 'export class Settings { redis() { return { host: process.env.H, password: process.env.P }; } }',
  },
  'an instance that another file exports': {
    'main.ts':
      "import { Pool } from 'pg'; import { settings } from './settings'; export const pool = new Pool(settings.database);",
    'settings.ts':
      'class Settings { readonly database = { host: process.env.H, password: process.env.P }; } export const settings = new Settings();',
  },
  'what registerAs answers': {
    'main.ts':
      "import { TypeOrmModule } from '@nestjs/typeorm'; import { ConfigType } from '@nestjs/config'; import { database } from './database'; export const db = TypeOrmModule.forRootAsync({ useFactory: (config: ConfigType<typeof database>) => config });",
    'database.ts':
      "import { registerAs } from '@nestjs/config'; export const database = registerAs('db', () => ({ type: 'postgres', password: process.env.P }));",
  },
  'the options of a data source': {
    'main.ts':
      "import { TypeOrmModule } from '@nestjs/typeorm'; import source from './source'; export const db = TypeOrmModule.forRootAsync({ useFactory: async () => ({ ...source.options }) });",
    'source.ts':
      "import { DataSource } from 'typeorm'; export default new DataSource({ type: 'postgres', url: process.env.DATABASE_URL });",
  },
  'a function that answers with a URL': {
    'main.ts':
      "import mysql from 'mysql'; import { place } from './place'; let pool; export const getPool = () => (pool ??= mysql.createPool(place()));",
    'place.ts': 'export function place() { return process.env.DATABASE_URL; }',
  },
  'a function with several answers': {
    'main.ts':
      "import Redis from 'ioredis'; import { options } from './options'; export const client = new Redis(options());",
    'options.ts':
      "export function options() { if (process.env.LOCAL) return { host: 'localhost' }; return { host: process.env.H, password: process.env.P }; }",
  },
  'a part of what the library config has read': {
    'main.js':
      "const config = require('config'); const redis = require('redis'); module.exports = redis.createClient(config.cache.redis);",
  },
  'the options of a plugin that is loaded by its folder': {
    'main.ts':
      "import fp from 'fastify-plugin'; import knex from 'knex'; export const autoConfig = (fastify) => ({ client: 'mysql2', connection: { host: 'h', password: fastify.config.MYSQL_PASSWORD } }); export default fp(async (fastify, opts) => { fastify.decorate('knex', knex(opts)); });",
  },
  'the file that TypeORM reads by itself': {
    'src/main.ts': "import { createConnection } from 'typeorm'; export const open = () => createConnection();",
    'ormconfig.js': "module.exports = { type: 'postgres', password: process.env.P };",
  },
  'the environment that TypeORM reads by itself': {
    'main.ts': "import { TypeOrmModule } from '@nestjs/typeorm'; export const db = TypeOrmModule.forRoot();",
  },
  'a URL that is given to Knex alone': {
    'main.ts': "import knex from 'knex'; export const db = knex(process.env.DATABASE_URL);",
  },
  'what was looked up for Knex': {
    'main.js': "const config = require('config'); module.exports = require('knex')(config.get('database'));",
  },
  'what a service of settings has looked up by a name': {
    'main.ts':
      "import Redis from 'ioredis'; import { ConfigService } from '@nestjs/config'; import { redisToken } from './tokens'; export const make = (settings: ConfigService) => { const redis = settings.get(redisToken, { infer: true }); return new Redis.Cluster(redis.cluster); };",
  },
  'what the same file gives to a constructor': {
    'main.ts':
      "import Redis from 'ioredis'; import { readUrl } from './settings'; export class Bus { client; constructor(private url) { this.client = new Redis(url); } } export const bus = new Bus(readUrl());",
  },
  'what the same file gives to a function that others may call': {
    'main.ts':
      "import { Sequelize } from 'sequelize'; import env from './env'; export function open(url, models) { return new Sequelize(url, { models }); } export const db = open(env.DATABASE_URL, []);",
  },
  'a part of the settings of the project': {
    'main.ts':
      "import Redis from 'ioredis'; import config from './config'; export const client = new Redis(config.redis);",
    'config.ts': 'export default load(process.env.NODE_ENV);',
  },
  'a method with a default that nobody uses': {
    'main.ts':
      "import { TypeOrmModule } from '@nestjs/typeorm'; import { Settings } from './settings'; export const db = TypeOrmModule.forRootAsync({ useFactory: (settings: Settings) => settings.postgres });",
    'settings.ts':
      "export class Settings { get postgres() { return { type: 'postgres', password: this.text('P') }; } text(key, other) { const value = this.all.get(key); if (!value) return other; return value.trim(); } }",
  },
  'a cluster of Redis': {
    'main.ts':
      "import { Redis } from 'ioredis'; export const client = new Redis.Cluster(nodes, { redisOptions: { password: process.env.P } });",
  },
  'a list of URLs': {
    'main.ts':
      "import Redis from 'ioredis'; const url = process.env.REDIS_URL; export const client = new Redis.Cluster(url.split(','));",
  },
};
const fine: typeof found = {
  'a getter that answers with a function as password': {
    'main.ts':
      "import { Pool } from 'pg'; import { Settings } from './settings'; export const make = (settings: Settings) => new Pool(settings.postgres);",
    'settings.ts': "export class Settings { get postgres() { return { host: 'h', password: () => this.read() }; } }",
  },
  'a data source that is handed over': {
    'main.ts':
      "import { TypeOrmModule } from '@nestjs/typeorm'; import source from './source'; export const db = TypeOrmModule.forRootAsync({ useFactory: async () => ({ ...source.options }), dataSourceFactory: async () => source });",
    'source.ts':
      "import { DataSource } from 'typeorm'; export default new DataSource({ type: 'postgres', url: process.env.DATABASE_URL });",
  },
  'a file of TypeORM that names SQLite': {
    'src/main.ts': "import { createConnection } from 'typeorm'; export const open = () => createConnection();",
    'ormconfig.json': '[{ "type": "sqlite", "database": "db.sqlite" }]',
  },
  'a provider of credentials that is spread in on a condition': {
    'main.ts':
      "import { createClient } from 'redis'; import { options } from './options'; export const client = createClient({ ...options(process.env.REDIS_URL), socket: {} });",
    'options.ts':
      "export function options(url) { const credentialsProvider = isCloud ? { type: 'async-credentials-provider', credentials: () => read() } : undefined; return { url, ...(credentialsProvider ? { credentialsProvider } : {}) }; }",
  },
  'the class of a command': {
    'main.ts':
      "import { CommandRunner } from 'nest-commander'; import knex from 'knex'; export class Migrate extends CommandRunner { open() { return knex({ client: 'pg', connection: { password: process.env.P } }); } }",
  },
  'a helper of functional tests': {
    'functionalTests/db.ts':
      "import mongoose from 'mongoose'; export const open = () => mongoose.connect(process.env.MONGO_URL);",
  },
  'the host and the port of settings': {
    'main.ts':
      "import redis from 'redis'; import { settings } from './config'; export const client = redis.createClient(settings.redisPort, settings.redisHost);",
  },
  'options that a function of somebody else makes of a URL': {
    'main.ts':
      "import { createClient } from 'redis'; import { redisOptions } from 'kit'; export const client = createClient(redisOptions(process.env.REDIS_URL));",
  },
  'a member that the class changes': {
    'main.ts':
      "import { Pool } from 'pg'; export class Database { options = { host: 'h', password: '' }; constructor(options) { this.options = options; } open() { return new Pool(this.options); } }",
  },
  'a method that calls itself': {
    'main.ts':
      "import { Pool } from 'pg'; class Settings { all() { return this.all(); } } export const make = (settings: Settings) => new Pool(settings.all());",
  },
  'what a caller gives to a method': {
    'main.ts':
      "import { Pool } from 'pg'; export class Database { config(given) { return given; } open(given) { return new Pool(this.config(given)); } }",
  },
};

const judged = async (files: Project) => {
  const [main = ''] = Object.keys(files);
  return lint('require-pool-refresh', files, main);
};

describe('a configuration that an object holds', () => {
  it.each(Object.entries(found))('is followed: %s', async (_, files) => {
    expect(await judged(files)).toEqual(['1 capturedCredential']);
  });

  it.each(Object.entries(fine))('is left alone: %s', async (_, files) => {
    expect(await judged(files)).toEqual([]);
  });
});
