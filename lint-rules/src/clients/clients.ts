/** How a client library takes its credential, and what makes it ask for a new one. Facts were tried against real servers, or read in the source, per version. */
export interface Client {
  readonly name: string;
  readonly modules: readonly string[];
  /** Members of the module that make a client, joined by dots; '' is the module itself. */
  readonly makers: readonly string[];
  /** One connection and no pool behind it. */
  readonly single?: readonly string[];
  readonly userKeys: readonly string[];
  readonly passwordKeys: readonly string[];
  readonly urlKeys: readonly string[];
  /** A text as first argument is a URL. */
  readonly takesUrl: boolean;
  /** Objects inside the options that hold the credential. */
  readonly nested?: readonly string[];
  /** The positions of user and password when they are arguments. */
  readonly positional?: { readonly user: number; readonly password: number };
  /** Whether a function as password is called for every new connection. */
  readonly passwordFunction: 'yes' | 'not-with-url' | 'no';
  /** Options that are asked again for each connection; any of them is a hook. `=` names a value that makes it one, `()` asks for a function. */
  readonly hooks: readonly string[];
  /** Hooks that can change the password alone. */
  readonly passwordHooks?: readonly string[];
  /** Classes that look like a hook and copy what they are given. */
  readonly fixedHooks?: readonly string[];
  /** Objects inside the options where a function as password is not called. */
  readonly fixedNested?: readonly string[];
  /** The dialects whose driver calls a function as password. */
  readonly functionDialects?: readonly string[];
  /** A URL that holds credentials switches the hooks off. */
  readonly urlBeatsHooks?: boolean;
  /** A member of the client that can be assigned before it reconnects. */
  readonly assignable?: readonly string[];
  /** Methods of the client that add a hook. */
  readonly hookMethods?: readonly string[];
  /** Without any argument it still connects, with credentials from the environment. */
  readonly readsEnvironment?: boolean;
  /** Says how to write the hook. */
  readonly remedy: string;
  /** The options that bound the life of a connection, as paths; what to write; and whether there is a bound by default. */
  readonly lifetime?: Lifetime;
  /** Finishes running work, then closes. */
  readonly drain: readonly string[];
  /** Closes without waiting. */
  readonly abrupt?: readonly string[];
}

/** Options that bound the life of a connection. */
export interface Lifetime {
  /** Paths inside the options. The first is the one to write. */
  readonly keys: readonly string[];
  /** Half an hour, in the unit of the first key; nothing where the key does not count time. */
  readonly halfAnHour?: number;
  readonly boundByDefault: boolean;
  /** Only with one of these as `type` or `dialect`. */
  readonly dialects?: readonly string[];
}

const pgLifetime: Lifetime = { keys: ['maxLifetimeSeconds', 'maxUses'], halfAnHour: 1800, boundByDefault: false };

const sql = { userKeys: ['user', 'username'], passwordKeys: ['password'], urlKeys: ['connectionString', 'uri', 'url'] };
const keyturnPool = 'Use the pool of `@keyturn/pool`';

