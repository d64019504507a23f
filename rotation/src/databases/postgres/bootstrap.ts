import type { SharedRoleKind, Strategy } from '@keyturn/plan';
import type { Client } from 'pg';

import { BootstrapError, type BootstrapRun } from '../../database.js';
import type { Pair } from '../../pair.js';
import { settingSql } from './settings.js';
import { layout, missingTables } from './tables.js';

/** What both users get alike. */
export interface BootstrapOptions extends BootstrapRun {
  readonly pair: Pair;
  readonly strategy: Strategy;
  readonly sharedRoleKind: SharedRoleKind;
  /** Most connections of each user; each must hold the whole fleet. Default: as it is, without limit for a new user. */
  readonly connectionLimit?: number;
  /** `postgresql.conf` settings that both users log in with, such as `search_path`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** A role that will do the rotations; it gets the rights on the journal. Default: nobody but who runs this. */
  readonly rotator?: string;
}

interface Role {
  readonly rolname: string;
  readonly rolcanlogin: boolean;
  readonly rolsuper: boolean;
  readonly rolconnlimit: number;
}

/** Generation 0, in one transaction: either all of it is there afterwards, or nothing was changed. */
export async function bootstrap(client: Client, options: BootstrapOptions): Promise<void> {
  await client.query('BEGIN');
  try {
    await client.query(`SELECT pg_advisory_xact_lock(hashtextextended('keyturn bootstrap', 0))`);
    for (const statement of await bootstrapStatements(client, options)) await client.query(statement);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

/** What is missing, as SQL; it only reads. */
export async function bootstrapStatements(client: Client, options: BootstrapOptions): Promise<string[]> {
  const { pair, strategy } = options;
  const statements = await missingTables(client);
  const known = statements.length === 0 && (await knownPair(client, pair, strategy));
  const roles = await existingRoles(client, pair);
  if (!known) refuseStrangers(options, roles);

  if (!roles.has(pair.sharedRole)) statements.push(`CREATE ROLE ${name(client, pair.sharedRole)} NOLOGIN`);
  for (const user of new Set(pair.users)) {
    if (!roles.has(user)) statements.push(`CREATE ROLE ${name(client, user)} NOLOGIN`);
    statements.push(
      ...(await join(client, options, user)),
      ...limit(client, options, user, roles.get(user)?.rolconnlimit ?? -1),
      ...(await configure(client, options, user)),
    );
  }
  if (!known) statements.push(...register(client, options, roles));
  if (options.rotator !== undefined) statements.push(...admit(name(client, options.rotator)));
  return statements;
}

interface KnownPair {
  readonly shared_role: string;
  readonly user_a: string;
  readonly user_b: string;
  readonly layout: number;
  readonly strategy: string;
}

async function knownPair(client: Client, pair: Pair, strategy: Strategy): Promise<boolean> {
  const { rows } = await client.query<KnownPair>(
    'SELECT shared_role, user_a, user_b, layout, strategy FROM keyturn.pair WHERE name = $1',
    [pair.name],
  );
  const found = rows[0];
  if (found === undefined) return false;
  if (found.layout !== layout) {
    throw new BootstrapError(
      `The journal has layout ${found.layout} and this version of keyturn works with layout ${layout}. Use one version of keyturn everywhere.`,
    );
  }
  if (found.shared_role !== pair.sharedRole || found.user_a !== pair.users[0] || found.user_b !== pair.users[1]) {
    throw new BootstrapError(
      `The pair "${pair.name}" is ${found.user_a} and ${found.user_b} over ${found.shared_role} in the journal, not ${pair.users.join(' and ')} over ${pair.sharedRole}. Give the new pair another name.`,
    );
  }
  if (found.strategy !== strategy) {
    throw new BootstrapError(
      `The pair "${pair.name}" is rotated as ${found.strategy} in the journal, not as ${strategy}. Give the new pair another name.`,
    );
  }
  return true;
}

async function existingRoles(client: Client, pair: Pair): Promise<Map<string, Role>> {
  const { rows } = await client.query<Role>(
    'SELECT rolname, rolcanlogin, rolsuper, rolconnlimit FROM pg_roles WHERE rolname = ANY ($1)',
    [[pair.sharedRole, ...pair.users]],
  );
  return new Map(rows.map((role) => [role.rolname, role]));
}

/** A role that can log in is in use by somebody until the contrary is known. */
function refuseStrangers({ pair, loginsFromStore = false }: BootstrapOptions, roles: ReadonlyMap<string, Role>): void {
  for (const role of roles.values()) {
    if (role.rolsuper) {
      throw new BootstrapError(
        `${role.rolname} is a superuser, and rights of a superuser cannot be shared. Choose another role.`,
      );
    }
    if (!role.rolcanlogin || (loginsFromStore && role.rolname !== pair.sharedRole)) continue;
    throw new BootstrapError(
      role.rolname === pair.sharedRole
        ? `${role.rolname} can log in, and a shared role must not. Run ALTER ROLE with NOLOGIN when nobody uses it, or choose another shared role.`
        : `${role.rolname} can log in already and the journal does not know it, so somebody may be using it. Choose another user name, or run ALTER ROLE with NOLOGIN when nobody uses it.`,
    );
  }
}

async function join(client: Client, { pair, sharedRoleKind }: BootstrapOptions, user: string): Promise<string[]> {
  const { rows } = await client.query<{ membership: Record<string, unknown> }>(
    `SELECT to_jsonb(m) AS membership FROM pg_auth_members m
     WHERE m.roleid = (SELECT oid FROM pg_roles WHERE rolname = $1) AND m.member = (SELECT oid FROM pg_roles WHERE rolname = $2)`,
    [pair.sharedRole, user],
  );
  const granted = (option: string): boolean => rows.some(({ membership }) => membership[option] !== false);
  if (granted('inherit_option') && (sharedRoleKind === 'grantee' || granted('set_option'))) return [];
  const options = (await versionOf(client)) >= 160_000 ? ' WITH INHERIT TRUE, SET TRUE' : '';
  return [`GRANT ${name(client, pair.sharedRole)} TO ${name(client, user)}${options}`];
}

function limit(client: Client, { connectionLimit }: BootstrapOptions, user: string, found: number): string[] {
  if (connectionLimit === undefined || connectionLimit === found) return [];
  if (!Number.isInteger(connectionLimit) || connectionLimit < -1) {
    throw new BootstrapError(`connectionLimit must be a whole number, or -1 for no limit, got ${connectionLimit}.`);
  }
  return [`ALTER ROLE ${name(client, user)} CONNECTION LIMIT ${connectionLimit}`];
}

async function configure(client: Client, options: BootstrapOptions, user: string): Promise<string[]> {
  const wanted: Record<string, string> = { ...options.settings };
  if (options.sharedRoleKind === 'owner') wanted['role'] = options.pair.sharedRole;
  const { rows } = await client.query<{ setting: string }>(
    `SELECT unnest(setconfig) AS setting FROM pg_db_role_setting
     WHERE setdatabase = 0 AND setrole = (SELECT oid FROM pg_roles WHERE rolname = $1)`,
    [user],
  );
  const found = new Set(rows.map((row) => row.setting));
  return Object.entries(wanted)
    .filter(([setting, value]) => !found.has(`${setting}=${value}`))
    .map(([setting, value]) => `ALTER ROLE ${name(client, user)} SET ${settingSql(client, `${setting}=${value}`)}`);
}

function register(client: Client, { pair, strategy }: BootstrapOptions, roles: ReadonlyMap<string, Role>): string[] {
  const text = (value: string): string => client.escapeLiteral(value);
  const names = [pair.sharedRole, ...pair.users].map(text).join(', ');
  return [
    `INSERT INTO keyturn.pair (name, layout, strategy, shared_role, user_a, user_b) VALUES (${text(pair.name)}, ${layout}, ${text(strategy)}, ${names})`,
    `INSERT INTO keyturn.journal (pair, generation, event, detail) VALUES (${text(pair.name)}, 0, 'bootstrapped', ${text(JSON.stringify({ takenOver: [...roles.keys()] }))})`,
  ];
}

function admit(rotator: string): string[] {
  return [
    `GRANT USAGE ON SCHEMA keyturn TO ${rotator}`,
    `GRANT SELECT, INSERT, UPDATE ON keyturn.pair, keyturn.journal TO ${rotator}`,
  ];
}

async function versionOf(client: Client): Promise<number> {
  const { rows } = await client.query<{ server_version_num: string }>('SHOW server_version_num');
  return Number(rows[0]?.server_version_num);
}

function name(client: Client, identifier: string): string {
  return client.escapeIdentifier(identifier);
}
