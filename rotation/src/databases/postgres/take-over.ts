import type { SharedRoleKind } from '@keyturn/plan';
import type { Client } from 'pg';

import { BootstrapError, type Existing, type TakeOver } from '../../database.js';
import type { Pair } from '../../pair.js';
import { parityOf } from './parity.js';
import { heldRights } from './held-rights.js';
import { settingSql } from './settings.js';
import { layout, missingTables } from './tables.js';

export interface TakeOverOptions {
  readonly pair: Pair;
  readonly sharedRoleKind: SharedRoleKind;
}

interface Role {
  readonly rolname: string;
  readonly rolcanlogin: boolean;
  readonly rolsuper: boolean;
  readonly attributes: string;
}

/** A statement, and what takes it back. */
export interface Reversible {
  readonly sql: string;
  readonly undo?: string;
}

/** What is needed for both users to work over the shared role, as SQL; it only reads. */
export async function planTakeOver(client: Client, options: TakeOverOptions, existing: Existing): Promise<TakeOver> {
  const { pair } = options;
  const steps: Reversible[] = (await missingTables(client)).map((sql) => ({ sql }));
  const roles = await rolesOf(client, pair);
  const other = pair.users.find((user) => user !== existing.published.user) ?? '';
  refuse(pair, roles, existing.published.user);
  const otherLogsIn = roles.get(other)?.rolcanlogin === true;
  const model = await modelOf(client, pair, existing.published.user);
  const rest = model === pair.users[0] ? pair.users[1] : pair.users[0];

  for (const role of [pair.sharedRole, other]) {
    if (!roles.has(role))
      steps.push({ sql: `CREATE ROLE ${id(client, role)} NOLOGIN`, undo: `DROP ROLE ${id(client, role)}` });
  }
  const [like, is] = [roles.get(model)?.attributes ?? '', roles.get(rest)?.attributes ?? newRole];
  if (like !== is) {
    steps.push({
      sql: `ALTER ROLE ${id(client, rest)} ${like}`,
      ...(roles.has(rest) && { undo: `ALTER ROLE ${id(client, rest)} ${is}` }),
    });
  }
  steps.push(...(await memberships(client, options)), ...(await settings(client, options, model, rest)));
  steps.push(...(await heldRights(client, options)));
  return {
    statements: [...steps.map(({ sql }) => sql), ...record(client, pair, existing, otherLogsIn ? other : undefined)],
    atomic: true,
    undo: undoOf(client, pair, steps),
    warnings: await warningsOf(client, pair),
  };
}

/**
 * Carries a plan out in one transaction, and proves in it that the users can do the same; else nothing is changed.
 *
 * @throws BootstrapError when they would differ still.
 */
