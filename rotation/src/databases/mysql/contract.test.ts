import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { dualUsersOf } from '@keyturn/plan';
import { type MariadbServer, orNotRun, startMariadb, startMysql } from '@keyturn/services';
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise';
import { afterAll, it } from 'vitest';

import { databaseContract } from '../../contracts/database-contract.js';
import {
  dualPasswordContract,
  singleUserContract,
  type SoleUserUnderTest,
} from '../../contracts/sole-user-contract.js';
import { soleUser } from '../../pair.js';
import { MysqlDatabase } from './mysql-database.js';

const folder = mkdtempSync(path.join(tmpdir(), 'keyturn-mysql-log-'));
// The server writes here as another account.
chmodSync(folder, 0o777);
const stops: (() => Promise<void>)[] = [];

afterAll(async () => {
  for (const stop of stops) await stop();
  rmSync(folder, { recursive: true, force: true });
});

function logging(file: string): { settings: Record<string, string | number> } {
  return { settings: { 'general-log': 1, 'general-log-file': path.join(folder, file) } };
}

const { part: mariadb, because: noMariadb } = await orNotRun(() => startMariadb(logging('mariadb')));
if (mariadb) await register('MysqlDatabase on MariaDB', mariadb, 'mariadb');
else it('MysqlDatabase on MariaDB', (context) => context.skip(noMariadb));

// Needs mvn, which is not on every machine.
const { part: mysql, because: noMysql } = await orNotRun(() => startMysql(logging('mysql')), { optional: true });
if (mysql) await register('MysqlDatabase on MySQL', mysql, 'mysql');
else it('MysqlDatabase on MySQL', (context) => context.skip(noMysql));

async function register(name: string, server: MariadbServer, log: string): Promise<void> {
  const { host, port, superuser, superuserPassword } = server;
  const root: Connection = await createConnection({ host, port, user: superuser, password: superuserPassword });
  await root.query('CREATE DATABASE shop');
  stops.push(async () => {
    await root.end();
    await server.stop();
  });
  let pairs = 0;
  const login: SoleUserUnderTest['login'] = async ({ user, password }) => {
    const connectAttributes = { program_name: 'worker' };
    const client = await createConnection({ host, port, user, password, database: 'shop', connectAttributes });
    client.on('error', () => undefined);
    return { close: () => client.end() };
  };
  const age = async (pair: string, milliseconds: number): Promise<void> => {
    await root.query(
      'UPDATE keyturn.pair SET superseded_at = superseded_at - ?, locked_at = locked_at - ? WHERE name = ?',
      [milliseconds, milliseconds, pair],
    );
  };
  const soleUserOf = async (strategy: 'dual-password' | 'single-user'): Promise<SoleUserUnderTest> => {
    pairs += 1;
    const pair = { name: `contract${pairs}`, ...soleUser(`sole${pairs}`, `contract${pairs}`) };
    await root.query('CREATE ROLE ?', [pair.sharedRole]);
    await root.query('GRANT SELECT ON shop.* TO ?', [pair.sharedRole]);
    const database = new MysqlDatabase({
      endpoints: [{ name: 'writer', kind: 'writer', host, port, database: 'shop', tls: false }],
      admin: { user: superuser, password: superuserPassword },
      pair,
      strategy,
    });
    return { pair, database, login, age: (milliseconds) => age(pair.name, milliseconds) };
  };

  dualPasswordContract(name, async () => ({
    ...(await soleUserOf('dual-password')),
    addPassword: async (user, password) => {
      if (log === 'mysql') {
        await root.query(`ALTER USER ?@'%' IDENTIFIED BY ? RETAIN CURRENT PASSWORD`, [user, password]);
        return;
      }
      const [rows] = await root.query<RowDataPacket[]>(
        'SELECT authentication_string AS now FROM mysql.user WHERE User = ?',
        [user],
      );
      await root.query(
        `ALTER USER ?@'%' IDENTIFIED VIA mysql_native_password USING PASSWORD(?) OR mysql_native_password USING ?`,
        [user, password, rows[0]?.['now']],
      );
    },
  }));
  singleUserContract(name, () => soleUserOf('single-user'));

  databaseContract(name, async ({ refusedLogins }) => {
    pairs += 1;
    const pair = { name: `contract${pairs}`, ...dualUsersOf(`contract${pairs}`) };
    const open = (change: { port?: number; password?: string } = {}): MysqlDatabase =>
      new MysqlDatabase({
        endpoints: [{ name: 'writer', kind: 'writer', host, port: change.port ?? port, database: 'shop', tls: false }],
        admin: { user: superuser, password: change.password ?? superuserPassword },
        pair,
        // The contract looks at locked users by logging in as them, which MySQL would show as a refused login.
        refusedLogins: refusedLogins ?? (() => Promise.resolve([])),
      });
    await root.query('CREATE ROLE ?', [pair.sharedRole]);
    await root.query('GRANT SELECT ON shop.* TO ?', [pair.sharedRole]);
    return {
      pair,
      database: open(),
      lockedOut: open({ password: `${superuserPassword}x` }),
      unreachable: open({ port: 1 }),
      secrets: [superuserPassword],
      login,
      setPassword: async (user, password) => {
        await root.query(`ALTER USER ?@'%' IDENTIFIED BY ?`, [user, password]);
      },
      age: (milliseconds) => age(pair.name, milliseconds),
      log: () => readFileSync(path.join(folder, log), 'utf8'),
    };
  });
}
