import type { Client } from 'pg';

import { BootstrapError } from '../../database.js';
import type { Reversible, TakeOverOptions } from './take-over.js';

/** What the users own and what was granted to them, moved to the shared role; rights that were granted to a user stay there too. */
export async function heldRights(client: Client, options: TakeOverOptions): Promise<Reversible[]> {
  return [
    ...(await ownership(client, options)),
    ...(await grants(client, options)),
    ...(await defaults(client, options)),
    ...(await policies(client, options)),
  ];
}

/** Every object that a user owns here. A sequence that belongs to a column goes with its table. */
const owned = `
  SELECT r.rolname AS user, i.type, i.identity FROM pg_shdepend s JOIN pg_roles r ON r.oid = s.refobjid
    CROSS JOIN LATERAL pg_identify_object(s.classid, s.objid, s.objsubid) i
  WHERE s.refclassid = 'pg_authid'::regclass AND s.deptype = 'o' AND r.rolname = ANY ($1)
    AND s.dbid IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
    AND i.type <> 'default acl'
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = s.classid AND d.objid = s.objid AND d.deptype IN ('a', 'i') AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0)
  ORDER BY 1, 2, 3`;

async function ownership(client: Client, { pair, sharedRoleKind }: TakeOverOptions): Promise<Reversible[]> {
  const { rows } = await client.query<{ user: string; type: string; identity: string }>(owned, [[...pair.users]]);
  if (rows.length === 0) return [];
  if (sharedRoleKind === 'grantee') {
    const [first] = rows;
    throw new BootstrapError(
      `${first?.user ?? ''} owns ${rows.length} objects (${first?.type ?? ''} ${first?.identity ?? ''}), and over a shared role that is a grantee no user may own any. Set "sharedRoleKind" to "owner".`,
    );
  }
  const owners = pair.users.filter((user) => rows.some((row) => row.user === user));
  const shared = client.escapeIdentifier(pair.sharedRole);
  return [
    {
      sql: `REASSIGN OWNED BY ${owners.map((user) => client.escapeIdentifier(user)).join(', ')} TO ${shared}`,
      undo: rows
        .map(
          ({ user, type, identity }) =>
            `ALTER ${type.replace('composite ', '').toUpperCase()} ${identity} OWNER TO ${client.escapeIdentifier(user)}`,
        )
        .join('; '),
    },
  ];
}

/** Rights on objects of others, by the words of GRANT. */
const granted = `
  SELECT DISTINCT x.privilege_type AS privilege, o.target, x.is_grantable AS grantable FROM (
    SELECT CASE relkind WHEN 'S' THEN 'SEQUENCE ' ELSE 'TABLE ' END || c.oid::regclass AS target, relacl AS acl, relowner AS owner, NULL AS col FROM pg_class c WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
    UNION ALL SELECT 'TABLE ' || c.oid::regclass, attacl, relowner, quote_ident(attname) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid WHERE attacl IS NOT NULL AND NOT attisdropped
    UNION ALL SELECT 'SCHEMA ' || quote_ident(nspname), nspacl, nspowner, NULL FROM pg_namespace
    UNION ALL SELECT CASE prokind WHEN 'p' THEN 'PROCEDURE ' ELSE 'FUNCTION ' END || p.oid::regprocedure, proacl, proowner, NULL FROM pg_proc p WHERE proacl IS NOT NULL
    UNION ALL SELECT 'TYPE ' || t.oid::regtype, typacl, typowner, NULL FROM pg_type t WHERE typacl IS NOT NULL
    UNION ALL SELECT 'LANGUAGE ' || quote_ident(lanname), lanacl, lanowner, NULL FROM pg_language
    UNION ALL SELECT 'FOREIGN SERVER ' || quote_ident(srvname), srvacl, srvowner, NULL FROM pg_foreign_server
    UNION ALL SELECT 'DATABASE ' || quote_ident(datname), datacl, datdba, NULL FROM pg_database
    UNION ALL SELECT 'TABLESPACE ' || quote_ident(spcname), spcacl, spcowner, NULL FROM pg_tablespace
  ) AS all_objects (target, acl, owner, col)
  CROSS JOIN LATERAL aclexplode(acl) x
  CROSS JOIN LATERAL (SELECT target, col) o
  JOIN pg_roles g ON g.oid = x.grantee
  WHERE g.rolname = ANY ($1) AND NOT (pg_get_userbyid(owner) = ANY ($1))
`;

