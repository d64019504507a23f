import type { Sample } from './sample.js';

const parts = 'host, port, user, database';
const url = '`postgres://${user}:${read()}@${host}:${port}/${database}`';

const pg = (does: string, config: string, more = ''): Sample => ({
  row: 'pg',
  does,
  code: `import { Pool } from 'pg';
const pool = new Pool(${config});
export const query = () => pool.query('SELECT 1');
export const end = () => pool.end();
${more}`,
});

const postgresJs = (does: string, args: string): Sample => ({
  row: 'postgres.js',
  does,
  code: `import postgres from 'postgres';
const sql = postgres(${args});
export const query = () => sql\`SELECT 1\`;
export const end = () => sql.end({ timeout: 1 });`,
});

const knex = (does: string, connection: string, timeout = 50_000): Sample => ({
  row: 'knex',
  does,
  code: `import knex from 'knex';
const db = knex({ client: 'pg', acquireConnectionTimeout: ${String(timeout)}, connection: ${connection} });
export const query = () => db.raw('SELECT 1');
export const end = () => db.destroy();`,
});

const sequelize = (does: string, config: string, more = ''): Sample => ({
  row: 'sequelize',
  does,
  code: `import { Sequelize } from 'sequelize';
const db = new Sequelize({ dialect: 'postgres', logging: false, ${config} });
${more}
export const query = () => db.query('SELECT 1');
export const end = () => db.close();`,
});

const typeorm = (does: string, config: string): Sample => ({
  row: 'typeorm',
  does,
  code: `import { DataSource } from 'typeorm';
const source = new DataSource({ type: 'postgres', poolErrorHandler: () => {}, ${config} });
await source.initialize();
export const query = () => source.query('SELECT 1');
export const end = () => source.destroy();`,
});

const mikroOrm = (does: string, config: string): Sample => ({
  row: 'mikro-orm',
  does,
  code: `import { MikroORM } from '@mikro-orm/postgresql';
const orm = await MikroORM.init({ dbName: database, entities: [], discovery: { warnWhenNoEntities: false }, connect: false, ${config} });
export const query = () => orm.em.getConnection().execute('SELECT 1');
export const end = () => orm.close();`,
});

const prisma = (does: string, config: string): Sample => ({
  row: 'prisma adapter',
  does,
  code: `import { PrismaPg } from '@prisma/adapter-pg';
const factory = new PrismaPg(${config});
const adapter = await factory.connect();
export const query = () => adapter.queryRaw({ sql: 'SELECT 1', args: [], argTypes: [] });
export const end = () => adapter.dispose();`,
});

const drizzle = (does: string, connection: string): Sample => ({
  row: 'drizzle',
  does,
  code: `import { drizzle } from 'drizzle-orm/node-postgres';
import { sql } from 'drizzle-orm';
const db = drizzle({ connection: ${connection} });
db.$client.on('error', () => {});
export const query = () => db.execute(sql\`SELECT 1\`);
export const end = () => db.$client.end();`,
});

const drizzleOverPostgresJs = (does: string, connection: string): Sample => ({
  row: 'drizzle over postgres.js',
  does,
  code: `import { drizzle } from 'drizzle-orm/postgres-js';
import { sql } from 'drizzle-orm';
const db = drizzle({ connection: ${connection} });
export const query = () => db.execute(sql\`SELECT 1\`);
export const end = () => db.$client.end({ timeout: 1 });`,
});

const kysely = (does: string, pool: string): Sample => ({
  row: 'pg',
  does: `under Kysely, ${does}`,
  code: `import { Kysely, PostgresDialect, sql } from 'kysely';
import { Pool } from 'pg';
const db = new Kysely({ dialect: new PostgresDialect({ pool: ${pool} }) });
export const query = () => sql\`SELECT 1\`.execute(db);
export const end = () => db.destroy();`,
});

