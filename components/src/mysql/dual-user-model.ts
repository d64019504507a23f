import { dualUsersOf, type DualUsers } from '@keyturn/plan';

import { type Connections, connectionLimitOf } from '../connection-limit.js';
import type { Part } from '../part.js';
import { mysqlStatementsFor } from './statements.js';

/** Which of the two servers. They differ in how long names may be, and in who can give rights: see {@link MysqlDualUserModel}. */
export type MysqlFlavour = 'mysql' | 'mariadb';

/** Privileges on one database, or on one table of it. */
export interface MysqlRight {
  readonly database: string;
  /** Default: every table, now and later. */
  readonly table?: string;
  /** Default: read and write rows. */
  readonly privileges?: readonly string[];
}

export const defaultMysqlPrivileges = ['SELECT', 'INSERT', 'UPDATE', 'DELETE'] as const;

/** Longest user name: 32 characters on MySQL, 128 on MariaDB from 10.4. */
export const longestMysqlName: Readonly<Record<MysqlFlavour, number>> = { mysql: 32, mariadb: 128 };

/** Where the users may come from and how; the engine's bootstrap makes them so. */
export interface MysqlUserSettings {
  /** Host part of both users. Default: `%`. */
  readonly host?: string;
  /** Whether they may log in over TLS only. Default: true. */
  readonly requireTls?: boolean;
}

/** What decides about role, rights and users, and nothing else. */
export interface MysqlModelArgs {
  /** Name of the pair and of its shared role; the users are `<pair>_a` and `<pair>_b`. */
  readonly pair: string;
  readonly engine: MysqlFlavour;
  /** What the shared role may do. */
  readonly rights: readonly MysqlRight[];
  readonly connections: Connections;
  readonly users?: MysqlUserSettings;
  /** Whether the server runs with `partial_revokes`, which takes `_` in the name of a database as it is. Default: false. */
  readonly partialRevokes?: boolean;
}

export interface MysqlRoleInputs {
  readonly name: string;
}

export interface MysqlGrantInputs {
  readonly role: string;
  readonly database: string;
  readonly table: string;
  readonly privileges: string[];
}

/** What the engine's `bootstrap` is given to make the users, which `@pulumi/mysql` could only make with the empty password. */
export interface MysqlBootstrap {
  readonly pair: DualUsers & { readonly name: string };
  readonly host: string;
  readonly requireTls: boolean;
  readonly connectionLimit: number;
}

export interface MysqlDualUserModel {
  readonly sharedRole: Part<MysqlRoleInputs>;
  /** Empty on MariaDB: there `@pulumi/mysql` asks for `innodb_version`, which is gone (seen with 3.3 on MariaDB 11.8). */
  readonly grants: readonly Part<MysqlGrantInputs>[];
  /** The same rights as statements, on MariaDB, for an administrator to run. */
  readonly statements: readonly string[];
  readonly bootstrap: MysqlBootstrap;
}

/** A right that the server would not take, or would take for more than was meant. */
export class RightError extends Error {
  override readonly name = 'RightError';
}

/**
 * The model of a pair on MySQL or MariaDB, as plain data.
 *
 * @throws NameError when a user name is longer than the server allows.
 * @throws RightError when there is no right, or one is not a list of privileges.
 * @throws ConnectionLimitError when both users together do not fit the server.
 */
export function mysqlDualUserModel(args: MysqlModelArgs): MysqlDualUserModel {
  const { pair: name, engine, rights, connections, users = {}, partialRevokes = false } = args;
  const pair = { name, ...dualUsersOf(name, longestMysqlName[engine]) };
  if (rights.length === 0) {
    throw new RightError('`rights` is empty, so neither user could do anything. Name at least one database.');
  }
  const grants = rights.map((right) => grantOf(pair.sharedRole, right, partialRevokes));
  return {
    sharedRole: { part: 'shared-role', inputs: { name: pair.sharedRole } },
    ...(engine === 'mysql'
      ? { grants, statements: [] }
      : {
          grants: [],
          statements: mysqlStatementsFor(
            grants.map(({ inputs }) => ({ type: 'mysql:index/grant:Grant', inputs: { ...inputs } })),
          ),
        }),
    bootstrap: {
      pair,
      host: users.host ?? '%',
      requireTls: users.requireTls ?? true,
      connectionLimit: connectionLimitOf(connections),
    },
  };
}

function grantOf(
  role: string,
  { database, table, privileges = defaultMysqlPrivileges }: MysqlRight,
  partialRevokes: boolean,
): Part<MysqlGrantInputs> {
  if (database === '*' || database === '') {
    throw new RightError(
      `\`rights\` names the database "${database}". Name one database; a right on all of them reaches the accounts.`,
    );
  }
  const wrong = privileges.find((privilege) => !/^[A-Za-z][A-Za-z ]*$/.test(privilege));
  if (privileges.length === 0 || wrong !== undefined || privileges.some((word) => /GRANT OPTION/i.test(word))) {
    throw new RightError(
      `The privileges on "${database}" are "${privileges.join(', ')}". Write words such as SELECT or ALL PRIVILEGES; GRANT OPTION is not for applications.`,
    );
  }
  return {
    part: table === undefined ? `rights-${database}` : `rights-${database}-${table}`,
    inputs: {
      role,
      // In the name of a whole database, `_` and `%` stand for any character, and `shop_eu` would let into `shopXeu` too.
      database: table === undefined && !partialRevokes ? database.replaceAll(/[_%]/g, String.raw`\$&`) : database,
      table: table ?? '*',
      privileges: privileges.map((word) => word.toUpperCase()),
    },
  };
}
