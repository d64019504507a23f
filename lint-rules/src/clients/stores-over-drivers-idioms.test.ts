import { idioms } from '../idioms.testing.js';

idioms(
  'require-pool-refresh',
  {
    capturedCredential: {
      'the store of koa-redis':
        "const redisStore = require('koa-redis'); module.exports = redisStore({ host: 'h', password: process.env.REDIS_PASSWORD });",
      'the adapter of socket.io':
        "const redis = require('socket.io-redis'); io.adapter(redis({ host: 'h', auth_pass: process.env.REDIS_PASSWORD }));",
      'the cache of apollo-server':
        "import { RedisCache } from 'apollo-server-cache-redis'; export const cache = new RedisCache(process.env.REDIS_URL);",
      'a queue over Redis':
        "import RedisSMQ from 'rsmq'; export const queue = new RedisSMQ({ host: 'h', password: process.env.REDIS_PASSWORD, ns: 'a' });",
      'a queue of kue':
        "const kue = require('kue'); module.exports = kue.createQueue({ redis: { host: 'h', auth: process.env.REDIS_PASSWORD } });",
      'a client of Redis that keyv hands on':
        "import { createClient } from '@keyv/redis'; export const client = createClient({ url: process.env.REDIS_URL });",
      'pg-boss url': "import PgBoss from 'pg-boss'; export const boss = new PgBoss(process.env.DATABASE_URL);",
      'pg-boss parts':
        "import { PgBoss } from 'pg-boss'; export const boss = new PgBoss({ host: 'h', user: 'u', password: process.env.P });",
      'connect-pg-simple':
        "const session = require('express-session'); const PgSession = require('connect-pg-simple')(session); module.exports = new PgSession({ conString: process.env.DATABASE_URL });",
      'express-mysql-session':
        "const session = require('express-session'); const Store = require('express-mysql-session')(session); module.exports = new Store({ host: 'h', user: 'u', password: process.env.P });",
      'connect-mongo':
        "import MongoStore from 'connect-mongo'; export const store = MongoStore.create({ mongoUrl: process.env.MONGO_URL });",
      'connect-mongo before 4':
        "const session = require('express-session'); const MongoStore = require('connect-mongo')(session); module.exports = new MongoStore({ url: process.env.MONGO_URL });",
      agenda:
        "import Agenda from 'agenda'; export const agenda = new Agenda({ db: { address: process.env.MONGO_URL } });",
      '@keyv/redis': "import KeyvRedis from '@keyv/redis'; export const store = new KeyvRedis(process.env.REDIS_URL);",
      '@keyv/redis options':
        "import { createKeyv } from '@keyv/redis'; export const store = createKeyv({ url: process.env.REDIS_URL });",
      keyv: "import Keyv from 'keyv'; export const cache = new Keyv(process.env.REDIS_URL);",
      'connect-redis before 7':
        "const session = require('express-session'); const RedisStore = require('connect-redis')(session); module.exports = new RedisStore({ url: process.env.REDIS_URL });",
      'cache-manager':
        "import { redisStore } from 'cache-manager-redis-yet'; export const store = () => redisStore({ socket: { host: 'h' }, password: process.env.P });",
      'graphql-redis-subscriptions':
        "import { RedisPubSub } from 'graphql-redis-subscriptions'; export const bus = new RedisPubSub({ connection: { host: 'h', password: process.env.P } });",
      'bee-queue':
        "const Queue = require('bee-queue'); module.exports = new Queue('mail', { redis: { host: 'h', password: process.env.P } });",
      neon: "import { neon } from '@neondatabase/serverless'; export const sql = neon(process.env.DATABASE_URL!);",
      'drizzle over neon':
        "import { drizzle } from 'drizzle-orm/neon-http'; export const db = drizzle(process.env.DATABASE_URL!);",
      'prisma over neon':
        "import { PrismaNeon } from '@prisma/adapter-neon'; export const adapter = new PrismaNeon({ connectionString: process.env.DATABASE_URL });",
      'prisma over mssql':
        "import { PrismaMssql } from '@prisma/adapter-mssql'; export const adapter = new PrismaMssql({ server: 's', user: 'u', password: process.env.P });",
    },
  },
  {
    'a store over a given pool':
      "const PgSession = require('connect-pg-simple')(require('express-session')); module.exports = (pool) => new PgSession({ pool, tableName: 'sessions' });",
    'a store over a given client':
      "import { RedisStore } from 'connect-redis'; export const make = (client) => new RedisStore({ client, prefix: 'app:' });",
    'a session store of MySQL over a given pool':
      "const Store = require('express-mysql-session')(require('express-session')); module.exports = (pool) => new Store({}, pool);",
    'a store over a given connection of MongoDB':
      "import MongoStore from 'connect-mongo'; export const make = (client) => MongoStore.create({ client, stringify: false });",
    'a cache in memory': "import Keyv from 'keyv'; export const cache = new Keyv();",
    'a cache over a store':
      "import Keyv from 'keyv'; export const make = (store) => new Keyv({ store, namespace: 'a' });",
    'a cache without a password':
      "import KeyvRedis from '@keyv/redis'; export const store = new KeyvRedis('redis://cache:6379');",
    'a queue of PostgreSQL that is given its database':
      "import PgBoss from 'pg-boss'; export const make = (db) => new PgBoss({ db, schema: 'jobs' });",
  },
);
