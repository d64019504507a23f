import { idioms } from '../idioms.testing.js';

idioms(
  'require-pool-refresh',
  {
    capturedCredential: {
      'ioredis with a URL that is given, or read once':
        "import Redis from 'ioredis'; export function probe(options) { const url = options.redis ? options.redis.url : (process.env.REDIS_URL ?? 'redis://localhost'); return new Redis(url, { lazyConnect: true }); }",
      'mqtt options':
        "import mqtt from 'mqtt'; export const client = mqtt.connect('mqtt://broker', { username: 'u', password: process.env.MQTT_PASSWORD });",
      'mongoose with a password beside a URL without one':
        "const mongoose = require('mongoose'); const config = require('../config.json'); mongoose.connect(`mongodb://${config.host}/app`, { user: config.user, pass: config.password });",
      'a private method of a class that is called with what was read':
        "import Redis from 'ioredis'; export class A { constructor(private config: ConfigService) {} init() { this.client = this.make(this.config.get('REDIS_URL')); } private make(url) { return new Redis(url); } }",
      'a parameter that is the environment unless somebody says otherwise':
        "import Redis from 'ioredis'; export function start({ env = process.env } = {}) { return new Redis(env.REDIS_URL); }",
      'the environment where nobody gives another':
        "import Redis from 'ioredis'; export class A { constructor(given) { this.url = given?.url ?? process.env.REDIS_URL; } open() { return new Redis(this.url); } }",
      'a client that is ended only when it cannot connect':
        "import { createClient } from 'redis'; export class A { async open() { const client = createClient({ url: process.env.REDIS_URL }); try { await client.connect(); } catch { await client.quit(); } this.client = client; } }",
      'kafkajs given its password later':
        "import { Kafka } from 'kafkajs'; function config() { const settings = { brokers: ['a'] }; if (process.env.P) { settings.sasl = { username: 'u', password: process.env.P }; } return settings; } export const kafka = new Kafka(config());",
      'a variable of any name that a driver takes for a URL':
        "const mongoose = require('mongoose'); mongoose.connect(process.env.MONGODB_SRV, { useNewUrlParser: true }).then(() => log());",
      'an address of the configuration that a broker takes for a URL':
        "import amqp from 'amqplib'; import { Config } from './config'; export const open = async () => { const host = Config.get().rabbit.host; return amqp.connect(host, { timeout: 60000 }); };",
      'a password that is spread beside a plain URL':
        "import { createClient } from 'redis'; export class A { async open() { const scheme = this.tls ? 'rediss' : 'redis'; const password = this.config.get('redis.password'); this.client = createClient({ url: `${scheme}://${this.config.get('redis.host')}`, ...(password && { password }) }); } }",
      'a bot, which runs for ever though it can end':
        "const mongoose = require('mongoose'); mongoose.connect(process.env.MONGO_URL); client.on('message', () => client.destroy()); client.login(process.env.TOKEN);",
      'plugins of fastify':
        "const app = require('fastify')(); app.register(require('@fastify/postgres'), { connectionString: process.env.DATABASE_URL }); app.register(require('@fastify/redis'), { host: 'h', password: process.env.P }); app.register(require('@fastify/mongodb'), { url: process.env.MONGO_URL });",
      mongoose: "const mongoose = require('mongoose'); mongoose.connect(process.env.MONGO_URI);",
      'mongoose async':
        "import mongoose from 'mongoose'; const connectDB = async () => { try { const conn = await mongoose.connect(process.env.MONGO_URI); console.log(conn.connection.host); } catch (e) { process.exit(1); } }; export default connectDB;",
      'mongoose nextjs cached':
        "import mongoose from 'mongoose'; const MONGODB_URI = process.env.MONGODB_URI!; let cached = global.mongoose; if (!cached) cached = global.mongoose = { conn: null, promise: null }; async function dbConnect() { if (!cached.promise) { cached.promise = mongoose.connect(MONGODB_URI, { bufferCommands: false }).then((m) => m); } cached.conn = await cached.promise; return cached.conn; } export default dbConnect;",
      'mongodb next':
        "import { MongoClient } from 'mongodb'; const uri = process.env.MONGODB_URI; let client; let clientPromise; client = new MongoClient(uri, options); clientPromise = client.connect(); export default clientPromise;",
      'redis url':
        "import { createClient } from 'redis'; export const client = createClient({ url: process.env.REDIS_URL }); client.connect();",
      'redis dynamic':
        "export async function c() { const { createClient } = await import('redis'); return createClient({ url: process.env.REDIS_URL }); }",
      'redis legacy url arg':
        "const redis = require('redis'); const client = redis.createClient(process.env.REDIS_URL); module.exports = client;",
      'ioredis url': "import Redis from 'ioredis'; export const redis = new Redis(process.env.REDIS_URL!);",
      'ioredis named':
        "import { Redis } from 'ioredis'; export const redis = new Redis(process.env.REDIS_URL || 'redis://localhost:6379', { maxRetriesPerRequest: null });",
      'ioredis port host':
        "const Redis = require('ioredis'); const r = new Redis(process.env.PORT, process.env.HOST, { password: process.env.P }); module.exports = r;",
      'ioredis class ConfigService':
        "import Redis from 'ioredis'; import { ConfigService } from '@nestjs/config'; export class RedisService { private readonly client: Redis; constructor(private readonly configService: ConfigService) { this.client = new Redis({ host: this.configService.get('REDIS_HOST'), password: this.configService.get('REDIS_PASSWORD') }); } }",
      'ioredis class ConfigService url':
        "import Redis from 'ioredis'; import { ConfigService } from '@nestjs/config'; export class RedisService { constructor(private configService: ConfigService) { this.client = new Redis(this.configService.get<string>('REDIS_URL')); } }",
      'ioredis onModuleInit':
        "import Redis from 'ioredis'; import { ConfigService } from '@nestjs/config'; export class RedisService { constructor(private configService: ConfigService) {} onModuleInit() { const url = this.configService.get<string>('redis.url'); this.client = new Redis(url); } }",
      'ioredis connection fn':
        "import IORedis from 'ioredis'; export const connection = new IORedis({ host: process.env.REDIS_HOST, port: 6379, password: process.env.REDIS_PASSWORD });",
      'bullmq conn object':
        "import { Queue } from 'bullmq'; const connection = { host: process.env.H, password: process.env.P }; export const q = new Queue('a', { connection });",
      'bull url':
        "const Queue = require('bull'); const q = new Queue('video', process.env.REDIS_URL); module.exports = q;",
      'bull redis':
        "import Bull from 'bull'; export const q = new Bull('x', { redis: { host: 'a', password: process.env.P } });",
      amqplib:
        "import amqp from 'amqplib'; export async function connect() { const c = await amqp.connect(process.env.RABBITMQ_URL); return c.createChannel(); }",
      'amqplib callback':
        "const amqp = require('amqplib/callback_api'); amqp.connect(process.env.CLOUDAMQP_URL, (err, conn) => { serve(conn); });",
      'amqplib parts':
        "import { connect } from 'amqplib'; export const open = () => connect({ hostname: 'h', username: process.env.U, password: process.env.P });",
      kafkajs:
        "import { Kafka } from 'kafkajs'; export const kafka = new Kafka({ clientId: 'a', brokers: ['b'], ssl: true, sasl: { mechanism: 'plain', username: process.env.U, password: process.env.P } });",
      'kafkajs cond spread':
        "import { Kafka } from 'kafkajs'; export const kafka = new Kafka({ brokers: ['b'], ...(process.env.KAFKA_USER && { sasl: { mechanism: 'plain', username: process.env.KAFKA_USER, password: process.env.KAFKA_PASSWORD } }) });",
      'kafkajs sasl ternary':
        "import { Kafka } from 'kafkajs'; const sasl = process.env.KAFKA_USER ? { mechanism: 'plain', username: process.env.KAFKA_USER, password: process.env.KAFKA_PASSWORD } : undefined; export const kafka = new Kafka({ brokers: ['b'], sasl });",
      'ConfigType injected':
        "import Redis from 'ioredis'; import { ConfigType } from '@nestjs/config'; import redisConfig from './redis.config'; export class R { constructor(@Inject(redisConfig.KEY) private readonly cfg: ConfigType<typeof redisConfig>) { this.client = new Redis({ host: this.cfg.host, password: this.cfg.password }); } }",
      'ConfigType injected url':
        "import Redis from 'ioredis'; import { ConfigType } from '@nestjs/config'; export class R { constructor(@Inject(redisConfig.KEY) private readonly cfg: ConfigType<typeof redisConfig>) { this.client = new Redis(this.cfg.url); } }",
      'typeof Config':
        "import { Redis } from 'ioredis'; const Config = { redisUri: process.env.REDIS_URL ?? 'redis://x' }; export class P { constructor(private readonly config: typeof Config) { this.w = new Redis(config.redisUri, { lazyConnect: true }); } } new P(Config);",
      'mongoose template parts':
        "import mongoose from 'mongoose'; const { DB_USER, DB_PASS, DB_HOST } = process.env; const URI = `mongodb+srv://${DB_USER}:${DB_PASS}@${DB_HOST}/x`; mongoose.connect(URI);",
      'redis client class lazy static':
        "import { createClient, RedisClientType } from 'redis'; class Cache { private static instance: RedisClientType; static get() { if (!Cache.instance) { Cache.instance = createClient({ socket: { host: process.env.H }, password: process.env.REDIS_PASSWORD }); } return Cache.instance; } } export default Cache;",
      'redis conditional':
        "import { createClient } from 'redis'; const client = process.env.REDIS_URL ? createClient({ url: process.env.REDIS_URL }) : createClient(); export default client;",
      'amqp config url built':
        "import amqp from 'amqplib'; const { RABBIT_USER, RABBIT_PASS, RABBIT_HOST } = process.env; export const conn = await amqp.connect(`amqp://${RABBIT_USER}:${RABBIT_PASS}@${RABBIT_HOST}`);",
      'bull redis url opts':
        "import Queue from 'bull'; export const q = new Queue('a', { redis: process.env.REDIS_URL });",
      'bullmq url':
        "import { Worker } from 'bullmq'; export const w = new Worker('a', async () => {}, { connection: { url: process.env.REDIS_URL } });",
    },
  },
  {
    'mongodb plain':
      "import { MongoClient } from 'mongodb'; export const client = new MongoClient('mongodb://localhost:27017');",
    'an address and no more, put together':
      "import { connect } from 'amqplib'; export const open = (app) => { connect('amqp://' + app.rabbit.ip); connect(`amqp://${app.rabbit.ip}/x`); };",
    'a parameter that may be another environment':
      "import Redis from 'ioredis'; export const open = (env) => new Redis(env.REDIS_URL);",
    'an address with a scheme of its own':
      "import { createClient } from 'redis'; const protocol = dev ? 'redis://' : 'rediss://'; export const c = createClient({ url: `${protocol}${process.env.REDIS_HOST}:${process.env.REDIS_PORT}` });",
    'a public method of a class':
      "import Redis from 'ioredis'; export class A { init() { this.make(process.env.R); } make(url) { return new Redis(url); } }",
    'plugins of fastify without a credential, or that ask again':
      "const app = require('fastify')(); app.register(require('@fastify/redis'), { host: 'h' }); app.register(require('@fastify/postgres'), { host: 'h', password: () => read() }); app.register(other, { password: process.env.P });",
    'redis default': "import { createClient } from 'redis'; export const c = createClient();",
    'redis host':
      "import { createClient } from 'redis'; export const c = createClient({ socket: { host: process.env.H, port: 6379 } });",
    'ioredis host': "import Redis from 'ioredis'; export const r = new Redis({ host: process.env.H });",
    'amqplib plain': "import { connect } from 'amqplib'; export const open = () => connect('amqp://localhost');",
    'kafkajs no sasl':
      "import { Kafka } from 'kafkajs'; export const kafka = new Kafka({ clientId: 'a', brokers: [process.env.B] });",
    'class extends Redis options':
      "import Redis from 'ioredis'; export class MyRedis extends Redis { constructor(options) { super(options); } }",
  },
);
