import { table } from '../table.testing.js';
import rule from './require-connection-lifetime.js';

const pg = "import { Pool, Client } from 'pg';\n";

table(rule, {
  fine: [
    {
      name: 'a database inside of the program',
      code: "import { Sequelize } from 'sequelize'; export const db = new Sequelize('app', 'u', 'p', { dialect: 'sqlite' });",
    },
    {
      name: 'an empty password',
      code: "import { Sequelize } from 'sequelize'; export const db = new Sequelize('app', 'root', '', { host: 'localhost', dialect: 'mysql' });",
    },
    { name: 'a lifetime', code: `${pg}export const pool = new Pool({ password: read, maxLifetimeSeconds: 600 });` },
    { name: 'a number of uses', code: `${pg}export const pool = new Pool({ password: read, maxUses: 7500 });` },
    { name: 'one connection', code: `${pg}export const client = new Client({ password: read });` },
    {
      name: 'a pool that its own function ends',
      code: `${pg}export async function run(sql) { const pool = new Pool({ password: read }); await pool.query(sql); await pool.end(); }`,
    },
    { name: 'no credential', code: `${pg}export const pool = new Pool({ host: '/run/postgresql' });` },
    {
      name: 'options that are spread into it',
      code: `${pg}export const pool = new Pool({ ...options, password: read });`,
    },
    {
      name: 'a lifetime in what is spread into it',
      code: `${pg}const base = { max: 5, maxLifetimeSeconds: 60 }; export const pool = new Pool({ ...base, password: read });`,
    },
    {
      name: 'a connection that Knex asks for again',
      code: "import knex from 'knex'; export const db = knex({ client: 'pg', connection: async () => ({ password: await read(), expirationChecker: isOver }) });",
    },
    { name: 'options of a caller', code: `${pg}export const make = (options) => new Pool(options);` },
    {
      name: 'a default of half an hour',
      code: "import postgres from 'postgres'; export default postgres({ password: read });",
    },
    {
      name: 'another package',
      code: "import { Pool } from 'tinypool'; import 'pg'; export const pool = new Pool({ password: read });",
    },
    { name: 'a test', code: `${pg}export const pool = new Pool({ password: read });`, filename: 'src/pool.test.ts' },
    {
      name: 'MySQL behind typeorm, which has no such option',
      code: "import { DataSource } from 'typeorm'; export default new DataSource({ type: 'mysql', password: read });",
    },
    {
      name: 'knex with a lifetime',
      code: "import knex from 'knex'; export default knex({ client: 'pg', connection, pool: { maxConnectionLifetimeMillis: 6e5 } });",
    },
    {
      name: 'knex with a pool from elsewhere',
      code: "import knex from 'knex'; export default knex({ client: 'pg', connection, pool: settings });",
    },
  ],
  wrong: [
    {
      name: 'options that are known where they are spread in',
      code: `${pg}const base = { max: 5 }; export const pool = new Pool({ ...base, password: read });`,
      says: [['noLifetime']],
      suggests: [
        [
          {
            messageId: 'addLifetime',
            output: `${pg}const base = { max: 5 }; export const pool = new Pool({ ...base, password: read, maxLifetimeSeconds: 1800 });`,
          },
        ],
      ],
    },
    {
      name: 'the mappers that are spread into Knex',
      code: "import knex from 'knex'; import { knexSnakeCaseMappers } from 'objection'; const configs = { production: { client: 'pg', connection: { password: read } } }; export const db = knex({ ...configs[process.env.NODE_ENV], ...knexSnakeCaseMappers() });",
      says: [['noLifetime']],
    },
    {
      name: 'a pool without one',
      code: `${pg}export const pool = new Pool({ host, password: read });`,
      says: [['noLifetime', { maker: 'new Pool', key: 'maxLifetimeSeconds' }, 2]],
      suggests: [
        [
          {
            messageId: 'addLifetime',
            output: `${pg}export const pool = new Pool({ host, password: read, maxLifetimeSeconds: 1800 });`,
          },
        ],
      ],
    },
    {
      name: 'options on lines of their own',
      code: `${pg}export const pool = new Pool({\n  password: read,\n});`,
      says: [['noLifetime', { maker: 'new Pool', key: 'maxLifetimeSeconds' }]],
      suggests: [
        [
          {
            messageId: 'addLifetime',
            output: `${pg}export const pool = new Pool({\n  password: read,\n  maxLifetimeSeconds: 1800,\n});`,
          },
        ],
      ],
    },
    {
      name: 'everything from the environment',
      code: `${pg}export const pool = new Pool();`,
      says: [['noLifetime', { maker: 'new Pool', key: 'maxLifetimeSeconds' }]],
    },
    {
      name: 'zero',
      code: `${pg}export const pool = new Pool({ password: read, maxLifetimeSeconds: 0 });`,
      says: [['switchedOff', { key: 'maxLifetimeSeconds' }]],
    },
    {
      name: 'a default that is switched off',
      code: "import postgres from 'postgres';\nexport default postgres({ password: read, max_lifetime: null });",
      says: [['switchedOff', { key: 'max_lifetime' }]],
    },
    {
      name: 'Sequelize',
      code: "import { Sequelize } from 'sequelize';\nexport default new Sequelize({ password: process.env.P, pool: { max: 5 } });",
      says: [['noLifetime', { maker: 'new Sequelize', key: 'pool.maxUses' }]],
    },
    {
      name: 'PostgreSQL behind typeorm',
      code: "import { DataSource } from 'typeorm';\nexport default new DataSource({ type: 'postgres', password: read });",
      says: [['noLifetime', { maker: 'new DataSource', key: 'extra.maxLifetimeSeconds' }]],
    },
    {
      name: 'a dialect that is asserted',
      code: "import { DataSource } from 'typeorm';\nexport default new DataSource({ type: process.env.TYPE as 'postgres', password: read });",
      says: [['noLifetime', { maker: 'new DataSource', key: 'extra.maxLifetimeSeconds' }]],
    },
    {
      name: 'the pool of an adapter',
      code: "import { PrismaPg } from '@prisma/adapter-pg';\nexport const adapter = new PrismaPg({ connectionString: process.env.URL });",
      says: [['noLifetime', { maker: 'new PrismaPg', key: 'maxLifetimeSeconds' }]],
      suggests: [
        [
          {
            messageId: 'addLifetime',
            output:
              "import { PrismaPg } from '@prisma/adapter-pg';\nexport const adapter = new PrismaPg({ connectionString: process.env.URL, maxLifetimeSeconds: 1800 });",
          },
        ],
      ],
    },
    {
      name: 'knex',
      code: "import knex from 'knex';\nexport default knex({ client: 'pg', connection: { password: read } });",
      says: [['noLifetime', { maker: 'knex', key: 'pool.maxConnectionLifetimeMillis' }]],
    },
  ],
});