async function grants(client: Client, { pair }: TakeOverOptions): Promise<Reversible[]> {
  const sql = granted
    .replace('x.privilege_type AS privilege', `x.privilege_type || coalesce(' (' || o.col || ')', '') AS privilege`)
    .concat(' ORDER BY 2, 1');
  const { rows } = await client.query<{ privilege: string; target: string; grantable: boolean }>(sql, [
    [...pair.users],
  ]);
  const shared = client.escapeIdentifier(pair.sharedRole);
  return rows.map(({ privilege, target, grantable }) => ({
    sql: `GRANT ${privilege} ON ${target} TO ${shared}${grantable ? ' WITH GRANT OPTION' : ''}`,
    undo: `REVOKE ${privilege} ON ${target} FROM ${shared}`,
  }));
}

const kinds = `CASE d.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'FUNCTIONS' WHEN 'T' THEN 'TYPES' WHEN 'n' THEN 'SCHEMAS' END`;

/** Default privileges that a user gives away for what it makes, and those that others give to a user. */
const defaulted = `
  SELECT o.rolname AS owner, n.nspname AS schema, ${kinds} AS kind, x.privilege_type AS privilege, x.is_grantable AS grantable,
         CASE WHEN x.grantee = 0 THEN NULL ELSE pg_get_userbyid(x.grantee) END AS grantee
  FROM pg_default_acl d JOIN pg_roles o ON o.oid = d.defaclrole LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace
    CROSS JOIN LATERAL aclexplode(d.defaclacl) x
  WHERE x.grantee <> d.defaclrole AND ${kinds} IS NOT NULL AND (o.rolname = ANY ($1) OR pg_get_userbyid(x.grantee) = ANY ($1))
    AND NOT (x.grantee = 0 AND d.defaclnamespace = 0 AND d.defaclobjtype IN ('f', 'T'))
  ORDER BY 1, 2 NULLS FIRST, 3, 4`;

async function defaults(client: Client, { pair }: TakeOverOptions): Promise<Reversible[]> {
  const { rows } = await client.query<{
    owner: string;
    schema: string | null;
    kind: string;
    privilege: string;
    grantable: boolean;
    grantee: string | null;
  }>(defaulted, [[...pair.users]]);
  const id = (name: string): string => client.escapeIdentifier(name);
  const ours = (name: string): boolean => pair.users.includes(name);
  return rows.flatMap((row) => {
    const alter = (owner: string, grantee: string | null, give: boolean): string =>
      `ALTER DEFAULT PRIVILEGES FOR ROLE ${id(owner)}${row.schema === null ? '' : ` IN SCHEMA ${id(row.schema)}`} ` +
      `${give ? 'GRANT' : 'REVOKE'} ${row.privilege} ON ${row.kind} ${give ? 'TO' : 'FROM'} ${grantee === null ? 'PUBLIC' : id(grantee)}` +
      (give && row.grantable ? ' WITH GRANT OPTION' : '');
    const owner = ours(row.owner) ? pair.sharedRole : row.owner;
    const grantee = row.grantee !== null && ours(row.grantee) ? pair.sharedRole : row.grantee;
    const give = { sql: alter(owner, grantee, true), undo: alter(owner, grantee, false) };
    const take = { sql: alter(row.owner, row.grantee, false), undo: alter(row.owner, row.grantee, true) };
    // What the shared role makes is its own already.
    return owner === grantee ? [take] : [give, take];
  });
}

/** Row security that names a user: at login the user becomes the shared role, which has to be named too. */
async function policies(client: Client, { pair }: TakeOverOptions): Promise<Reversible[]> {
  const { rows } = await client.query<{ policy: string; table: string; roles: string[] }>(
    `SELECT quote_ident(p.polname) AS policy, p.polrelid::regclass::text AS table,
            ARRAY(SELECT rolname::text FROM pg_roles WHERE oid = ANY (p.polroles) ORDER BY 1) AS roles
     FROM pg_policy p WHERE EXISTS (SELECT FROM pg_roles WHERE oid = ANY (p.polroles) AND rolname = ANY ($1))
       AND NOT EXISTS (SELECT FROM pg_roles WHERE oid = ANY (p.polroles) AND rolname = $2)`,
    [[...pair.users], pair.sharedRole],
  );
  const to = (roles: readonly string[]): string => roles.map((role) => client.escapeIdentifier(role)).join(', ');
  return rows.map(({ policy, table, roles }) => ({
    sql: `ALTER POLICY ${policy} ON ${table} TO ${to([...roles, pair.sharedRole])}`,
    undo: `ALTER POLICY ${policy} ON ${table} TO ${to(roles)}`,
  }));
}
