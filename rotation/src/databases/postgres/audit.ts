import type { Client } from 'pg';

import { type Audit, type AuditedUser, type AuditFinding, findingsOf, pairsIn } from '../../audit.js';
import { type Endpoint, type Login, onEndpoint } from './endpoint.js';
import { parityOf } from './parity.js';

interface UserRow {
  readonly user: string;
  readonly superuser: boolean;
  readonly owns: number;
  readonly member_of: string[];
  readonly expires: Date | null;
  readonly becomes: string | null;
}

const usersSql = `
  SELECT r.rolname AS user, r.rolsuper AS superuser, nullif(r.rolvaliduntil, 'infinity') AS expires,
    (SELECT count(*)::int FROM pg_shdepend s WHERE s.refclassid = 'pg_authid'::regclass AND s.refobjid = r.oid AND s.deptype = 'o'
       AND s.dbid IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))) AS owns,
    ARRAY(SELECT g.rolname::text FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid WHERE m.member = r.oid ORDER BY 1) AS member_of,
    (SELECT split_part(s.setting, '=', 2) FROM pg_db_role_setting c CROSS JOIN LATERAL unnest(c.setconfig) AS s (setting)
       WHERE c.setrole = r.oid AND c.setdatabase = 0 AND s.setting LIKE 'role=%') AS becomes
  FROM pg_roles r WHERE r.rolcanlogin AND r.rolname !~ '^(pg_|rds|cloudsql|azure)' ORDER BY 1`;

const sessionsSql = `
  SELECT usename AS user, host(client_addr) AS address, application_name AS application, backend_start AS since
  FROM pg_stat_activity WHERE usename IS NOT NULL AND pid <> pg_backend_pid() AND coalesce(backend_type, 'client backend') = 'client backend' ORDER BY backend_start NULLS LAST`;

/**
 * Reads what a rotation would run into, in a read-only transaction.
 *
 * @throws DatabaseError when it cannot log in.
 */
export async function auditPostgres(endpoint: Endpoint, login: Login): Promise<Audit> {
  return await onEndpoint(endpoint, login, { connectMs: 10_000, statementMs: 60_000 }, async (client) => {
    await client.query('BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY');
    try {
      return await read(client, endpoint);
    } finally {
      await client.query('ROLLBACK');
    }
  });
}

async function read(client: Client, endpoint: Endpoint): Promise<Audit> {
  const now = Date.now();
  const { rows } = await client.query<UserRow>(usersSql);
  const sessions = await sessionsBy(client, endpoint);
  const pairs: { users: readonly [string, string]; differences: string[] }[] = [];
  for (const users of pairsAmong(rows)) pairs.push({ users, differences: await differencesOf(client, rows, users) });
  const partners = new Map(pairs.flatMap(({ users: [a, b] }) => [[a, b] as const, [b, a] as const]));
  const users = rows
    .filter(({ superuser }) => !superuser)
    .map(({ user, owns, member_of: memberOf }): AuditedUser => {
      const partner = partners.get(user);
      return { user, owns, memberOf, sessions: sessions.get(user) ?? [], ...(partner !== undefined && { partner }) };
    });
  const notSeen = await blindness(client);
  return {
    server: `PostgreSQL ${await setting(client, 'server_version')}`,
    database: endpoint.database,
    users,
    knownPairs: await knownPairs(client),
    findings: [
      ...findingsOf(users, pairs, now),
      ...superusers(rows, sessions),
      ...expiring(rows, now),
      ...(await weakHashes(client, notSeen)),
      ...(await headroom(client, users)),
    ],
    notSeen,
  };
}

async function sessionsBy(client: Client, endpoint: Endpoint): Promise<Map<string, AuditedUser['sessions'][number][]>> {
  const { rows } = await client.query<{
    user: string;
    address: string | null;
    application: string | null;
    since: Date | null;
  }>(sessionsSql);
  const found = new Map<string, AuditedUser['sessions'][number][]>();
  for (const { user, address, application, since } of rows) {
    found.set(user, [
      ...(found.get(user) ?? []),
      {
        endpoint: endpoint.name,
        user,
        ...(address !== null && { clientAddress: address }),
        ...(application !== null && application !== '' && { application }),
        ...(since !== null && { since }),
      },
    ]);
  }
  return found;
}

/** By name, and two users that become the same role at login. */
function pairsAmong(rows: readonly UserRow[]): (readonly [string, string])[] {
  const users = rows.filter(({ superuser }) => !superuser);
  const named = pairsIn(users.map(({ user }) => user));
  const taken = new Set(named.flat());
  for (const [role, members] of grouped(users)) {
    const [a, b, ...more] = members.filter(({ user }) => !taken.has(user));
    if (role !== '' && a !== undefined && b !== undefined && more.length === 0) named.push([a.user, b.user]);
  }
  return named;
}

