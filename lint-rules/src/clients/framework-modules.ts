import type { Client } from './client.js';
import { objectMappers } from './object-mappers.js';
import { databaseClients } from './databases.js';
import { storesAndBrokers } from './stores-and-brokers.js';

const rows = [...databaseClients, ...objectMappers, ...storesAndBrokers];
const factories = ['useFactory', 'useClass', 'useExisting'];

const brokerKeys = {
  userKeys: ['username', 'user'],
  passwordKeys: ['password', 'pass', 'token'],
  urlKeys: ['urls', 'url'],
  nested: ['options', 'options.sasl', 'options.client.sasl'],
  withoutCredential: { key: 'transport', values: ['GRPC', 'TCP'] },
  takesUrl: false,
  passwordFunction: 'no' as const,
  hooks: [],
  remedy: 'Restart its process, or connect anew, when the credential changes.',
  drain: [],
};

/** Microservices of NestJS, which connect to a broker with the options of their transport. */
const microservices: readonly Client[] = [
  {
    ...brokerKeys,
    name: 'microservices of NestJS',
    modules: ['@nestjs/microservices'],
    makers: ['ClientsModule.register', 'ClientsModule.registerAsync', 'ClientProxyFactory.create'],
    takesList: true,
    factories,
  },
  {
    ...brokerKeys,
    name: 'a microservice of NestJS',
    modules: ['@nestjs/core'],
    makers: ['NestFactory.createMicroservice', 'NestFactory.create.().connectMicroservice'],
  },
];

/** Modules of NestJS that make the client of a library with the options they are given. */
export const frameworkModules: readonly Client[] = [
  ...microservices,
  like('redis', 'Cache of NestJS', ['@nestjs/cache-manager', '@nestjs/common'], ['CacheModule'], {
    takesUrl: false,
    drain: [],
  }),
  like('typeorm', 'TypeORM in NestJS', ['@nestjs/typeorm'], ['TypeOrmModule']),
  like('sequelize', 'Sequelize in NestJS', ['@nestjs/sequelize'], ['SequelizeModule'], { takesUrl: false }),
  like('slonik', 'Slonik in NestJS', ['nestjs-slonik'], ['SlonikModule'], {
    urlKeys: ['connectionUri'],
    takesUrl: false,
  }),
  like('mongoose', 'Mongoose in NestJS', ['@nestjs/mongoose'], ['MongooseModule'], { urlKeys: ['uri'] }),
  like('mikro-orm', 'MikroORM in NestJS', ['@mikro-orm/nestjs'], ['MikroOrmModule']),
  like('bull', 'Bull in NestJS', ['@nestjs/bull'], ['BullModule'], { urlKeys: ['redis', 'url'] }),
  like('bullmq', 'BullMQ in NestJS', ['@nestjs/bullmq'], ['BullModule']),
  like(
    'ioredis',
    'ioredis in NestJS',
    ['@nestjs-modules/ioredis', '@liaoliaots/nestjs-redis', '@songkeys/nestjs-redis', '@nestjs-labs/nestjs-ioredis'],
    ['RedisModule', 'ClusterModule'],
    { urlKeys: ['url'], nested: ['options', 'config', 'redisOptions'], takesUrl: false },
  ),
  like('amqp-connection-manager', 'RabbitMQ in NestJS', ['@golevelup/nestjs-rabbitmq'], ['RabbitMQModule'], {
    urlKeys: ['uri'],
    takesUrl: false,
    hooks: [],
  }),
];

/** Plugins of fastify that make the client of a library with the options they are registered with. */
export const plugins: readonly Client[] = [
  plugin('pg', '@fastify/postgres', ['connectionString']),
  plugin('mysql2', '@fastify/mysql', ['connectionString', 'uri']),
  plugin('mongodb', '@fastify/mongodb', ['url']),
  plugin('ioredis', '@fastify/redis', ['url']),
  plugin('typeorm', 'typeorm-fastify-plugin', ['url']),
  plugin('typeorm', 'fastify-typeorm-plugin', ['url']),
];

function plugin(library: string, module: string, urlKeys: readonly string[]): Client {
  return { ...rowOf(library), name: `${library} in fastify`, modules: [module], makers: [], urlKeys, takesUrl: false };
}

function rowOf(library: string): Client {
  const row = rows.find((each) => each.name === library);
  if (!row) throw new Error(`There is no row for ${library}.`);
  return row;
}

function like(
  library: string,
  name: string,
  modules: readonly string[],
  classes: readonly string[],
  differing: Partial<Client> = {},
): Client {
  const row = rowOf(library);
  const ways = ['forRoot', 'forRootAsync', 'register', 'registerAsync', 'registerQueue', 'registerQueueAsync'];
  const makers = classes.flatMap((each) => ways.map((way) => `${each}.${way}`));
  return { ...row, name, modules, makers, factories, ...differing };
}
