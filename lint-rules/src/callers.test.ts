import { describe, expect, it } from 'vitest';
import { projects } from './project.testing.js';

const lint = projects();
const manifest = { 'package.json': '{ "name": "app" }' };
const connect =
  "const mongoose = require('mongoose'); const connectDB = (url) => mongoose.connect(url); module.exports = connectDB;";

const count = 14;
const each = Array.from({ length: count }, (_, index) => index);
/** Following every way through it would take for ever. */
const tangle = each
  .map((from) => {
    const ways = each
      .slice(1)
      .map((step) => `this.x${from} = this.x${(from + step) % count} || this.x${(from + 2 * step + 1) % count};`);
    return `m${from}() { ${ways.join(' ')} }`;
  })
  .join(' ');

/** A function that so many others hand its URL to, one to the next; the last has it from the environment. */
function handedOn(callers: number): Record<string, string> {
  const files: Record<string, string> = {
    'src/step0.ts': "import mongoose from 'mongoose'; export const step0 = (url) => mongoose.connect(url);",
  };
  for (let at = 1; at <= callers; at++) {
    const [take, give] = at === callers ? ['', 'process.env.MONGO_URI'] : ['url', 'url'];
    files[`src/step${at}.ts`] =
      `import { step${at - 1} } from './step${at - 1}'; export const step${at} = (${take}) => step${at - 1}(${give});`;
  }
  return files;
}

const found: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'a function that another file calls with a variable of the environment': {
    'db/connect.js': connect,
    'app.js': "const connectDB = require('./db/connect'); connectDB(process.env.MONGO_URI);",
  },
  'a function that is imported by its name': {
    'src/db.ts':
      "import { Pool } from 'pg'; export function makePool(url) { return new Pool({ connectionString: url }); }",
    'src/main.ts': "import { makePool } from './db.js'; export const pool = makePool(process.env.DATABASE_URL);",
  },
  'one of several functions that a file exports as an object': {
    'db.js':
      "const { Pool } = require('pg'); const open = (password) => new Pool({ host: 'h', password }); module.exports = { open };",
    'app.js': "const db = require('./db'); db.open(process.env.DB_PASSWORD);",
  },
  'a class that keeps what it was given': {
    'src/cache.ts':
      "import Redis from 'ioredis'; export class Cache { client; constructor(private readonly url) {} open() { this.client = new Redis(this.url); } }",
    'src/main.ts': "import { Cache } from './cache'; export const cache = new Cache(process.env.REDIS_URL);",
  },
  'a class that assigns what it was given': {
    'src/cache.ts':
      "import Redis from 'ioredis'; export default class Cache { constructor(url) { this.url = url; } open() { return new Redis(this.url); } }",
    'src/main.ts': "import Cache from './cache'; export const cache = new Cache(process.env.REDIS_URL);",
  },
  'a function that an index hands on': {
    'src/configs/db.ts': "import mongoose from 'mongoose'; export const connectDB = (url) => mongoose.connect(url);",
    'src/configs/index.ts': "export * from './db';",
    'src/main.ts': "import { connectDB } from './configs'; connectDB(process.env.MONGO_URI);",
  },
  'a function that is called without what it has a default for': {
    'src/db.ts':
      "import { Pool } from 'pg'; import { env } from './env'; export const getPool = (connectionString = env.DATABASE_URL) => new Pool({ connectionString });",
    'src/env.ts': 'export const env = process.env;',
  },
  'a function that hands on what its own caller gives': {
    'src/db.ts': "import mongoose from 'mongoose'; export const connectDB = (url) => mongoose.connect(url);",
    'src/start.ts':
      "import { connectDB } from './db'; export async function start(settings) { await connectDB(settings.url); }",
    'src/main.ts': "import { start } from './start'; start({ url: process.env.MONGO_URI });",
  },
  'a static method that another file calls': {
    'src/cache.module.ts':
      "import Redis from 'ioredis'; export class CacheModule { static forRoot(options) { return { provide: 'CACHE', useValue: new Redis(options.redisUrl) }; } }",
    'src/app.module.ts':
      "import { CacheModule } from './cache.module'; export const imports = [CacheModule.forRoot({ redisUrl: process.env.REDIS_URL })];",
  },
  'a part of the options that a module hands on': {
    'src/jobs.module.ts':
      "import { BullModule } from '@nestjs/bullmq'; export class JobsModule { static forRoot(options) { return { imports: [BullModule.forRoot({ connection: options.connection })] }; } }",
    'src/app.module.ts':
      "import { JobsModule } from './jobs.module'; export const imports = [JobsModule.forRoot({ connection: { url: process.env.REDIS_URL } })];",
  },
  'a class that keeps a part of its options': {
    'src/db.ts':
      "import { Pool } from 'pg'; export class Db { constructor(readonly config) { const { uri } = config; this.pool = new Pool({ connectionString: uri }); } }",
    'src/main.ts': "import { Db } from './db'; export const db = new Db({ uri: process.env.DATABASE_URL });",
  },
  'a class that is made by a factory beside it': {
    'src/rabbit.ts':
      "import amqp from 'amqplib'; class Rabbit { constructor(private brokerUrl) {} async open() { this.connection = await amqp.connect(this.brokerUrl); } } export const makeRabbit = () => new Rabbit(process.env.RABBIT_URL ?? '');",
  },
  'a copy of what was given': {
    'lib/redis.js':
      "const Redis = require('ioredis'); module.exports = { createClient(options) { const own = Object.assign({ lazyConnect: true }, options); return new Redis(own); } };",
    'app.js':
      "const { createClient } = require('./lib/redis'); createClient({ host: 'h', password: process.env.REDIS_PASSWORD });",
  },
  'members that are assigned from each other, over and over': {
    'src/tangle.ts': `import Redis from 'ioredis'; export class Tangle { ${tangle} open() { return new Redis({ host: 'h', password: this.x0 }); } }`,
  },
  'what goes through four callers': handedOn(4),
  'a list of addresses': {
    'src/db.ts':
      "import { Pool } from 'pg'; export const pools = (urls) => urls.map((url) => new Pool({ connectionString: url }));",
    'src/main.ts': "import { pools } from './db'; export const all = pools(process.env.DATABASE_URLS.split(','));",
  },
  'defaults of a class that nobody has to change': {
    'src/queue.ts':
      "import Redis from 'ioredis'; const defaults = { redisUrl: process.env.REDIS_URL }; export class Queue { constructor(options) { this.options = { ...defaults, ...options }; } open() { this.client = new Redis(this.options.redisUrl); } }",
  },
  'a part of the settings that a program gives': {
    'src/redis.js':
      "module.exports = (app, appConfig) => { const settings = appConfig.redis; app.redis = require('redis').createClient({ password: settings.auth }); };",
  },
  'a variable of the environment that an instance holds': {
    'src/plugin.ts':
      "import { Pool } from 'pg'; export default async (app) => { app.decorate('db', new Pool({ connectionString: app.env.DATABASE_URL })); };",
  },
  'options that another file gives whole': {
    'src/db.ts': "import { Pool } from 'pg'; export default (options) => new Pool(options);",
    'src/main.ts': "import makePool from './db'; export const pool = makePool({ host: 'h', password: process.env.P });",
  },
};