function grouped(users: readonly UserRow[]): Map<string, UserRow[]> {
  const groups = new Map<string, UserRow[]>();
  for (const user of users) groups.set(user.becomes ?? '', [...(groups.get(user.becomes ?? '') ?? []), user]);
  return groups;
}

async function differencesOf(
  client: Client,
  rows: readonly UserRow[],
  users: readonly [string, string],
): Promise<string[]> {
  const sharedRole = rows.find(({ user }) => user === users[0])?.becomes ?? 'a shared role';
  return await parityOf(client, { name: users.join(' and '), sharedRole, users });
}

async function knownPairs(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ readable: boolean | null }>(
    `SELECT has_schema_privilege('keyturn', 'USAGE') AND has_table_privilege('keyturn.pair', 'SELECT') AS readable WHERE to_regclass('keyturn.pair') IS NOT NULL`,
  );
  if (rows[0]?.readable !== true) return [];
  return (await client.query<{ name: string }>('SELECT name FROM keyturn.pair ORDER BY 1')).rows.map(
    ({ name }) => name,
  );
}

function superusers(rows: readonly UserRow[], sessions: ReadonlyMap<string, AuditedUser['sessions']>): AuditFinding[] {
  return rows
    .filter(
      ({ superuser, user }) =>
        superuser && (sessions.get(user) ?? []).some(({ application }) => application !== 'keyturn'),
    )
    .map(({ user }) => ({
      id: 'superuser-in-use',
      users: [user],
      says: `${user} is a superuser and has sessions (${(sessions.get(user) ?? []).map(({ application }) => application ?? 'unnamed').join(', ')}). Rights of a superuser cannot be shared, so it cannot be rotated between two users.`,
      advice: 'Give the application a user of its own. A person who works here now is no reason to worry.',
    }));
}

const soon = 30 * 86_400_000;

function expiring(rows: readonly UserRow[], now: number): AuditFinding[] {
  return rows.flatMap(({ user, expires }) => {
    if (expires === null || expires.getTime() > now + soon) return [];
    const tense = expires.getTime() < now ? 'expired' : 'expires';
    return [
      {
        id: 'password-expires' as const,
        users: [user],
        says: `The password of ${user} ${tense} on ${expires.toISOString()} (VALID UNTIL), and a new password does not change that.`,
        advice: `ALTER ROLE ${user} VALID UNTIL 'infinity', and let the rotation end credentials.`,
      },
    ];
  });
}

async function weakHashes(client: Client, notSeen: readonly string[]): Promise<AuditFinding[]> {
  if (notSeen.some((one) => one.includes('pg_authid'))) return [];
  const { rows } = await client.query<{ user: string }>(
    `SELECT rolname AS user FROM pg_authid WHERE rolcanlogin AND rolpassword LIKE 'md5%' ORDER BY 1`,
  );
  return rows.map(({ user }) => ({
    id: 'weak-password-hash',
    users: [user],
    says: `The password of ${user} is stored as MD5, which PostgreSQL will stop to accept. keyturn writes SCRAM-SHA-256: a client that only speaks MD5 is refused after the first rotation.`,
    advice: 'See that every driver speaks SCRAM, and that pg_hba.conf says scram-sha-256 or md5 (which takes both).',
  }));
}

async function headroom(client: Client, users: readonly AuditedUser[]): Promise<AuditFinding[]> {
  const most =
    Number(await setting(client, 'max_connections')) - Number(await setting(client, 'superuser_reserved_connections'));
  const used = users.reduce((sum, { sessions }) => sum + sessions.length, 0);
  return users
    .filter(({ sessions }) => sessions.length > 0 && used + sessions.length > most)
    .map(({ user, sessions }) => ({
      id: 'connection-headroom',
      users: [user],
      says: `${user} has ${sessions.length} sessions, and ${used} of ${most} connections are in use. While pools change over, both users have sessions, which does not fit.`,
      advice: 'Raise max_connections, make pools smaller, or change over pool by pool.',
    }));
}

async function blindness(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ stats: boolean; authid: boolean }>(
    `SELECT pg_has_role('pg_read_all_stats', 'USAGE') AS stats, has_table_privilege('pg_authid', 'SELECT') AS authid`,
  );
  return [
    ...(rows[0]?.stats === true ? [] : ['client addresses and ages of sessions (needs pg_read_all_stats)']),
    ...(rows[0]?.authid === true ? [] : ['how passwords are stored (needs to read pg_authid)']),
  ];
}

async function setting(client: Client, name: string): Promise<string> {
  const { rows } = await client.query<{ value: string }>('SELECT current_setting($1) AS value', [name]);
  return rows[0]?.value ?? '';
}
