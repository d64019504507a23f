import { describe, expect, it } from 'vitest';
import { projects } from './project.testing.js';

const lint = projects();

describe('a configuration of another file', () => {
  const knex = (from: string) =>
    `import knex from 'knex';\nimport config from '${from}';\nexport default knex(config);`;
  const captured = "export default { client: 'pg', connection: { host: 'db', password: process.env.P } };";

  it.each([
    ['with a password that was read once', './config.js', captured, ['3 capturedCredential']],
    ['by the alias of the sources', '@/config', captured, ['3 capturedCredential']],
    [
      'with a function',
      './config.js',
      "export default { client: 'pg', connection: { host: 'db', password: () => read() } };",
      [],
    ],
    ['that exports nothing of the kind', './config.js', "export const other = { client: 'pg' };", []],
    [
      'that is itself imported',
      './config.js',
      "import config from './more.js';\nexport default config;",
      ['3 capturedCredential'],
    ],
    ['that a barrel passes on', './config.js', "export { default } from './more.js';", ['3 capturedCredential']],
    [
      'of several environments, in production with a function',
      './config.js',
      "const all = { test: { client: 'pg', connection: process.env.URL }, production: { client: 'pg', connection: { host: 'db', password: () => read() } } };\nexport default all[process.env.NODE_ENV];",
      [],
    ],
    ['that imports itself', './config.js', "import config from './config.js';\nexport default config;", []],
    ['that cannot be parsed', './config.js', 'export default {', []],
  ])('%s', async (_, from, config, expected) => {
    const files = { 'src/config.ts': config, 'src/more.ts': captured, 'src/db.ts': knex(from) };
    expect(await lint('require-pool-refresh', files, 'src/db.ts')).toEqual(expected);
  });

  it.each([
    [
      'module.exports',
      "module.exports = { connection: { host: 'q', password: process.env.P } };",
      "require('./redis')",
    ],
    ['a named export', "exports.connection = { host: 'q', password: process.env.P };", "require('./redis').connection"],
    [
      'a value that gets its password later',
      "const redis = { host: 'q' };\nredis.password = settings.password;\nmodule.exports = { connection: redis };",
      "require('./redis').connection",
    ],
  ])('by %s', async (_, config, from) => {
    const queue = `const { Queue } = require('bullmq');\nconst found = ${from};\nexports.queue = new Queue('mail', ${from.endsWith(')') ? 'found' : '{ connection: found }'});`;
    const files = { 'redis.js': config, 'queue.js': queue };
    expect(await lint('require-pool-refresh', files, 'queue.js')).toEqual(['3 capturedCredential']);
  });
});

describe('a Prisma schema', () => {
  it.each([
    ['sqlite', []],
    ['postgresql', ['2 capturedCredential']],
  ])('of %s', async (provider, expected) => {
    const files = {
      'prisma/schema.prisma': `datasource db {\n  provider = "${provider}"\n  url = env("DATABASE_URL")\n}\n`,
      'src/db.ts': "import { PrismaClient } from '@prisma/client';\nexport const prisma = new PrismaClient();",
    };
    expect(await lint('require-pool-refresh', files, 'src/db.ts')).toEqual(expected);
  });
});

describe('a password function of MikroORM', () => {
  const orm = (password: string) =>
    `import { readFileSync } from 'node:fs';
import { MikroORM } from '@mikro-orm/postgresql';
import { ask } from './ask.js';
let last;
export const orm = await MikroORM.init({ dbName: 'shop', user: 'app', password: ${password} });`;
  const text = "() => readFileSync('/run/password', 'utf8').trim()";
  const judged = async (range: string | undefined, password: string, below: Readonly<Record<string, string>> = {}) =>
    await lint(
      'require-pool-refresh',
      {
        'package.json': JSON.stringify(range === undefined ? {} : { dependencies: { '@mikro-orm/core': range } }),
        'src/orm.ts': orm(password),
        ...below,
      },
      'src/orm.ts',
    );

  it.each([
    ['that reads a text', text],
    ['that returns a variable of the environment', 'async () => process.env.DB_PASSWORD'],
    ['that returns an object without a checker', '() => ({ password: ask() })'],
  ])('%s is called once in 6, and again in 7', async (_, password) => {
    expect(await judged('^6.4.0', password)).toEqual(['5 passwordCalledOnce']);
    expect(await judged('^7.0.0', password)).toEqual([]);
  });

  it.each([
    ['whose answer has a checker', '() => ({ password: (last = ask()), expirationChecker: () => last !== ask() })'],
    ['whose answer comes from another file', '() => ask()'],
  ])('%s is left alone in 6', async (_, password) => {
    expect(await judged('^6.4.0', password)).toEqual([]);
  });

  it('whose checker always says yes never gives a connection in 6', async () => {
    expect(await judged('6', '() => ({ password: ask(), expirationChecker: () => true })')).toEqual([
      '5 alwaysExpired',
    ]);
  });

  it.each([[undefined], ['workspace:*'], ['^6.0.0 || ^7.0.0'], ['>=6'], ['latest']])(
    'is believed where the version is unknown: %s',
    async (range) => {
      expect(await judged(range, text)).toEqual([]);
    },
  );

  it('is judged by the nearest manifest that asks for MikroORM', async () => {
    expect(await judged('^6.4.0', text, { 'src/package.json': '{ "type": "module" }' })).toEqual([
      '5 passwordCalledOnce',
    ]);
    expect(
      await judged('^6.4.0', text, { 'src/package.json': '{ "dependencies": { "@mikro-orm/core": "7" } }' }),
    ).toEqual([]);
  });
});

