import { idioms } from '../idioms.testing.js';

idioms(
  'require-pool-refresh',
  {
    capturedCredential: {
      'a cache of NestJS':
        "import { CacheModule } from '@nestjs/cache-manager'; import * as redisStore from 'cache-manager-redis-store'; export const cache = CacheModule.register({ store: redisStore, host: 'h', password: process.env.P });",
      'clients of microservices':
        "import { ClientsModule, Transport } from '@nestjs/microservices'; export const clients = ClientsModule.register([{ name: 'A', transport: Transport.RMQ, options: { urls: [process.env.RABBITMQ_URL], queue: 'q' } }]);",
      'clients of microservices with a factory':
        "import { ClientsModule, Transport } from '@nestjs/microservices'; export const clients = ClientsModule.registerAsync([{ name: 'A', useFactory: (settings) => ({ transport: Transport.RMQ, options: { urls: [settings.get('RABBITMQ_URL')] } }) }]);",
      'a microservice':
        "import { NestFactory } from '@nestjs/core'; export const app = await NestFactory.createMicroservice(AppModule, { transport: 1, options: { host: 'h', password: process.env.P } });",
      'a microservice beside an application':
        "import { NestFactory } from '@nestjs/core'; const app = await NestFactory.create(AppModule); app.connectMicroservice({ options: { client: { sasl: { mechanism: 'plain', username: 'u', password: process.env.P } } } });",
      'a queue of NestJS':
        "import { BullModule } from '@nestjs/bull'; export const queue = BullModule.registerQueue({ name: 'mail', redis: { host: 'h', password: process.env.P } });",
      'PostgreSQL in fastify':
        "const fastify = require('fastify')(); fastify.register(require('@fastify/postgres'), { connectionString: process.env.DATABASE_URL });",
      'Redis in fastify':
        "import redis from '@fastify/redis'; export default async (app) => { await app.register(redis, { url: process.env.REDIS_URL }); };",
      'MongoDB in fastify':
        "import mongo from '@fastify/mongodb'; export default async (app) => { app.register(mongo, { url: app.config.MONGO_URL }); };",
      'MySQL in fastify':
        "import mysql from '@fastify/mysql'; export default async (app) => { app.register(mysql, { connectionString: process.env.MYSQL }); };",
      'serverless-mysql':
        "const mysql = require('serverless-mysql')({ config: { host: 'h', user: 'u', password: process.env.P } }); module.exports = mysql;",
      '@planetscale/database':
        "import { connect } from '@planetscale/database'; export const db = connect({ host: 'h', username: 'u', password: process.env.P });",
    },
  },
  {
    'a cache in memory':
      "import { CacheModule } from '@nestjs/cache-manager'; export const cache = CacheModule.register({ ttl: 5 });",
    'a microservice without a credential':
      "import { ClientsModule } from '@nestjs/microservices'; export const clients = ClientsModule.register([{ name: 'A', options: { host: 'h', port: 3000 } }]);",
    'an application of NestJS':
      "import { NestFactory } from '@nestjs/core'; const app = await NestFactory.create(AppModule, { cors: true });",
    'PostgreSQL in fastify with a function':
      "import pg from '@fastify/postgres'; export default async (app) => { app.register(pg, { host: 'h', user: 'u', password: () => read() }); };",
    'Redis in fastify with a client':
      "import redis from '@fastify/redis'; export default async (app, client) => { app.register(redis, { client }); };",
    'another plugin of fastify':
      "import routes from './routes'; import redis from '@fastify/redis'; export default async (app) => { app.register(routes, { url: process.env.REDIS_URL }); };",
  },
);
