import type { Client } from 'pg';

import type { Pair } from '../../pair.js';

/**
 * Each returns one row per difference between the users $1 and $2, as text. Rights are compared as they work in the end, whatever grant they
 * come from.
 */
const differences = {
  tables: `
    SELECT format('%s on table %I.%I', p.name, n.nspname, c.relname) AS what,
           has_table_privilege($1::name, c.oid, p.name) AS first, has_table_privilege($2::name, c.oid, p.name) AS second
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) AS p (name)
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^pg_(toast|temp)'`,
  columns: `
    SELECT format('%s on column %I.%I.%I', p.name, n.nspname, c.relname, a.attname) AS what,
           has_column_privilege($1::name, c.oid, a.attnum, p.name) AS first, has_column_privilege($2::name, c.oid, a.attnum, p.name) AS second
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
      CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'REFERENCES']) AS p (name)
    WHERE a.attacl IS NOT NULL AND NOT a.attisdropped`,
  sequences: `
    SELECT format('%s on sequence %I.%I', p.name, n.nspname, c.relname) AS what,
           has_sequence_privilege($1::name, c.oid, p.name) AS first, has_sequence_privilege($2::name, c.oid, p.name) AS second
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace CROSS JOIN unnest(ARRAY['USAGE', 'SELECT', 'UPDATE']) AS p (name)
    WHERE c.relkind = 'S' AND n.nspname !~ '^pg_temp'`,
  schemas: `
    SELECT format('%s on schema %I', p.name, n.nspname) AS what,
           has_schema_privilege($1::name, n.oid, p.name) AS first, has_schema_privilege($2::name, n.oid, p.name) AS second
    FROM pg_namespace n CROSS JOIN unnest(ARRAY['USAGE', 'CREATE']) AS p (name)
    WHERE n.nspname !~ '^pg_(toast|temp)'`,
  functions: `
    SELECT format('EXECUTE on %s', f.oid::regprocedure) AS what,
           has_function_privilege($1::name, f.oid, 'EXECUTE') AS first, has_function_privilege($2::name, f.oid, 'EXECUTE') AS second
    FROM pg_proc f WHERE f.proacl IS NOT NULL`,
  databases: `
    SELECT format('%s on database %I', p.name, d.datname) AS what,
           has_database_privilege($1::name, d.oid, p.name) AS first, has_database_privilege($2::name, d.oid, p.name) AS second
    FROM pg_database d CROSS JOIN unnest(ARRAY['CONNECT', 'CREATE', 'TEMPORARY']) AS p (name)`,
  memberships: `
    SELECT format('membership in %I with %s', g.rolname, o.options) AS what, bool_or(u.rolname = $1) AS first, bool_or(u.rolname = $2) AS second
    FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid JOIN pg_roles u ON u.oid = m.member
      CROSS JOIN LATERAL (SELECT (to_jsonb(m) - '{oid,roleid,member,grantor}'::text[])::text AS options) o
    WHERE u.rolname IN ($1, $2) GROUP BY 1`,
  attributes: `
    SELECT format('%s is %s', e.key, e.value) AS what, bool_or(r.rolname = $1) AS first, bool_or(r.rolname = $2) AS second
    FROM pg_roles r CROSS JOIN LATERAL jsonb_each_text(jsonb_build_object(
      'superuser', r.rolsuper, 'inherit', r.rolinherit, 'createrole', r.rolcreaterole, 'createdb', r.rolcreatedb, 'replication', r.rolreplication,
      'bypassrls', r.rolbypassrls, 'connection limit', r.rolconnlimit, 'valid until', coalesce(r.rolvaliduntil, 'infinity'))) e
    WHERE r.rolname IN ($1, $2) GROUP BY 1`,
  settings: `
    SELECT format('setting %s%s', s.setting, coalesce(' in database ' || d.datname, '')) AS what,
           bool_or(r.rolname = $1) AS first, bool_or(r.rolname = $2) AS second
    FROM pg_db_role_setting c JOIN pg_roles r ON r.oid = c.setrole LEFT JOIN pg_database d ON d.oid = c.setdatabase
      CROSS JOIN LATERAL unnest(c.setconfig) AS s (setting)
    WHERE r.rolname IN ($1, $2) GROUP BY 1`,
  'default privileges': `
    SELECT format('default %s on %s of %I%s', x.privilege_type,
             CASE d.defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences' WHEN 'f' THEN 'functions' WHEN 'T' THEN 'types' WHEN 'n' THEN 'schemas' ELSE 'objects' END,
             o.rolname, coalesce(' in schema ' || n.nspname, '')) AS what,
           bool_or(g.rolname = $1) AS first, bool_or(g.rolname = $2) AS second
    FROM pg_default_acl d CROSS JOIN LATERAL aclexplode(d.defaclacl) x JOIN pg_roles o ON o.oid = d.defaclrole
      JOIN pg_roles g ON g.oid = x.grantee LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace
    WHERE g.rolname IN ($1, $2) AND o.rolname NOT IN ($1, $2) GROUP BY 1`,
} as const;

/** Default privileges follow the role that makes an object; the users make objects as the shared role, so theirs never apply. */
const strayDefaults = `
  SELECT DISTINCT r.rolname AS user FROM pg_default_acl d JOIN pg_roles r ON r.oid = d.defaclrole WHERE r.rolname IN ($1, $2)`;

/** What one user owns, the other cannot alter. */
const owned = `
  SELECT r.rolname AS user, CASE WHEN s.dbid IN (0, d.oid) THEN (SELECT i.type || ' ' || i.identity FROM pg_identify_object(s.classid, s.objid, s.objsubid) i) ELSE 'an object in another database' END AS object
  FROM pg_shdepend s JOIN pg_roles r ON r.oid = s.refobjid CROSS JOIN (SELECT oid FROM pg_database WHERE datname = current_database()) d
  WHERE s.refclassid = 'pg_authid'::regclass AND s.deptype = 'o' AND r.rolname IN ($1, $2) ORDER BY 1, 2`;

const listed = 20;

/** One sentence per difference between the two users; empty when they can do the same. */
export async function parityOf(client: Client, pair: Pair): Promise<string[]> {
  const [a, b] = pair.users;
  const sentences: string[] = [];
  for (const [kind, sql] of Object.entries(differences)) {
    const { rows } = await client.query<{ what: string; first: boolean | null }>(
      `SELECT * FROM (${sql}) AS compared WHERE first IS DISTINCT FROM second ORDER BY what LIMIT ${listed + 1}`,
      [a, b],
    );
    for (const row of rows.slice(0, listed)) {
      const [has, lacks] = row.first === true ? [a, b] : [b, a];
      sentences.push(`${has} has ${row.what} and ${lacks} has not`);
    }
    if (rows.length > listed) sentences.push(`there are more differences in ${kind}`);
  }
  const defaults = await client.query<{ user: string }>(strayDefaults, [a, b]);
  for (const { user } of defaults.rows) {
    sentences.push(`${user} has default privileges of its own; they belong to ${pair.sharedRole}`);
  }
  const objects = await client.query<{ user: string; object: string }>(owned, [a, b]);
  for (const { user, object } of objects.rows.slice(0, listed)) {
    sentences.push(`${user} owns ${object}; run REASSIGN OWNED to give it to ${pair.sharedRole}`);
  }
  if (objects.rows.length > listed)
    sentences.push(`${objects.rows.length - listed} more objects belong to one of the users`);
  return sentences;
}