export const postgresSamples: readonly Sample[] = [
  pg('a password that was read once', `{ ${parts}, password: read() }`),
  pg('a password function', `{ ${parts}, password: read }`),
  pg('a URL', `{ connectionString: ${url} }`),
  pg('a URL and a password function', `{ connectionString: ${url}, password: read }`),
  pg(
    'a URL without a password and a password function',
    '{ connectionString: `postgres://${user}@${host}:${port}/${database}`, password: read }',
  ),
  pg('a user function', `{ host, port, database, user: () => user, password: read }`),
  pg('a getter', `{ ${parts}, get password() { return read(); } }`),
  pg(
    'a password that is assigned again',
    `{ ${parts}, password: read() }`,
    'export const refresh = () => { pool.options.password = read(); };',
  ),
  kysely('a password function', `new Pool({ ${parts}, password: read })`),
  kysely('a pool factory, which is called once', `async () => new Pool({ ${parts}, password: read() })`),
  postgresJs('a password that was read once', `{ ${parts}, password: read() }`),
  postgresJs('a password function', `{ ${parts}, password: read }`),
  postgresJs('a URL', url),
  postgresJs(
    'a URL without a password and a password function',
    '`postgres://${user}@${host}:${port}/${database}`, { password: read }',
  ),
  postgresJs('a user function', `{ host, port, database, user: () => user, password: read }`),
  knex('a password that was read once', `{ ${parts}, password: read() }`),
  knex('a password function', `{ ${parts}, password: read }`),
  knex('a URL and a password function', `{ connectionString: ${url}, password: read }`),
  knex('a connection function without a checker', `() => ({ ${parts}, password: read() })`),
  knex(
    'a connection function with a checker',
    `() => { const password = read(); return { ${parts}, password, expirationChecker: () => password !== read() }; }`,
  ),
  knex(
    'a checker that always answers true',
    `() => ({ ${parts}, password: read(), expirationChecker: () => true })`,
    2_000,
  ),
  sequelize('a password that was read once', `host, port, database, username: user, password: read()`),
  sequelize('a password function', `host, port, database, username: user, password: read`),
  sequelize(
    'a hook before each connection',
    'host, port, database, hooks: { beforeConnect: (config) => void Object.assign(config, { username: user, password: read() }) }',
  ),
  sequelize(
    'a hook that is added later',
    'host, port, database, username: user, password: read()',
    'db.beforeConnect((config) => { config.password = read(); });',
  ),
  sequelize(
    'a password function in dialectOptions',
    'host, port, database, username: user, dialectOptions: { password: read }',
  ),
  mikroOrm('a password that was read once', 'host, port, user, password: read()'),
  mikroOrm('a password function that answers with a text', 'host, port, user, password: read'),
  mikroOrm(
    'a password function whose answer has a checker',
    'host, port, user, password: () => { const password = read(); return { password, expirationChecker: () => read() !== password }; }',
  ),
  typeorm('a password that was read once', 'host, port, database, username: user, password: read()'),
  typeorm('a password function', 'host, port, database, username: user, password: read'),
  typeorm('a URL and a password function', `url: ${url}, password: read`),
  typeorm('a password function in extra', 'host, port, database, username: user, extra: { password: read }'),
  prisma('a password that was read once', `{ ${parts}, password: read() }`),
  prisma('a password function', `{ ${parts}, password: read }`),
  prisma('a URL and a password function', `{ connectionString: ${url}, password: read }`),
  drizzle('a password that was read once', `{ ${parts}, password: read() }`),
  drizzle('a password function', `{ ${parts}, password: read }`),
  drizzle('a URL and a password function', `{ connectionString: ${url}, password: read }`),
  drizzleOverPostgresJs('a password that was read once', `{ ${parts}, password: read() }`),
  drizzleOverPostgresJs('a password function', `{ ${parts}, password: read }`),
  drizzleOverPostgresJs(
    'a URL without a password and a password function',
    '{ url: `postgres://${user}@${host}:${port}/${database}`, password: read }',
  ),
];
