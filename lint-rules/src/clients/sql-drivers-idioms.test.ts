import { idioms } from '../idioms.testing.js';

idioms(
  'require-pool-refresh',
  {
    capturedCredential: {
      'neo4j basic':
        "const neo4j = require('neo4j-driver').v1; module.exports = neo4j.driver(config.server, neo4j.auth.basic(config.user, process.env.NEO4J_PASSWORD));",
      'snowflake pool':
        "import snowflake from 'snowflake-sdk'; export const pool = snowflake.createPool({ account: 'a', username: 'u', password: process.env.SNOWFLAKE_PASSWORD }, { max: 5 });",
      'pg class that one of two ways of a module brings':
        "export async function open() { const pg = await import('pg'); const Pool = pg.Pool || pg.default?.Pool; return new Pool({ connectionString: process.env.DATABASE_URL }); }",
      'a listening connection that is kept outside of its function':
        "import { Client } from 'pg'; let connection; export async function listen() { const next = new Client({ connectionString: process.env.DATABASE_URL }); await next.connect(); if (connection) await connection.end(); connection = next; }",
      'pg cjs':
        "const { Pool } = require('pg'); module.exports = new Pool({ user: process.env.PGUSER, password: process.env.PGPASSWORD });",
      'pg default import url':
        "import pg from 'pg'; const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL }); export default { query: (t, p) => pool.query(t, p) };",
      'pg class wrapper with ConfigService member':
        "import { Pool } from 'pg'; import { ConfigService } from '@nestjs/config'; export class Db { private pool: Pool; constructor(private readonly config: ConfigService) { this.pool = new Pool({ host: this.config.get('DB_HOST'), password: this.config.get('DB_PASSWORD') }); } }",
      'pg class wrapper with ConfigService param':
        "import { Pool } from 'pg'; import { ConfigService } from '@nestjs/config'; export class Db { constructor(config: ConfigService) { this.pool = new Pool({ host: config.get('DB_HOST'), password: config.get<string>('database.password') }); } }",
      'pg ConfigService getOrThrow url':
        "import { Pool } from 'pg'; import { ConfigService } from '@nestjs/config'; export const p = { provide: 'PG', inject: [ConfigService], useFactory: (config: ConfigService) => new Pool({ connectionString: config.getOrThrow('DATABASE_URL') }) };",
      'pg zod parsed env':
        "import { Pool } from 'pg'; import { z } from 'zod'; const env = z.object({ DATABASE_URL: z.string() }).parse(process.env); export const pool = new Pool({ connectionString: env.DATABASE_URL });",
      'pg config lib':
        "import { Pool } from 'pg'; import config from 'config'; export const pool = new Pool(config.get('db'));",
      'pg config lib member':
        "const { Pool } = require('pg'); const config = require('config'); module.exports = new Pool({ host: config.get('db.host'), password: config.get('db.password') });",
      'pg global singleton':
        "import { Pool } from 'pg'; const g = globalThis as unknown as { pool?: Pool }; export const pool = g.pool ?? new Pool({ connectionString: process.env.DATABASE_URL }); g.pool = pool;",
      'pg lazy getter':
        "import { Pool } from 'pg'; let pool; export function getPool() { if (!pool) { pool = new Pool({ connectionString: process.env.DATABASE_URL! }); } return pool; }",
      'pg dynamic import':
        "export async function open() { const { Pool } = await import('pg'); return new Pool({ connectionString: process.env.DATABASE_URL }); }",
      'pg dynamic import default':
        "export async function open() { const pg = (await import('pg')).default; const p = new pg.Pool({ connectionString: process.env.DATABASE_URL }); return p; }",
      'pg promise all':
        "export async function open() { const [{ Pool }, { drizzle }] = await Promise.all([import('pg'), import('drizzle-orm/node-postgres')]); const p = new Pool({ password: process.env.P }); return drizzle({ client: p }); }",
      'pg config mutated':
        "import { Pool } from 'pg'; import { parse } from 'pg-connection-string'; const config = parse(process.env.DATABASE_URL); config.max = 3; export const pool = new Pool(config);",
      'pg config object assigned then':
        "import { Pool } from 'pg'; const config = {}; config.host = process.env.H; config.password = process.env.P; export const pool = new Pool(config);",
      'pg ternary arg':
        "import { Pool } from 'pg'; export const pool = new Pool(process.env.DATABASE_URL ? { connectionString: process.env.DATABASE_URL } : { user: process.env.U, password: process.env.P });",
      'pg let config':
        "import { Pool } from 'pg'; let config; if (process.env.NODE_ENV === 'production') { config = { connectionString: process.env.DATABASE_URL, ssl: true }; } else { config = { user: 'a', password: process.env.P }; } export const pool = new Pool(config);",
      'pg destructured env':
        "import { Pool } from 'pg'; const { PGHOST, PGPASSWORD, PGUSER } = process.env; export const pool = new Pool({ host: PGHOST, user: PGUSER, password: PGPASSWORD });",
      'pg template url':
        "import { Pool } from 'pg'; const { U, P } = process.env; export const pool = new Pool({ connectionString: `postgres://${U}:${P}@db/app` });",
      'pg env function':
        "import { Pool } from 'pg'; function required(name: string): string { const v = process.env[name]; if (!v) throw new Error(name); return v; } export const pool = new Pool({ connectionString: required('DATABASE_URL') });",
      'postgres.js':
        "import postgres from 'postgres'; const sql = postgres(process.env.DATABASE_URL!, { prepare: false }); export default sql;",
      'mysql2 cjs':
        "const mysql = require('mysql2'); const pool = mysql.createPool({ host: process.env.H, user: process.env.U, password: process.env.P }); module.exports = pool.promise();",
      'mysql2 promise named':
        "import { createPool } from 'mysql2/promise'; export const pool = createPool(process.env.DATABASE_URL);",
      'mysql2 star':
        "import * as mysql from 'mysql2/promise'; export class D { private static pool = mysql.createPool({ password: process.env.P }); }",
      'mysql2 uri':
        "import mysql from 'mysql2/promise'; export const pool = mysql.createPool({ uri: process.env.DATABASE_URL });",
      'mysql createConnection top':
        "const mysql = require('mysql'); const db = mysql.createConnection({ host: 'localhost', user: 'root', password: process.env.P }); db.connect(); module.exports = db;",
      'mysql dynamic':
        "export const open = async () => { const mysql = await import('mysql2'); return mysql.createPool({ password: process.env.P }); };",
      'mysql dynamic default':
        "export const open = async () => { const { default: mysql } = await import('mysql2/promise'); return mysql.createPool({ password: process.env.P }); };",
      mariadb:
        "const mariadb = require('mariadb'); module.exports = mariadb.createPool({ host: process.env.H, user: process.env.U, password: process.env.P });",
      'mariadb class':
        "import mariadb from 'mariadb'; class Db { static pool; static init() { Db.pool = mariadb.createPool({ password: process.env.P }); } } export default Db;",
      'env-var':
        "import { Pool } from 'pg'; import env from 'env-var'; export const pool = new Pool({ connectionString: env.get('DATABASE_URL').required().asString() });",
      'kysely pg':
        "import { Kysely, PostgresDialect } from 'kysely'; import { Pool } from 'pg'; export const db = new Kysely({ dialect: new PostgresDialect({ pool: new Pool({ connectionString: process.env.DATABASE_URL }) }) });",
      'kysely mysql':
        "import { createPool } from 'mysql2'; export const db = new Kysely({ dialect: new MysqlDialect({ pool: createPool({ uri: process.env.DATABASE_URL }) }) });",
      'default pg import in function with module level let':
        "import pkg from 'pg'; const { Pool } = pkg; let pool: InstanceType<typeof Pool> | null = null; export const getPool = () => (pool ??= new Pool({ connectionString: process.env.DATABASE_URL }));",
      mssql:
        "const sql = require('mssql'); const config = { user: process.env.U, password: process.env.P, server: 'x', database: 'y' }; const poolPromise = new sql.ConnectionPool(config).connect().then((p) => p); module.exports = { poolPromise };",
      tedious:
        "import { Connection } from 'tedious'; const connection = new Connection({ server: 's', authentication: { type: 'default', options: { userName: 'a', password: process.env.P } } }); connection.connect(); export default connection;",
      'zod safeParse':
        "import { Pool } from 'pg'; import { z } from 'zod'; const parsed = z.object({ DATABASE_URL: z.string() }).safeParse(process.env); if (!parsed.success) throw new Error('x'); export const pool = new Pool({ connectionString: parsed.data.DATABASE_URL });",
      'env const alias':
        "import { Pool } from 'pg'; const env = process.env; export const pool = new Pool({ connectionString: env.DATABASE_URL });",
      'env imported node:process':
        "import { env } from 'node:process'; import postgres from 'postgres'; export const sql = postgres(env['DATABASE_URL']!);",
      'deno/bun env': "import postgres from 'postgres'; export const sql = postgres(Bun.env.DATABASE_URL);",
      'sveltekit env':
        "import { env } from '$env/dynamic/private'; import postgres from 'postgres'; export const sql = postgres(env.DATABASE_URL);",
      'sveltekit static':
        "import { DATABASE_URL } from '$env/static/private'; import postgres from 'postgres'; export const sql = postgres(DATABASE_URL);",
      'nuxt runtime config':
        "import mysql from 'mysql2/promise'; const config = useRuntimeConfig(); export const pool = mysql.createPool({ host: config.dbHost, password: config.dbPassword });",
    },
  },
  {
    'neo4j with a token that is asked for again':
      "import neo4j from 'neo4j-driver'; export const d = neo4j.driver(url, neo4j.authTokenManagers.basic({ tokenProvider }));",
    'neo4j without a credential':
      "import neo4j from 'neo4j-driver'; export const d = neo4j.driver('bolt://localhost');",
    'a connection that its own function ends':
      "import { Client } from 'pg'; export async function ask(text) { const client = new Client({ connectionString: process.env.DATABASE_URL }); await client.connect(); try { return await client.query(text); } finally { await client.end(); } }",
    'pg function param':
      "import { Pool } from 'pg'; export function open(url) { return new Pool({ connectionString: url }); }",
    'pg library class options':
      "import { Pool } from 'pg'; export class Store { constructor(private options: Options) { this.pool = new Pool({ password: options.password }); } }",
    'typed dict of class library with function type':
      "import { Pool } from 'pg'; export class Store { constructor(private options: { password: string | (() => string) }) { this.pool = new Pool({ password: this.options.password }); } }",
    'hono workers env':
      "import { Pool } from 'pg'; export default { async fetch(request, env) { const pool = new Pool({ connectionString: env.DATABASE_URL }); const r = await pool.query('x'); await pool.end(); return r; } };",
  },
);
