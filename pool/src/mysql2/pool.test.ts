import { orNotRun, startMariadb, startMysql } from '@keyturn/services';

import { contract, mysqlDialect, type Subject, type SubjectOptions } from '../testing/contract.js';
import { mysqlPair } from '../testing/mysql-pair.js';
import { createPool as createCallbackPool } from './callback.js';
import { createPool } from './promise.js';

const mysql = async () => await orNotRun(async () => await mysqlPair(await startMysql()), { optional: true });
const mariadb = async () => await orNotRun(async () => await mysqlPair(await startMariadb()));

function openPromise({ port, max, ...options }: SubjectOptions): Subject {
  const pool = createPool({ host: '127.0.0.1', port, database: 'shop', connectionLimit: max, ...options });
  let ended: Promise<void> | undefined;
  return {
    pool,
    get counters() {
      return pool.counters;
    },
    refresh: () => pool.refresh(),
    drain: (drainOptions) => pool.drain(drainOptions),
    end: () => (ended ??= pool.end()),
    events: pool,
    run: async (sql) => await pool.query(sql),
    hold: async () => {
      const connection = await pool.getConnection();
      return { run: async (sql) => await connection.query(sql), release: () => connection.release() };
    },
  };
}

function openCallback({ port, max, ...options }: SubjectOptions): Subject {
  const pool = createCallbackPool({ host: '127.0.0.1', port, database: 'shop', connectionLimit: max, ...options });
  let ended: Promise<void> | undefined;
  const run = async (db: Pick<typeof pool, 'query'>, sql: string): Promise<unknown> =>
    await new Promise((resolve, reject) => {
      db.query(sql, (error, rows) => (error ? reject(error) : resolve([rows])));
    });
  return {
    pool,
    get counters() {
      return pool.counters;
    },
    refresh: () => pool.refresh(),
    drain: (drainOptions) => pool.drain(drainOptions),
    end: () => (ended ??= new Promise((resolve) => pool.end(() => resolve()))),
    events: pool,
    run: (sql) => run(pool, sql),
    hold: async () =>
      await new Promise((resolve, reject) => {
        pool.getConnection((error, connection) =>
          error
            ? reject(error)
            : resolve({ run: (sql) => run(connection as never, sql), release: () => connection.release() }),
        );
      }),
  };
}

contract('mysql2/promise on MySQL', mysql, openPromise, mysqlDialect);
contract('mysql2 with callbacks on MariaDB', mariadb, openCallback, mysqlDialect);
