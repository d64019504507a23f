import type { Pair } from '@keyturn/rotation';
import { MysqlDatabase } from '@keyturn/rotation/mysql';
import { startMariadb, startMysql } from '@keyturn/services';

import { startLoginWire } from '../../wire/login-wire.js';
import { MysqlLogin } from '../../wire/mysql-login.js';
import { type RehearsalDatabase, setupFailed, unusable } from '../database.js';
import { serverOf } from '../database-url.js';
import { type DatabaseKind, RehearsalUsageError } from '../options.js';
import { ask, type MysqlAdministrator, MysqlSessions } from './mysql-client.js';

export type MysqlKind = Exclude<DatabaseKind, 'postgres'>;

const titles = { mysql: 'MySQL', mariadb: 'MariaDB' } as const;
const oldest = { mysql: [8, 0], mariadb: [10, 4] } as const;

/**
 * @throws RehearsalUsageError when the driver is not installed, or the server that was named cannot be used.
 * @throws PartMissing when a server of the run's own cannot be had.
 */
export async function openMysql(
  kind: MysqlKind,
  pair: Pair,
  url: string | undefined,
  connections: number,
): Promise<RehearsalDatabase> {
  return url === undefined ? await onOwnServer(kind, pair, connections) : await onNamedServer(kind, pair, url);
}

async function onOwnServer(kind: MysqlKind, pair: Pair, connections: number): Promise<RehearsalDatabase> {
  // Clients that would rather encrypt speak clear text to a server that cannot, and only then their logins are seen.
  const settings = { 'max-connections': Math.max(150, connections), 'max-connect-errors': 1_000_000, ssl: 0 };
  const server = await (kind === 'mysql' ? startMysql : startMariadb)({ settings });
  const { host, port, superuser: user, superuserPassword: password } = server;
  const administrator = { host, port, user, password };
  try {
    await ask(administrator, `CREATE DATABASE ${pair.name}`);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return {
    ...databaseOf(kind, pair, administrator),
    restart: async () => await server.restart(),
    end: async () => await server.stop(),
  };
}

async function onNamedServer(kind: MysqlKind, pair: Pair, url: string): Promise<RehearsalDatabase> {
  const { host, port, user, password } = serverOf(url, 3306);
  const administrator = { host, port, user, password };
  const at = `${host}:${port}`;
  const [row] = await ask(administrator, 'SELECT VERSION() AS version').catch((cause: unknown) => {
    throw unusable(administrator, cause);
  });
  checkVersion(kind, String(row?.['version'] ?? ''), at);
  await ask(administrator, `CREATE DATABASE ${pair.name}`).catch((cause: unknown) => {
    throw unusable(administrator, cause);
  });
  return {
    ...databaseOf(kind, pair, administrator),
    end: async () => await clean(kind, pair, administrator),
  };
}

function checkVersion(kind: MysqlKind, version: string, at: string): void {
  const found = /mariadb/i.test(version) ? 'mariadb' : 'mysql';
  if (found !== kind) {
    throw new RehearsalUsageError(
      `The server at ${at} is ${titles[found]} ${version}, and ${titles[kind]} was asked for. Say --database ${found}.`,
    );
  }
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  const [leastMajor, leastMinor] = oldest[kind];
  if (major < leastMajor || (major === leastMajor && minor < leastMinor)) {
    throw new RehearsalUsageError(
      `The server at ${at} is ${titles[kind]} ${version}, which has no default roles or account locks. A rehearsal needs ${titles[kind]} ${oldest[kind].join('.')} or newer.`,
    );
  }
}

/** Leaves nothing of the run; the journal stays when it keeps pairs of others. */
async function clean(kind: MysqlKind, pair: Pair, administrator: MysqlAdministrator): Promise<void> {
  await ask(administrator, `DROP DATABASE IF EXISTS ${pair.name}`);
  for (const user of new Set(pair.users)) await ask(administrator, `DROP USER IF EXISTS ${user}@'%'`);
  await ask(administrator, `DROP ROLE IF EXISTS ${pair.sharedRole}`);
  const [journal] = await ask(
    administrator,
    `SELECT 1 AS found FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'keyturn' AND TABLE_NAME = 'pair'`,
  );
  if (!journal) return;
  await ask(administrator, 'DELETE FROM keyturn.journal WHERE pair = ?; DELETE FROM keyturn.pair WHERE name = ?', [
    pair.name,
    pair.name,
  ]);
  const [other] = await ask(administrator, 'SELECT 1 AS found FROM keyturn.pair LIMIT 1');
  if (!other) await ask(administrator, 'DROP DATABASE keyturn');
}

function databaseOf(kind: MysqlKind, pair: Pair, administrator: MysqlAdministrator): Omit<RehearsalDatabase, 'end'> {
  const { host, port, user, password } = administrator;
  const { name, users, sharedRole } = pair;
  return {
    address: { kind, host, port, database: name },
    pair,
    engine: () =>
      new MysqlDatabase({
        endpoints: [{ name: 'writer', kind: 'writer', host, port, database: name, tls: false }],
        admin: { user, password },
        pair,
        strategy: users[0] === users[1] ? 'dual-password' : 'dual-user',
      }),
    sessions: () => new MysqlSessions(administrator, users),
    startWire: async (key) => await startLoginWire(administrator, (onEnd) => new MysqlLogin(onEnd), key),
    createUser: async (secret) => {
      await ask(
        administrator,
        `CREATE ROLE ${sharedRole}; CREATE USER ${users[0]}@'%' IDENTIFIED BY ?; GRANT ${sharedRole} TO ${users[0]}@'%';
        SET DEFAULT ROLE ${sharedRole} ${kind === 'mysql' ? 'TO' : 'FOR'} ${users[0]}@'%'`,
        [secret],
      );
    },
    changePassword: async (secret) => {
      await ask(administrator, `ALTER USER ${users[0]}@'%' IDENTIFIED BY ?`, [secret]);
    },
    furnish: async (setup) => {
      await ask(administrator, `GRANT ALL ON ${name}.* TO ${sharedRole}`);
      if (setup === undefined) return;
      if (/^\s*DELIMITER\s/im.test(setup)) {
        throw new RehearsalUsageError(
          'The setup has DELIMITER, which is a command of the program mysql and not SQL. Leave it out, and give one body of a routine as one statement.',
        );
      }
      await ask({ ...administrator, database: name }, setup).catch((cause: unknown) => {
        throw setupFailed(cause);
      });
    },
  };
}
