import { orNotRun, startMariadb, startMysql } from '@keyturn/services';

import { contract, mysqlDialect, type Subject, type SubjectOptions } from '../testing/contract.js';
import { mysqlPair } from '../testing/mysql-pair.js';
import { createPool } from './pool.js';

function open({ port, max, ...options }: SubjectOptions): Subject {
  const pool = createPool({
    host: '127.0.0.1',
    port,
    database: 'shop',
    connectionLimit: max,
    // MySQL's caching_sha2_password asks for it without TLS.
    allowPublicKeyRetrieval: true,
    ...options,
  });
  let ended: Promise<void> | undefined;
  return {
    pool,
    get counters() {
      return pool.counters;
    },
    refresh: () => pool.refresh(),
    drain: (drainOptions) => pool.drain(drainOptions),
    end: () => (ended ??= pool.end()),
    events: pool as unknown as NodeJS.EventEmitter,
    run: async (sql) => await pool.query(sql),
    hold: async () => {
      const connection = await pool.getConnection();
      return { run: async (sql) => await connection.query(sql), release: async () => await connection.release() };
    },
  };
}

contract(
  'mariadb on MariaDB',
  async () => await orNotRun(async () => await mysqlPair(await startMariadb())),
  open,
  mysqlDialect,
);
contract(
  'mariadb on MySQL',
  async () => await orNotRun(async () => await mysqlPair(await startMysql()), { optional: true }),
  open,
  mysqlDialect,
);
