import { randomBytes } from 'node:crypto';

import type { Credential } from '@keyturn/plan';
import { type MariadbServer } from '@keyturn/services';
import mysql from 'mysql2/promise';

/** Two users with the same rights on a real MySQL or MariaDB, and what a rotation does to them. */
export interface MysqlPair {
  readonly server: MariadbServer;
  readonly at: { host: string; port: number; database: string };
  /** Gives the idle user a new password and returns what to publish. */
  advance(): Promise<Credential>;
  /** Sessions per user. */
  sessions(): Promise<Record<string, number>>;
  /** Refused logins since the last call. */
  refusedLogins(): Promise<number>;
  /** Changes the password of a user to something that nobody knows. */
  spoil(user: string): Promise<void>;
  lock(user: string): Promise<void>;
  kill(user: string): Promise<void>;
  stop(): Promise<void>;
}

export async function mysqlPair(server: MariadbServer): Promise<MysqlPair> {
  const at = { host: server.host, port: server.port, database: 'shop' };
  const admin = mysql.createPool({
    host: server.host,
    port: server.port,
    user: server.superuser,
    password: server.superuserPassword,
    connectionLimit: 1,
  });
  const ask = async <T>(sql: string): Promise<T[]> => (await admin.query(sql))[0] as T[];
  await ask('CREATE DATABASE shop');
  await ask('CREATE TABLE shop.orders (id bigint AUTO_INCREMENT PRIMARY KEY, note varchar(64))');
  for (const user of ['app_a', 'app_b']) {
    await ask(`CREATE USER '${user}'@'%' IDENTIFIED BY '${randomBytes(12).toString('hex')}'`);
    await ask(`GRANT SELECT, INSERT ON shop.* TO '${user}'@'%'`);
  }
  let generation = 0;
  let refused = 0;
  return {
    server,
    at,
    async advance() {
      generation += 1;
      const user = generation % 2 === 1 ? 'app_a' : 'app_b';
      const password = randomBytes(12).toString('hex');
      await ask(`ALTER USER '${user}'@'%' IDENTIFIED BY '${password}' ACCOUNT UNLOCK`);
      return { user, password, generation };
    },
    async sessions() {
      const rows = await ask<{ user: string; n: number }>(
        `SELECT user AS user, count(*) AS n FROM information_schema.processlist WHERE user LIKE 'app%' GROUP BY user`,
      );
      return Object.fromEntries(rows.map(({ user, n }) => [user, Number(n)]));
    },
    async refusedLogins() {
      const rows = await ask<{ Value: string }>(`SHOW GLOBAL STATUS LIKE 'Aborted_connects'`);
      const before = refused;
      refused = Number(rows[0]?.Value ?? 0);
      return refused - before;
    },
    async spoil(user) {
      await ask(`ALTER USER '${user}'@'%' IDENTIFIED BY '${randomBytes(12).toString('hex')}'`);
    },
    async lock(user) {
      await ask(`ALTER USER '${user}'@'%' ACCOUNT LOCK`);
    },
    async kill(user) {
      const rows = await ask<{ id: number }>(
        `SELECT id AS id FROM information_schema.processlist WHERE user = '${user}'`,
      );
      for (const { id } of rows) await ask(`KILL ${id}`);
    },
    async stop() {
      await admin.end();
      await server.stop();
    },
  };
}
