import type { Sample } from './sample.js';

const parts = 'host, port, user, database';

const mysql2 = (does: string, config: string, more = ''): Sample => ({
  row: 'mysql2',
  does,
  code: `import { createPool } from 'mysql2/promise';
const pool = createPool(${config});
export const query = () => pool.query('SELECT 1');
export const end = () => pool.end();
${more}`,
});

const mariadb = (does: string, config: string): Sample => ({
  row: 'mariadb',
  does,
  code: `import { createPool } from 'mariadb';
const pool = createPool({ connectionLimit: 2, acquireTimeout: 3000, connectTimeout: 2000, ${config} });
export const query = () => pool.query('SELECT 1');
export const end = () => pool.end();`,
});

const knex = (does: string, connection: string): Sample => ({
  row: 'knex',
  does,
  code: `import knex from 'knex';
const db = knex({ client: 'mysql2', acquireConnectionTimeout: 50000, connection: ${connection} });
export const query = () => db.raw('SELECT 1');
export const end = () => db.destroy();`,
});

const sequelize = (does: string, config: string): Sample => ({
  row: 'sequelize',
  does,
  code: `import { Sequelize } from 'sequelize';
const db = new Sequelize({ dialect: 'mysql', logging: false, host, port, database, username: user, ${config} });
export const query = () => db.query('SELECT 1');
export const end = () => db.close();`,
});

const typeorm = (does: string, config: string): Sample => ({
  row: 'typeorm',
  does,
  code: `import { DataSource } from 'typeorm';
const source = new DataSource({ type: 'mysql', host, port, database, username: user, ${config} });
await source.initialize();
export const query = () => source.query('SELECT 1');
export const end = () => source.destroy();`,
});

const drizzle = (does: string, connection: string): Sample => ({
  row: 'drizzle over mysql2',
  does,
  code: `import { drizzle } from 'drizzle-orm/mysql2';
import { sql } from 'drizzle-orm';
const db = drizzle({ connection: ${connection} });
export const query = () => db.execute(sql\`SELECT 1\`);
export const end = () => db.$client.end();`,
});

export const mysqlSamples: readonly Sample[] = [
  mysql2('a password that was read once', `{ ${parts}, password: read() }`),
  mysql2('a password function', `{ ${parts}, password: read }`),
  mysql2('a URL', '`mysql://${user}:${read()}@${host}:${port}/${database}`'),
  mysql2(
    'a password that is assigned again',
    `{ ${parts}, password: read() }`,
    'export const refresh = () => { pool.pool.config.connectionConfig.password = read(); };',
  ),
  mariadb('a password that was read once', `${parts}, password: read()`),
  mariadb('a password function', `${parts}, password: read`),
  knex('a password that was read once', `{ ${parts}, password: read() }`),
  knex('a password function', `{ ${parts}, password: read }`),
  knex('a connection function without a checker', `() => ({ ${parts}, password: read() })`),
  knex(
    'a connection function with a checker',
    `() => { const password = read(); return { ${parts}, password, expirationChecker: () => password !== read() }; }`,
  ),
  sequelize('a password that was read once', 'password: read()'),
  sequelize('a password function', 'password: read'),
  sequelize('a hook before each connection', 'hooks: { beforeConnect: (config) => { config.password = read(); } }'),
  typeorm('a password that was read once', 'password: read()'),
  typeorm('a password function', 'password: read'),
  drizzle('a password that was read once', `{ ${parts}, password: read() }`),
  drizzle('a password function', `{ ${parts}, password: read }`),
];
