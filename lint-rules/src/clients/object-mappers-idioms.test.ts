import { idioms } from '../idioms.testing.js';

idioms(
  'require-pool-refresh',
  {
    capturedCredential: {
      'a class that extends Sequelize and leaves it as it is':
        "import { Sequelize } from 'sequelize-typescript'; class Models extends Sequelize { idType = 'uuid'; } export const db = new Models(process.env.DATABASE_URL, { dialect: 'postgres' });",
      'knex connection url':
        "const db = require('knex')({ client: 'pg', connection: process.env.DATABASE_URL }); module.exports = db;",
      'sequelize positional env':
        "const { Sequelize } = require('sequelize'); const sequelize = new Sequelize(process.env.DB, process.env.U, process.env.P, { host: process.env.H, dialect: 'mysql' }); module.exports = sequelize;",
      'sequelize cli index':
        "const Sequelize = require('sequelize'); const env = process.env.NODE_ENV || 'development'; const config = require(__dirname + '/../config/config.js')[env]; let sequelize; if (config.use_env_variable) { sequelize = new Sequelize(process.env[config.use_env_variable], config); } else { sequelize = new Sequelize(config.database, config.username, config.password, config); } module.exports = sequelize;",
      'sequelize url':
        "import { Sequelize } from 'sequelize'; export default new Sequelize(process.env.DATABASE_URL as string, { logging: false });",
      'sequelize-typescript':
        "import { Sequelize } from 'sequelize-typescript'; export const s = new Sequelize({ dialect: 'postgres', username: process.env.U, password: process.env.P, models: [] });",
      'sequelize default member':
        "import Sequelize from 'sequelize'; export const s = new Sequelize.Sequelize({ dialect: 'postgres', replication: { read: [{ password: process.env.P }], write: { password: process.env.P } } });",
      typeorm:
        "import { DataSource } from 'typeorm'; export const AppDataSource = new DataSource({ type: 'postgres', url: process.env.DATABASE_URL, entities: [] });",
      'typeorm options const':
        "import { DataSource, DataSourceOptions } from 'typeorm'; export const options: DataSourceOptions = { type: 'mysql', password: process.env.P }; const ds = new DataSource(options); export default ds;",
      'typeorm config service at module scope':
        "import { DataSource } from 'typeorm'; import { ConfigService } from '@nestjs/config'; const configService = new ConfigService(); export default new DataSource({ type: 'postgres', password: configService.get('DB_PASSWORD') });",
      'typeorm createConnection':
        "import { createConnection } from 'typeorm'; export const open = async () => createConnection({ type: 'mysql', username: process.env.U, password: process.env.P });",
      'prisma extends':
        "import { PrismaClient } from '@prisma/client'; export class PrismaService extends PrismaClient implements OnModuleInit { async onModuleInit() { await this.$connect(); } }",
      'prisma extends super':
        "import { PrismaClient } from '@prisma/client'; export class PrismaService extends PrismaClient { constructor(config: ConfigService) { super({ datasources: { db: { url: config.get('DATABASE_URL') } } }); } }",
      'prisma global':
        "import { PrismaClient } from '@prisma/client'; const g = globalThis as unknown as { prisma?: PrismaClient }; export const prisma = g.prisma ?? new PrismaClient({ log: ['query'] }); if (process.env.NODE_ENV !== 'production') g.prisma = prisma;",
      'prisma global assign':
        "import { PrismaClient } from '@prisma/client'; globalThis.prisma ??= new PrismaClient(); export default globalThis.prisma;",
      'prisma singleton function':
        "import { PrismaClient } from '@prisma/client'; const prismaClientSingleton = () => { return new PrismaClient(); }; const prisma = globalThis.prismaGlobal ?? prismaClientSingleton(); export default prisma;",
      'prisma cjs':
        "const { PrismaClient } = require('@prisma/client'); const prisma = new PrismaClient(); module.exports = prisma;",
      'prisma default pkg import':
        "import pkg from '@prisma/client'; const { PrismaClient } = pkg; export const prisma = new PrismaClient();",
      'prisma generated':
        "import { PrismaClient } from '../generated/prisma/client'; import { PrismaPg } from '@prisma/adapter-pg'; const adapter = new PrismaPg({ connectionString: process.env.DATABASE_URL }); export const prisma = new PrismaClient({ adapter });",
      'prisma extends $extends':
        "import { PrismaClient } from '@prisma/client'; export const prisma = new PrismaClient().$extends({});",
      'knex spread of a configuration and of mappers':
        "import { knex } from 'knex'; import { knexSnakeCaseMappers } from 'objection'; const configs = { development: { client: 'pg' }, production: { client: 'pg', connection: { user: process.env.U, password: process.env.P } } }; export const db = knex({ ...configs[process.env.STAGE], ...knexSnakeCaseMappers() });",
      'nest provider of a client':
        "import { createClient } from 'redis'; export const provider = { provide: 'CACHE', useFactory: ({ REDIS_URL }: Secrets) => createClient({ url: REDIS_URL }), inject: [Secrets] };",
      'redis where it is switched on':
        "const redis = config.store === 'redis' ? require('redis') : null; export const client = redis.createClient(process.env.PORT, process.env.HOST, { password: process.env.P });",
      'redis url without a credential beside a password of ConfigType':
        "import { createClient } from 'redis'; export class R { constructor(@Inject(redisConfig.KEY) private c: ConfigType<typeof redisConfig>) { this.client = createClient({ url: `redis://${this.c.host}:${this.c.port}`, password: this.c.password }); } }",
      'a pool beside what a signal ends':
        "import { Pool } from 'pg'; export const pool = new Pool({ connectionString: process.env.URL }); process.on('SIGTERM', () => pool.end().then(() => process.exit(0)));",
      'drizzle url':
        "import { drizzle } from 'drizzle-orm/node-postgres'; export const db = drizzle(process.env.DATABASE_URL!);",
      'drizzle postgres-js':
        "import { drizzle } from 'drizzle-orm/postgres-js'; import postgres from 'postgres'; const client = postgres(process.env.DATABASE_URL!); export const db = drizzle(client, { schema });",
      'drizzle mysql2':
        "import { drizzle } from 'drizzle-orm/mysql2'; export const db = drizzle({ connection: { uri: process.env.DATABASE_URL } });",
      'fastify envConfig drizzle':
        "import { drizzle } from 'drizzle-orm/postgres-js'; export default fp(async (fastify) => { const db = drizzle({ connection: { host: fastify.envConfig.H, password: fastify.envConfig.API_POSTGRES_PASSWORD } }); fastify.decorate('db', db); });",
      'mikro init':
        "import { MikroORM } from '@mikro-orm/postgresql'; export const orm = await MikroORM.init({ entities: [], dbName: 'a', user: 'b', password: process.env.P });",
      'mikro defineConfig':
        "import { defineConfig } from '@mikro-orm/postgresql'; export default defineConfig({ clientUrl: process.env.DATABASE_URL });",
      'fastify postgres plugin ConfigService nats':
        "import { connect } from 'nats'; export const nc = await connect({ servers: 'x', user: process.env.U, pass: process.env.P });",
      'knexfile sequelize replication':
        "const { Sequelize } = require('sequelize'); module.exports = new Sequelize('db', null, null, { dialect: 'mysql', replication: { read: [{ host: 'a', username: 'b', password: process.env.P }], write: { host: 'a', username: 'b', password: process.env.P } } });",
      'sequelize config whole in config lib':
        "const { Sequelize } = require('sequelize'); const config = require('config'); const dbConfig = config.get('database'); module.exports = new Sequelize(dbConfig.name, dbConfig.user, dbConfig.password, { dialect: 'mysql' });",
      'prisma pg pool adapter':
        "import { Pool } from 'pg'; import { PrismaPg } from '@prisma/adapter-pg'; import { PrismaClient } from '@prisma/client'; const pool = new Pool({ connectionString: process.env.DATABASE_URL }); export const prisma = new PrismaClient({ adapter: new PrismaPg(pool) });",
      'prisma super options':
        "import { PrismaClient } from '@prisma/client'; export class PrismaService extends PrismaClient { constructor() { super({ log: ['warn'] }); } }",
      'prisma super adapter env':
        "import { PrismaClient } from '@prisma/client'; import { PrismaPg } from '@prisma/adapter-pg'; export class PrismaService extends PrismaClient { constructor() { const adapter = new PrismaPg({ connectionString: process.env.DATABASE_URL as string }); super({ adapter }); } }",
      'class extends Sequelize':
        "import { Sequelize } from 'sequelize'; export class Db extends Sequelize { constructor() { super(process.env.DATABASE_URL); } }",
    },
  },
  {
    'prisma extends super adapter':
      "import { PrismaClient } from '@prisma/client'; export class PrismaService extends PrismaClient { constructor(adapter) { super({ adapter }); } }",
    'a program that ends the process when it is done':
      "import postgres from 'postgres'; import { migrate } from 'drizzle-orm/postgres-js/migrator'; export const client = postgres(process.env.DB_URL); migrate(client).then(() => { process.exit(0); }).catch(() => { process.exit(1); });",
    'drizzle client':
      "import { drizzle } from 'drizzle-orm/node-postgres'; import { Pool } from 'pg'; export const db = drizzle(new Pool({ host: 'a', password: () => read() }));",
  },
);