const fine: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'a library that nobody here calls': { 'db/connect.js': connect },
  'a caller that gives a URL without a credential': {
    'db/connect.js': connect,
    'app.js': "const connectDB = require('./db/connect'); connectDB('mongodb://localhost/app');",
  },
  'an example of how a library is called': {
    'src/connect.js': connect,
    'examples/app.js': "const connectDB = require('../src/connect'); connectDB(process.env.MONGO_URI);",
  },
  'a test that calls it': {
    'db/connect.js': connect,
    'test/app.js': "const connectDB = require('../db/connect'); connectDB(process.env.MONGO_URI);",
  },
  'another function of the same name': {
    'db/connect.js': connect,
    'other/connect.js': 'module.exports = (url) => url;',
    'app.js': "const connectDB = require('./other/connect'); connectDB(process.env.MONGO_URI);",
  },
  'a function of the same name in a file that only uses it': {
    'src/db.ts': "import mongoose from 'mongoose'; export const connectDB = (url) => mongoose.connect(url);",
    'src/other.ts':
      "import { connectDB as open } from './db'; export const connectDB = (name) => open('mongodb://localhost/' + name);",
    'src/main.ts': "import { connectDB } from './other'; connectDB(process.env.MONGO_NAME);",
  },
  'the environment of a request': {
    'src/worker.ts':
      "import { Pool } from 'pg'; export default { fetch(request, context) { return new Pool({ connectionString: context.env.DATABASE_URL }).query('select 1'); } };",
  },
  'what goes through five callers': handedOn(5),
  'options of one client that have parts': {
    'src/db.ts':
      "import { Pool } from 'pg'; export const open = (config) => new Pool({ password: config.connection.password });",
  },
  'a caller that gives what asks again': {
    'src/db.ts': "import { Pool } from 'pg'; export const open = (password) => new Pool({ host: 'h', password });",
    'src/main.ts': "import { open } from './db'; export const pool = open(async () => read());",
  },
};

const judged = async (files: Readonly<Record<string, string>>) => {
  const [main = ''] = Object.keys(files);
  const all = await lint('require-pool-refresh', { ...manifest, ...files }, main);
  return all.map((each) => each.replace(/^\d+ /, ''));
};

describe('a client with what a caller in another file gives', () => {
  it.each(Object.entries(found))('is found: %s', async (_, files) => {
    expect(await judged(files)).toEqual(['capturedCredential']);
  });

  it.each(Object.entries(fine))('is left alone: %s', async (_, files) => {
    expect(await judged(files)).toEqual([]);
  });
});
