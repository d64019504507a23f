import type { Strategy } from '@keyturn/plan';

import type { Pair } from './pair.js';

/** Whose rights are asked for. */
export interface PermissionsOptions {
  readonly engine: 'postgres' | 'mysql' | 'mariadb';
  /** Of the server: `16`, `8.0`, `10.11`. */
  readonly version: string;
  readonly strategy: Exclude<Strategy, 'dynamic'>;
  readonly pair: Pair;
  /** The login that rotates; it is there, and has a password. */
  readonly rotator: string;
  /** MySQL and MariaDB: host part of the rotator. Default: `%`. */
  readonly host?: string;
  /** Amazon RDS or Aurora: with `rds.restrict_password_commands` on, passwords are for members of `rds_password` only. Default: not managed. */
  readonly managed?: 'rds';
  /** Whether the rotator ends sessions when a credential is compromised. Default: true. */
  readonly endsSessions?: boolean;
}

/** What a DBA runs once, after bootstrap, and what to know about it. */
export interface Permissions {
  /** SQL without a semicolon at the end, each to be run on its own. */
  readonly statements: readonly string[];
  /** One sentence each: what a right is for, and what works less well without it. */
  readonly notes: readonly string[];
}

/** The version has no number in front, or the strategy is not one of this engine. */
export class PermissionsError extends Error {
  override readonly name = 'PermissionsError';
}

/**
 * The rights that a rotator needs for all of its work but `bootstrap`, and no others. They are those that the tests rotate with.
 *
 * @throws PermissionsError when the version cannot be read, or the engine does not know the strategy.
 */
export function permissions(options: PermissionsOptions): Permissions {
  if (options.engine === 'postgres' && options.strategy === 'dual-password') {
    throw new PermissionsError('A user of PostgreSQL has one password. Use the strategy "dual-user".');
  }
  const version = /^\s*(\d+)(?:\.(\d+))?/.exec(options.version);
  if (version === null) {
    throw new PermissionsError(`Cannot read "${options.version}" as a version of a server. Write for example "16".`);
  }
  const [major, minor] = [Number(version[1]), Number(version[2] ?? 0)];
  return options.engine === 'postgres' ? ofPostgres(options, major) : ofMysql(options, major, minor);
}

function ofPostgres({ pair, rotator, managed, endsSessions = true }: PermissionsOptions, major: number): Permissions {
  const to = quoted(rotator, '"');
  const users = [...new Set(pair.users)].map((user) => quoted(user, '"')).join(', ');
  const statements = [
    `ALTER ROLE ${to} CREATEROLE`,
    `GRANT USAGE ON SCHEMA keyturn TO ${to}`,
    `GRANT SELECT, INSERT, UPDATE ON keyturn.pair, keyturn.journal TO ${to}`,
    `GRANT pg_read_all_stats TO ${to}`,
  ];
  const notes = [
    'pg_read_all_stats shows who still holds a credential, from where and since when; without it sessions are counted and not named.',
  ];
  if (major >= 16) {
    statements.push(`GRANT ${users} TO ${to} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE`);
    notes.push('From PostgreSQL 16 on, ADMIN OPTION is what allows to change a password; INHERIT and SET stay off.');
  } else {
    notes.push('Before PostgreSQL 16, CREATEROLE may change the password of every role that is not a superuser.');
  }
  if (endsSessions) {
    statements.push(`GRANT pg_signal_backend TO ${to}`);
    notes.push('pg_signal_backend ends the sessions of a compromised credential; without it they are listed.');
  }
  if (managed === 'rds') {
    statements.push(`GRANT rds_password TO ${to}`);
    notes.push(
      'Run these as a member of rds_superuser. rds_password is needed where rds.restrict_password_commands is on.',
    );
  }
  return { statements, notes };
}

function ofMysql(options: PermissionsOptions, major: number, minor: number): Permissions {
  const { engine, rotator, host = '%', endsSessions = true } = options;
  const to = `${quoted(rotator, "'")}@${quoted(host, "'")}`;
  const statements = [
    `GRANT CREATE USER, PROCESS ON *.* TO ${to}`,
    `GRANT SELECT ON mysql.* TO ${to}`,
    `GRANT SELECT, INSERT, UPDATE ON keyturn.* TO ${to}`,
  ];
  const notes = [
    'CREATE USER changes the password and the lock of any account; the server has no narrower right.',
    'PROCESS shows who still holds a credential; without it the server shows no sessions, and keyturn refuses to go on.',
    'SELECT on mysql.* compares the two users, and finds a second password that was forgotten.',
  ];
  if (engine === 'mysql') {
    statements.push(`GRANT SELECT ON performance_schema.* TO ${to}`);
    notes.push('performance_schema shows logins that were refused while a user was locked, and the names of programs.');
  }
  if (endsSessions) {
    const right = engine === 'mysql' ? 'CONNECTION_ADMIN' : major > 10 || minor >= 5 ? 'CONNECTION ADMIN' : 'SUPER';
    statements.push(`GRANT ${right} ON *.* TO ${to}`);
    notes.push(
      `${right} ends the sessions of a compromised credential, and what a ProxySQL keeps open for nobody; without it they are listed. Where a managed service does not let you grant it, leave it out.`,
    );
  }
  return { statements, notes };
}

function quoted(name: string, mark: '"' | "'"): string {
  const text = mark === "'" ? name.replaceAll('\\', '\\\\') : name;
  return `${mark}${text.replaceAll(mark, mark + mark)}${mark}`;
}