export async function takeOver(client: Client, options: TakeOverOptions, existing: Existing): Promise<TakeOver> {
  await client.query('BEGIN');
  try {
    await client.query(`SELECT pg_advisory_xact_lock(hashtextextended('keyturn bootstrap', 0))`);
    const plan = await planTakeOver(client, options, existing);
    for (const statement of plan.statements) await client.query(statement);
    await client.query(
      `UPDATE keyturn.journal SET detail = detail || jsonb_build_object('undo', $2::jsonb) WHERE pair = $1 AND event = 'adopted'`,
      [options.pair.name, JSON.stringify(plan.undo)],
    );
    const differences = await parityOf(client, options.pair);
    if (differences.length > 0) {
      throw new BootstrapError(
        `${options.pair.users.join(' and ')} would still differ, so nothing was changed: ${differences.join('; ')}. Mend that, and run it again.`,
      );
    }
    await client.query('COMMIT');
    return plan;
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

/**
 * Takes a take-over back, as long as nothing was rotated since.
 *
 * @throws BootstrapError when there is none, or something was rotated since.
 */
export async function undoTakeOver(client: Client, pair: Pair, apply: boolean): Promise<readonly string[]> {
  await client.query('BEGIN');
  try {
    const { rows } = await client.query<{ undo: string[] | null; last: string }>(
      `SELECT detail->'undo' AS undo, (SELECT event FROM keyturn.journal WHERE pair = $1 ORDER BY id DESC LIMIT 1) AS last
       FROM keyturn.journal WHERE pair = $1 AND event = 'adopted' AND detail ? 'undo' ORDER BY id DESC LIMIT 1`,
      [pair.name],
    );
    const [found] = rows;
    if (found?.undo === null || found === undefined)
      throw new BootstrapError(`The journal knows no take-over of ${pair.name}, so there is nothing to take back.`);
    if (found.last !== 'adopted') {
      throw new BootstrapError(
        `${pair.name} was rotated since it was taken over ("${found.last}" is the last line of its journal), so it cannot be taken back.`,
      );
    }
    if (apply) for (const statement of found.undo) await client.query(statement);
    await client.query('COMMIT');
    return found.undo;
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

const attributesSql = `concat_ws(' ',
  CASE WHEN rolinherit THEN 'INHERIT' ELSE 'NOINHERIT' END, CASE WHEN rolcreatedb THEN 'CREATEDB' ELSE 'NOCREATEDB' END,
  CASE WHEN rolcreaterole THEN 'CREATEROLE' ELSE 'NOCREATEROLE' END,
  CASE WHEN rolreplication THEN 'REPLICATION' END, CASE WHEN rolbypassrls THEN 'BYPASSRLS' END,
  'CONNECTION LIMIT ' || rolconnlimit, CASE WHEN rolvaliduntil IS NOT NULL THEN 'VALID UNTIL ' || quote_literal(rolvaliduntil) END)`;

const newRole = 'INHERIT NOCREATEDB NOCREATEROLE CONNECTION LIMIT -1';

async function rolesOf(client: Client, pair: Pair): Promise<Map<string, Role>> {
  const { rows } = await client.query<Role>(
    `SELECT rolname, rolcanlogin, rolsuper, ${attributesSql} AS attributes FROM pg_roles WHERE rolname = ANY ($1)`,
    [[pair.sharedRole, ...pair.users]],
  );
  return new Map(rows.map((role) => [role.rolname, role]));
}

function refuse(pair: Pair, roles: ReadonlyMap<string, Role>, published: string): void {
  for (const { rolname, rolsuper } of roles.values()) {
    if (rolsuper) {
      throw new BootstrapError(
        `${rolname} is a superuser, and rights of a superuser cannot be shared. Give applications a user of their own first.`,
      );
    }
  }
  if (roles.get(published)?.rolcanlogin !== true) {
    throw new BootstrapError(`${published} is published and cannot log in here, so there is nothing to take over.`);
  }
  if (roles.get(pair.sharedRole)?.rolcanlogin === true) {
    throw new BootstrapError(
      `${pair.sharedRole} can log in, and a shared role must not. Set "sharedRole" to a name that is not a user, such as "${pair.sharedRole}_owner".`,
    );
  }
}

/** The user that the other one is made like: in the layout of AWS the clone is a member of it; else the published one. */
async function modelOf(client: Client, pair: Pair, published: string): Promise<string> {
  const { rows } = await client.query<{ role: string }>(mutualSql, [[...pair.users]]);
  return rows[0]?.role ?? published;
}

const mutualSql = `SELECT g.rolname AS role, u.rolname AS member FROM pg_auth_members m
  JOIN pg_roles g ON g.oid = m.roleid JOIN pg_roles u ON u.oid = m.member
  WHERE g.rolname = ANY ($1) AND u.rolname = ANY ($1)`;

async function memberships(client: Client, { pair, sharedRoleKind }: TakeOverOptions): Promise<Reversible[]> {
  const shared = id(client, pair.sharedRole);
  const { rows: version } = await client.query<{ new: boolean }>(
    `SELECT current_setting('server_version_num')::int >= 160000 AS new`,
  );
  const how = version[0]?.new === true ? ' WITH INHERIT TRUE, SET TRUE' : '';
  const steps: Reversible[] = pair.users.map((user) => ({
    sql: `GRANT ${shared} TO ${id(client, user)}${how}`,
    undo: `REVOKE ${shared} FROM ${id(client, user)}`,
  }));
  const { rows: mutual } = await client.query<{ role: string; member: string }>(mutualSql, [[...pair.users]]);
  for (const { role, member } of mutual) {
    const [granted, to] = [id(client, role), id(client, member)];
    steps.push({ sql: `REVOKE ${granted} FROM ${to}`, undo: `GRANT ${granted} TO ${to}` });
  }
  const { rows: others } = await client.query<{ role: string; member: string; admin: boolean }>(
    `SELECT g.rolname AS role, u.rolname AS member, bool_or(m.admin_option) AS admin FROM pg_auth_members m
     JOIN pg_roles g ON g.oid = m.roleid JOIN pg_roles u ON u.oid = m.member
     WHERE u.rolname = ANY ($1) AND NOT (g.rolname = ANY ($1)) AND g.rolname <> $2 GROUP BY 1, 2 ORDER BY 1, 2`,
    [[...pair.users], pair.sharedRole],
  );
  for (const { role, member, admin } of others) {
    const option = admin ? ' WITH ADMIN OPTION' : '';
    steps.push(
      { sql: `GRANT ${id(client, role)} TO ${shared}${option}`, undo: `REVOKE ${id(client, role)} FROM ${shared}` },
      {
        sql: `REVOKE ${id(client, role)} FROM ${id(client, member)}`,
        undo: `GRANT ${id(client, role)} TO ${id(client, member)}${option}`,
      },
    );
  }
  if (sharedRoleKind === 'owner') {
    for (const user of pair.users) {
      steps.push({
        sql: `ALTER ROLE ${id(client, user)} SET role TO ${client.escapeLiteral(pair.sharedRole)}`,
        undo: `ALTER ROLE ${id(client, user)} RESET role`,
      });
    }
  }
  return steps;
}

async function settings(client: Client, { pair }: TakeOverOptions, model: string, rest: string): Promise<Reversible[]> {
  const { rows } = await client.query<{ user: string; database: string | null; setting: string }>(
    `SELECT r.rolname AS user, d.datname AS database, s.setting FROM pg_db_role_setting c JOIN pg_roles r ON r.oid = c.setrole
       LEFT JOIN pg_database d ON d.oid = c.setdatabase CROSS JOIN LATERAL unnest(c.setconfig) AS s (setting)
     WHERE r.rolname = ANY ($1) AND s.setting NOT LIKE 'role=%' ORDER BY 1, 2, 3`,
    [[...pair.users]],
  );
  const key = (row: (typeof rows)[number]): string => `${row.database ?? ''}\0${row.setting}`;
  const has = (user: string): Map<string, (typeof rows)[number]> =>
    new Map(rows.filter((row) => row.user === user).map((row) => [key(row), row]));
  const [wanted, found] = [has(model), has(rest)];
  const alter = (database: string | null, what: string): string =>
    `ALTER ROLE ${id(client, rest)}${database === null ? '' : ` IN DATABASE ${id(client, database)}`} ${what}`;
  const set = ({ database, setting }: (typeof rows)[number]): string =>
    alter(database, `SET ${settingSql(client, setting)}`);
  const reset = ({ database, setting }: (typeof rows)[number]): string =>
    alter(database, `RESET ${id(client, setting.slice(0, setting.indexOf('=')))}`);
  return [
    ...[...found].filter(([name]) => !wanted.has(name)).map(([, row]) => ({ sql: reset(row), undo: set(row) })),
    ...[...wanted].filter(([name]) => !found.has(name)).map(([, row]) => ({ sql: set(row), undo: reset(row) })),
  ];
}

/** The pair, as it is found: one user published, and the other superseded from now on when it can log in. */
function record(
  client: Client,
  pair: Pair,
  { published, previous }: Existing,
  superseded: string | undefined,
): string[] {
  const text = (value: string | undefined): string => (value === undefined ? 'NULL' : client.escapeLiteral(value));
  const version = previous?.user === superseded ? previous?.version : undefined;
  const columns = `name, layout, shared_role, user_a, user_b, generation, published_user, published_version, published_generation, published_at`;
  const values = `${text(pair.name)}, ${layout}, ${text(pair.sharedRole)}, ${text(pair.users[0])}, ${text(pair.users[1])}, ${published.generation}, ${text(published.user)}, ${text(published.version)}, ${published.generation}, clock_timestamp()`;
  const more =
    superseded === undefined
      ? { columns: '', values: '' }
      : {
          columns: ', superseded_user, superseded_version, superseded_generation, superseded_at, superseded_phase',
          values: `, ${text(superseded)}, ${text(version)}, ${previous?.generation ?? 0}, clock_timestamp(), 'usable'`,
        };
  return [
    `INSERT INTO keyturn.pair (${columns}${more.columns}) VALUES (${values}${more.values})`,
    `INSERT INTO keyturn.journal (pair, generation, event, username, version, detail) VALUES (${text(pair.name)}, ${published.generation}, 'adopted', ${text(published.user)}, ${text(published.version)}, '{"because": "taken over"}')`,
  ];
}

function undoOf(client: Client, pair: Pair, steps: readonly Reversible[]): string[] {
  return [
    ...steps.toReversed().flatMap(({ undo }) => undo ?? []),
    `DELETE FROM keyturn.journal WHERE pair = ${client.escapeLiteral(pair.name)}`,
    `DELETE FROM keyturn.pair WHERE name = ${client.escapeLiteral(pair.name)}`,
  ];
}

/** What no statement here can mend. */
async function warningsOf(client: Client, pair: Pair): Promise<string[]> {
  const { rows } = await client.query<{ says: string }>(
    `SELECT format('%s has a user mapping for the foreign server %s. It holds a password, so make one for %s and the other user yourself.', usename, srvname, $2::text) AS says
       FROM pg_user_mappings WHERE usename = ANY ($1)
     UNION ALL
     SELECT format('%s owns objects in database %s. Run there: REASSIGN OWNED BY %I TO %I', r.rolname, d.datname, r.rolname, $2::text)
       FROM pg_shdepend s JOIN pg_roles r ON r.oid = s.refobjid JOIN pg_database d ON d.oid = s.dbid
       WHERE s.refclassid = 'pg_authid'::regclass AND s.deptype = 'o' AND r.rolname = ANY ($1) AND d.datname <> current_database()
       GROUP BY r.rolname, d.datname`,
    [[...pair.users], pair.sharedRole],
  );
  return rows.map(({ says }) => says);
}

function id(client: Client, name: string): string {
  return client.escapeIdentifier(name);
}
