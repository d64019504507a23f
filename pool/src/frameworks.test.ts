import { MikroORM } from '@mikro-orm/postgresql';
import { PrismaPg } from '@prisma/adapter-pg';
import { drizzle } from 'drizzle-orm/node-postgres';
import { sql as drizzleSql } from 'drizzle-orm';
import knexFactory from 'knex';
import { Kysely, PostgresDialect, sql as kyselySql } from 'kysely';
import pg from 'pg';
import PgBoss from 'pg-boss';
import { QueryTypes, Sequelize } from 'sequelize';
import { DataSource } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Pool, type PoolConfig } from './pg/pool.js';
import { type PostgresPair, ScriptedSource, startPostgresPair } from './testing/postgres-pair.js';

let pair: PostgresPair;
beforeAll(async () => {
  pair = await startPostgresPair();
});
afterAll(async () => await pair.stop());

/** What a framework makes of a pool: a query through its own API that answers with the user, and its own end. */
interface Through {
  who(): Promise<unknown>;
  end(): Promise<unknown>;
}

interface Framework {
  readonly name: string;
  open(config: PoolConfig): Through | Promise<Through>;
}

const frameworks: readonly Framework[] = [
  {
    name: 'Knex',
    open(config) {
      const pool = new Pool(config);
      const db = knexFactory({ client: 'pg' });
      Object.assign(db.client as object, {
        acquireConnection: async () => await pool.connect(),
        releaseConnection: async (client: pg.PoolClient) => client.release(),
      });
      return {
        who: async () => (await db.raw<{ rows: { u: string }[] }>('SELECT current_user AS u')).rows[0]?.u,
        end: async () => await pool.drain(),
      };
    },
  },
  {
    name: 'Kysely',
    open(config) {
      const db = new Kysely({ dialect: new PostgresDialect({ pool: new Pool(config) }) });
      return {
        who: async () => (await kyselySql<{ u: string }>`SELECT current_user AS u`.execute(db)).rows[0]?.u,
        end: async () => await db.destroy(),
      };
    },
  },
  {
    name: 'Drizzle',
    open(config) {
      const db = drizzle({ client: new Pool(config) });
      return {
        who: async () => (await db.execute(drizzleSql`SELECT current_user AS u`)).rows[0]?.['u'],
        end: async () => await db.$client.end(),
      };
    },
  },
  {
    name: 'TypeORM',
    async open({ credentials, ...config }) {
      const { host, port, database } = config as { host: string; port: number; database: string };
      const source = new DataSource({
        type: 'postgres',
        host,
        port,
        database,
        driver: { ...pg, Pool },
        extra: { credentials, max: config.max },
      });
      await source.initialize();
      return {
        who: async () => (await source.query<{ u: string }[]>('SELECT current_user AS u'))[0]?.u,
        end: async () => await source.destroy(),
      };
    },
  },
  {
    name: 'Sequelize, by its hooks and its own pool',
    async open({ credentials, ...config }) {
      const { host, port, database } = config as { host: string; port: number; database: string };
      let current = await credentials.read();
      const stop = credentials.watch?.(() => {
        void credentials.read().then((next) => (current = next));
      });
      const sequelize = new Sequelize({
        dialect: 'postgres',
        host,
        port,
        database,
        logging: false,
        pool: { max: 4, validate: (client: object) => (client as pg.Client).user === current.user },
        hooks: {
          beforeConnect: (options) =>
            void Object.assign(options, { username: current.user, password: current.password }),
        },
      });
      return {
        who: async () =>
          (await sequelize.query<{ u: string }>('SELECT current_user AS u', { type: QueryTypes.SELECT }))[0]?.u,
        end: async () => {
          stop?.();
          await sequelize.close();
        },
      };
    },
  },
  {
    name: 'MikroORM',
    async open(config) {
      const { host, port, database } = config as { host: string; port: number; database: string };
      const orm = await MikroORM.init({
        host,
        port,
        dbName: database,
        entities: [],
        discovery: { warnWhenNoEntities: false },
        connect: false,
      });
      const connection = orm.em.getConnection();
      const pool = new Pool({ ...config, types: connection.getConnectionOptions()['types'] as pg.CustomTypesConfig });
      Object.assign(connection.getKnex().client as object, {
        acquireConnection: async () => await pool.connect(),
        releaseConnection: async (client: pg.PoolClient) => client.release(),
      });
      return {
        who: async () => (await connection.execute<{ u: string }[]>('SELECT current_user AS u'))[0]?.u,
        end: async () => {
          await orm.close();
          await pool.end();
        },
      };
    },
  },
  {
    name: 'Prisma, driver adapter',
    async open(config) {
      const pool = new Pool(config);
      const adapter = await new PrismaPg(pool).connect();
      return {
        who: async () =>
          (await adapter.queryRaw({ sql: 'SELECT current_user::text AS u', args: [], argTypes: [] })).rows[0]?.[0],
        end: async () => {
          await adapter.dispose();
          await pool.end();
        },
      };
    },
  },
  {
    name: 'pg-boss',
    open(config) {
      const pool = new Pool(config);
      const db = { executeSql: async (text: string, values: unknown[]) => await pool.query(text, values) };
      const boss = new PgBoss({ db, migrate: false, supervise: false, schedule: false });
      return {
        who: async () =>
          ((await boss.getDb().executeSql('SELECT current_user AS u', [])) as pg.QueryResult<{ u: string }>).rows[0]?.u,
        end: async () => await pool.end(),
      };
    },
  },
];

describe('a rotation under load fails no query through', () => {
  it.each(frameworks)('$name', async ({ open }) => {
    const first = await pair.advance();
    const source = new ScriptedSource(first);
    const through = await open({ ...pair.at, max: 4, credentials: source });
    const errors: unknown[] = [];
    let running = true;
    let queries = 0;
    const load = Array.from({ length: 6 }, async () => {
      while (running && errors.length === 0) {
        await through.who().catch((error: unknown) => errors.push(error));
        queries += 1;
      }
    });
    let user = first.user;
    for (let rotation = 0; rotation < 3; rotation += 1) {
      const next = await pair.advance();
      const before = queries;
      source.publish(next);
      await expect.poll(async () => await through.who(), { timeout: 10_000 }).toBe(next.user);
      await expect.poll(async () => await pair.sessions(), { timeout: 10_000 }).not.toHaveProperty(user);
      await expect.poll(() => queries, { timeout: 10_000 }).toBeGreaterThan(before + 20);
      ({ user } = next);
    }
    running = false;
    await Promise.all(load);
    expect(errors).toEqual([]);
    await through.end();
  });
});