describe('a secret that a function of another file reads', () => {
  const reader =
    "import { SecretsManagerClient, GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';\nconst client = new SecretsManagerClient({});\nexport const getSecret = async (SecretId) => (await client.send(new GetSecretValueCommand({ SecretId }))).SecretString;";
  const keeper =
    "import { getSecret } from './secrets.js';\nlet signingKey;\nexport async function init() { signingKey = await getSecret('jwt'); }\nexport const key = () => signingKey;";

  it('is kept for the life of the process', async () => {
    const files = { 'secrets.ts': reader, 'keys.ts': keeper };
    expect(await lint('no-secret-cache-without-ttl', files, 'keys.ts')).toEqual(['3 kept']);
  });

  it('is none when the function reads something else', async () => {
    const files = {
      'secrets.ts': 'export const getSecret = async (name) => await table.find(name);',
      'keys.ts': keeper,
    };
    expect(await lint('no-secret-cache-without-ttl', files, 'keys.ts')).toEqual([]);
  });
});

describe('a pool that lives as long as its process', () => {
  const pool = "import { Pool } from 'pg';\nexport const pool = new Pool({ host: 'db' });";
  const server = "import { pool } from './pool.js';\napp.listen(80);\n";
  const drain = (files: Readonly<Record<string, string>>) =>
    lint('require-pool-drain', { 'package.json': '{}', 'src/pool.ts': pool, ...files }, 'src/pool.ts');

  it('is drained by nobody', async () => {
    expect(await drain({ 'src/server.ts': server })).toEqual(['2 neverDrained']);
  });

  it('is drained by another file', async () => {
    expect(await drain({ 'src/server.ts': `${server}process.on('SIGTERM', () => pool.end());` })).toEqual([]);
  });

  it('is drained by a test alone', async () => {
    const test = "import { pool } from './pool.js';\nafterAll(() => pool.end());";
    expect(await drain({ 'src/server.ts': server, 'src/pool.test.ts': test })).toEqual(['2 neverDrained']);
  });

  it('may be what another file calls a database', async () => {
    expect(await drain({ 'src/server.ts': `${server}onStop(() => db.close());` })).toEqual([]);
  });

  it('is in a package that opens no port', async () => {
    expect(await drain({ 'src/job.ts': "import { pool } from './pool.js';" })).toEqual([]);
  });

  it('is beside another package that drains its own', async () => {
    const other = { 'other/package.json': '{}', 'other/stop.ts': 'pool.end();' };
    const own = { 'app/package.json': '{}', 'app/pool.ts': pool, 'app/server.ts': server };
    expect(await lint('require-pool-drain', { ...other, ...own }, 'app/pool.ts')).toEqual(['2 neverDrained']);
  });

  const source = "import { DataSource } from 'typeorm';\nexport const source = new DataSource({ type: 'postgres' });";

  it('is a data source that nobody opens', async () => {
    expect(await drain({ 'src/pool.ts': source, 'src/server.ts': server })).toEqual([]);
  });

  it('is a data source that another file opens', async () => {
    const opens = `${server}await source.initialize();`;
    expect(await drain({ 'src/pool.ts': source, 'src/server.ts': opens })).toEqual(['2 neverDrained']);
  });

  it('is what a callback gets when the module is loaded', async () => {
    const mongo =
      "import { MongoClient } from 'mongodb';\nMongoClient.connect(url, (error, db) => { routes(app, db); app.listen(80); });";
    expect(await drain({ 'src/pool.ts': mongo })).toEqual(['2 neverDrained']);
  });
});
