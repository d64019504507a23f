/** What Vault runs when a lease begins, is renewed, and ends. */
export interface LeaseStatements {
  readonly creation: readonly string[];
  readonly renewal: readonly string[];
  readonly revocation: readonly string[];
}

/** What a lease's user may do: it is a member of a shared role, and with `owner` it becomes that role at login. */
export interface Membership {
  readonly sharedRole: string;
  readonly kind: 'owner' | 'grantee';
  /** Most connections one lease can have. Default: no limit. */
  readonly connectionLimit?: number;
}

/**
 * PostgreSQL: what a user makes belongs to the shared role, and nothing of the user stays. Revocation switches the login off, ends the sessions
 * (they would outlive the role), and drops it; a second revocation of the same user is no error.
 */
export function postgresStatements({ sharedRole, kind, connectionLimit }: Membership): LeaseStatements {
  const role = quoted(sharedRole, '"');
  const limit = connectionLimit === undefined ? '' : ` CONNECTION LIMIT ${connectionLimit}`;
  return {
    creation: [
      `CREATE ROLE "{{name}}" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}'${limit} IN ROLE ${role}`,
      ...(kind === 'owner' ? [`ALTER ROLE "{{name}}" SET role = ${role}`] : []),
    ],
    renewal: [`ALTER ROLE "{{name}}" VALID UNTIL '{{expiration}}'`],
    revocation: [
      // One block, which Vault sends whole because of the word END. A user that left the shared role with SET ROLE NONE may own objects.
      `DO $$ BEGIN
  IF EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = '{{name}}') THEN
    ALTER ROLE "{{name}}" NOLOGIN;
    PERFORM pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity WHERE usename = '{{name}}';
    BEGIN
      DROP ROLE "{{name}}";
    EXCEPTION WHEN dependent_objects_still_exist THEN
      GRANT "{{name}}" TO CURRENT_USER;
      REASSIGN OWNED BY "{{name}}" TO CURRENT_USER;
      DROP OWNED BY "{{name}}";
      DROP ROLE "{{name}}";
    END;
  END IF;
END $$`,
    ],
  };
}

/** MySQL and MariaDB: a role is worth nothing at login unless it is the default role. Sessions that are open outlive the user. */
export function mysqlStatements(
  engine: 'mysql' | 'mariadb',
  { sharedRole, connectionLimit }: Omit<Membership, 'kind'>,
): LeaseStatements {
  const user = `'{{name}}'@'%'`;
  const role = quoted(sharedRole, '`');
  const limit = connectionLimit === undefined ? '' : ` WITH MAX_USER_CONNECTIONS ${connectionLimit}`;
  return {
    creation: [
      `CREATE USER ${user} IDENTIFIED BY '{{password}}'${limit}`,
      `GRANT ${role} TO ${user}`,
      engine === 'mysql' ? `SET DEFAULT ROLE ${role} TO ${user}` : `SET DEFAULT ROLE ${role} FOR ${user}`,
    ],
    renewal: [],
    revocation: [`DROP USER IF EXISTS ${user}`],
  };
}

function quoted(name: string, quote: string): string {
  return `${quote}${name.replaceAll(quote, quote + quote)}${quote}`;
}