export const clients: readonly Client[] = [
  {
    ...sql,
    name: 'pg',
    modules: ['pg', 'pg-pool', '@neondatabase/serverless', '@vercel/postgres'],
    makers: ['', 'Pool', 'Client', 'native.Pool', 'native.Client', 'createPool', 'createClient'],
    single: ['Client', 'native.Client', 'createClient'],
    takesUrl: true,
    passwordFunction: 'not-with-url',
    hooks: ['credentials'],
    assignable: ['options.password'],
    readsEnvironment: true,
    remedy: `${keyturnPool}, or pass \`password\` as a function beside \`host\`, \`user\` and \`database\`.`,
    lifetime: pgLifetime,
    drain: ['end'],
  },
  {
    ...sql,
    name: 'postgres.js',
    modules: ['postgres'],
    makers: [''],
    passwordKeys: ['password', 'pass'],
    takesUrl: true,
    passwordFunction: 'yes',
    hooks: [],
    remedy: 'Pass `password` as a function.',
    lifetime: { keys: ['max_lifetime'], halfAnHour: 1800, boundByDefault: true },
    drain: ['end'],
  },
  {
    ...sql,
    name: 'pg-promise',
    modules: ['pg-promise'],
    makers: ['()'],
    takesUrl: true,
    passwordFunction: 'not-with-url',
    hooks: [],
    remedy: 'Pass `password` as a function beside `host`, `user` and `database`.',
    lifetime: pgLifetime,
    drain: ['$pool.end', 'end'],
  },
  {
    ...sql,
    name: 'slonik',
    modules: ['slonik'],
    makers: ['createPool'],
    takesUrl: true,
    passwordFunction: 'no',
    hooks: [],
    remedy:
      'It takes a fixed URL alone: make a new pool when the credential changes, or use the pool of `@keyturn/pool`.',
    drain: ['end'],
  },
  {
    ...sql,
    name: 'mysql2',
    modules: ['mysql2', 'mysql2/promise'],
    makers: ['createPool', 'createConnection', 'createPoolCluster', 'promise.createPool', 'promise.createConnection'],
    single: ['createConnection', 'promise.createConnection'],
    takesUrl: true,
    passwordFunction: 'no',
    hooks: ['authPlugins'],
    passwordHooks: ['authPlugins'],
    assignable: ['config.connectionConfig.password'],
    remedy:
      'It takes no password function: assign `pool.config.connectionConfig.password` when the credential changes.',
    drain: ['end'],
    abrupt: ['destroy'],
  },
  {
    ...sql,
    name: 'mysql',
    modules: ['mysql'],
    makers: ['createPool', 'createConnection'],
    single: ['createConnection'],
    takesUrl: true,
    passwordFunction: 'no',
    hooks: [],
    assignable: ['config.connectionConfig.password'],
    remedy:
      'It takes no password function: move to `mysql2`, and assign `pool.config.connectionConfig.password` when the credential changes.',
    drain: ['end'],
    abrupt: ['destroy'],
  },
  {
    ...sql,
    name: 'mariadb',
    modules: ['mariadb', 'mariadb/callback'],
    makers: ['createPool', 'createConnection'],
    single: ['createConnection'],
    takesUrl: true,
    passwordFunction: 'no',
    hooks: [],
    remedy: 'It takes no password function: make a new pool when the credential changes.',
    drain: ['end'],
    abrupt: ['destroy'],
  },
  {
    name: 'mongodb',
    modules: ['mongodb'],
    makers: ['MongoClient', 'MongoClient.connect', 'connect'],
    userKeys: ['username', 'user'],
    passwordKeys: ['password'],
    urlKeys: [],
    nested: ['auth'],
    takesUrl: true,
    passwordFunction: 'no',
    hooks: [
      'authMechanism=MONGODB-AWS',
      'authMechanism=MONGODB-OIDC',
      'authMechanism=MONGODB-X509',
      'authMechanismProperties',
    ],
    remedy:
      'A user and a password are fixed for its life: use MONGODB-AWS or MONGODB-OIDC, or make a new client when the credential changes.',
    drain: ['close'],
  },
  {
    name: 'mongoose',
    modules: ['mongoose'],
    makers: ['connect', 'createConnection'],
    userKeys: ['user'],
    passwordKeys: ['pass'],
    urlKeys: [],
    nested: ['auth'],
    takesUrl: true,
    passwordFunction: 'no',
    hooks: [
      'authMechanism=MONGODB-AWS',
      'authMechanism=MONGODB-OIDC',
      'authMechanism=MONGODB-X509',
      'authMechanismProperties',
    ],
    remedy:
      'A user and a password are fixed for its life: use MONGODB-AWS or MONGODB-OIDC, or connect anew when the credential changes.',
    drain: ['disconnect', 'close'],
  },
  {
    name: 'redis',
    modules: ['redis', '@redis/client'],
    makers: ['createClient', 'createCluster', 'createClientPool'],
    nested: ['defaults'],
    userKeys: ['username'],
    passwordKeys: ['password'],
    urlKeys: ['url'],
    takesUrl: false,
    passwordFunction: 'no',
    hooks: ['credentialsProvider'],
    urlBeatsHooks: true,
    remedy: 'Pass a `credentialsProvider`, and a `url` without user and password.',
    drain: ['close', 'quit'],
    abrupt: ['destroy', 'disconnect'],
  },
  {
    name: 'ioredis',
    modules: ['ioredis'],
    makers: ['', 'Redis', 'Cluster'],
    userKeys: ['username'],
    passwordKeys: ['password', 'sentinelPassword'],
    urlKeys: [],
    nested: ['redisOptions'],
    takesUrl: true,
    passwordFunction: 'no',
    hooks: [],
    assignable: ['options.password'],
    remedy: 'Assign `options.password` in its `reconnecting` event.',
    drain: ['quit'],
    abrupt: ['disconnect'],
  },
  {
    name: 'bullmq',
    modules: ['bullmq', 'bull'],
    makers: ['', 'Queue', 'Worker', 'QueueEvents', 'FlowProducer'],
    userKeys: ['username'],
    passwordKeys: ['password'],
    urlKeys: ['url'],
    nested: ['connection', 'redis'],
    takesUrl: false,
    passwordFunction: 'no',
    hooks: [],
    remedy: 'Pass a connection of your own, and assign its `options.password` in its `reconnecting` event.',
    drain: ['close'],
  },
  {
    ...sql,
    name: 'sequelize',
    modules: ['sequelize', '@sequelize/core', 'sequelize-typescript'],
    makers: ['', 'Sequelize'],
    takesUrl: true,
    positional: { user: 1, password: 2 },
    nested: ['dialectOptions'],
    fixedNested: ['dialectOptions'],
    passwordFunction: 'not-with-url',
    functionDialects: ['postgres'],
    hooks: ['hooks.beforeConnect'],
    hookMethods: ['beforeConnect', 'addHook', 'addListener'],
    lifetime: { keys: ['pool.maxUses'], boundByDefault: false },
    remedy: 'Set user and password in its `beforeConnect` hook.',
    drain: ['close'],
  },
  {
    ...sql,
    name: 'typeorm',
    modules: ['typeorm'],
    makers: ['DataSource', 'createConnection'],
    takesUrl: false,
    nested: ['extra', 'replication.master'],
    passwordFunction: 'not-with-url',
    hooks: [],
    lifetime: {
      keys: ['extra.maxLifetimeSeconds', 'extra.maxUses'],
      halfAnHour: 1800,
      boundByDefault: false,
      dialects: ['postgres', 'cockroachdb', 'aurora-postgres'],
    },
    remedy:
      'On PostgreSQL pass `password` as a function beside `host` and `username`; on MySQL make a new data source when the credential changes.',
    drain: ['destroy', 'close'],
  },
  {
    ...sql,
    name: 'prisma adapter',
    modules: ['@prisma/adapter-pg', '@prisma/adapter-mariadb'],
    makers: ['PrismaPg', 'PrismaMariaDb'],
    takesUrl: true,
    passwordFunction: 'not-with-url',
    hooks: ['credentials'],
    remedy: 'Give it the pool of `@keyturn/pool`, or `password` as a function beside `host` and `user`.',
    drain: [],
  },
  {
    name: 'prisma',
    modules: ['@prisma/client'],
    makers: ['PrismaClient'],
    userKeys: [],
    passwordKeys: [],
    urlKeys: ['datasourceUrl', 'datasources'],
    takesUrl: false,
    passwordFunction: 'no',
    hooks: ['adapter'],
    readsEnvironment: true,
    remedy: 'Give it an `adapter` over a pool that asks for its password.',
    drain: ['$disconnect'],
  },
  {
    ...sql,
    name: 'drizzle',
    modules: ['drizzle-orm/node-postgres', 'drizzle-orm/postgres-js', 'drizzle-orm/mysql2'],
    makers: ['drizzle'],
    takesUrl: true,
    nested: ['connection'],
    passwordFunction: 'not-with-url',
    hooks: ['client'],
    remedy: 'Give it a `client` that asks for its password.',
    drain: ['$client.end'],
  },
  {
    ...sql,
    name: 'mikro-orm',
    modules: ['@mikro-orm/core', '@mikro-orm/postgresql', '@mikro-orm/mysql', '@mikro-orm/mariadb'],
    makers: ['MikroORM.init', 'MikroORM', 'defineConfig'],
    urlKeys: ['clientUrl'],
    takesUrl: false,
    passwordFunction: 'yes',
    hooks: [],
    remedy: 'Pass `password` as a function.',
    drain: ['close'],
  },
  {
    name: 'oracledb',
    modules: ['oracledb'],
    makers: ['createPool', 'getConnection'],
    single: ['getConnection'],
    userKeys: ['user'],
    passwordKeys: ['password'],
    urlKeys: [],
    takesUrl: false,
    passwordFunction: 'no',
    hooks: ['accessToken()', 'externalAuth'],
    hookMethods: ['setAccessToken'],
    remedy: 'Pass `accessToken` as a callback.',
    drain: ['close'],
  },
  {
    ...sql,
    name: 'mssql',
    passwordKeys: ['password', 'token'],
    modules: ['mssql', 'tedious', 'mssql/msnodesqlv8'],
    makers: ['ConnectionPool', 'connect', 'Connection'],
    single: ['Connection'],
    takesUrl: true,
    nested: ['authentication.options'],
    passwordFunction: 'no',
    hooks: [
      'authentication.type=token-credential',
      'authentication.type=azure-active-directory-default',
      'authentication.type=azure-active-directory-msi-vm',
      'authentication.type=azure-active-directory-msi-app-service',
      'authentication.type=azure-active-directory-service-principal-secret',
    ],
    assignable: ['config.password'],
    remedy: 'Use an `authentication.type` that asks for a token at each login, such as `token-credential`.',
    drain: ['close'],
  },
  {
    name: 'amqplib',
    modules: ['amqplib', 'amqplib/callback_api'],
    makers: ['connect'],
    userKeys: ['username'],
    passwordKeys: ['password'],
    urlKeys: [],
    takesUrl: true,
    passwordFunction: 'no',
    hooks: ['credentials'],
    hookMethods: ['updateSecret'],
    remedy: 'Pass `credentials` that compute their response, or call `updateSecret` when the credential changes.',
    drain: ['close'],
  },
  {
    name: 'amqp-connection-manager',
    modules: ['amqp-connection-manager'],
    makers: ['connect'],
    userKeys: ['username'],
    passwordKeys: ['password'],
    urlKeys: ['url'],
    takesUrl: true,
    passwordFunction: 'no',
    hooks: ['findServers()'],
    remedy: 'Pass `findServers`, which is asked for the URL at each connect.',
    drain: ['close'],
  },
  {
    name: 'rabbitmq-client',
    modules: ['rabbitmq-client'],
    makers: ['Connection'],
    userKeys: ['username'],
    passwordKeys: ['password'],
    urlKeys: ['url'],
    takesUrl: true,
    passwordFunction: 'no',
    hooks: [],
    remedy: 'It keeps what it was given: make a new connection when the credential changes.',
    drain: ['close'],
  },
  {
    name: 'kafkajs',
    modules: ['kafkajs'],
    makers: ['Kafka'],
    userKeys: ['username'],
    passwordKeys: ['password'],
    urlKeys: [],
    nested: ['sasl'],
    takesUrl: false,
    passwordFunction: 'no',
    hooks: ['sasl.oauthBearerProvider', 'sasl.authenticationProvider'],
    remedy: 'Pass `sasl.authenticationProvider` or `sasl.oauthBearerProvider`.',
    drain: [],
  },
  {
    name: 'nats',
    modules: ['nats', '@nats-io/transport-node'],
    makers: ['connect'],
    userKeys: ['user'],
    passwordKeys: ['pass', 'token'],
    urlKeys: [],
    takesUrl: false,
    passwordFunction: 'no',
    hooks: ['authenticator'],
    remedy: 'Pass an `authenticator` over functions.',
    drain: ['drain'],
    abrupt: ['close'],
  },
  {
    name: 'cassandra-driver',
    modules: ['cassandra-driver'],
    makers: ['Client'],
    userKeys: ['username'],
    passwordKeys: ['password'],
    urlKeys: [],
    nested: ['credentials'],
    takesUrl: false,
    passwordFunction: 'no',
    hooks: ['authProvider'],
    fixedHooks: ['PlainTextAuthProvider', 'DsePlainTextAuthProvider'],
    remedy: 'Pass an `authProvider` of your own that makes an authenticator for each connection.',
    drain: ['shutdown'],
  },
];

/** The names of the libraries, for options that say what a client is like. */
export const clientNames: readonly string[] = clients.map((each) => each.name);

/** Packages whose pools and configurations follow a rotation by themselves. */
export const hookedModules: readonly string[] = [
  '@keyturn/pool',
  '@google-cloud/cloud-sql-connector',
  '@aws/aws-advanced-nodejs-wrapper',
  '@aws/aws-dsql-node-postgres-connector',
];

/** Dialects that have no credential. */
export const embeddedDialects: readonly string[] = [
  'sqlite',
  'sqlite3',
  'better-sqlite3',
  'better-sqlite',
  'sqljs',
  'libsql',
  'expo',
  'capacitor',
  'cordova',
];
