import { type Audit, type AuditedUser, type AuditFinding, findingsOf, pairsIn } from '../../audit.js';
import { DatabaseError } from '../../database.js';
import type { Endpoint, Login } from '../postgres/endpoint.js';
import { type Client, onEndpoint } from './endpoint.js';
import { sessionsOf } from './holders.js';
import { normalised } from './parity.js';
import { flavourOf } from './server.js';

interface Account {
  readonly user: string;
  readonly host: string;
}

/**
 * Reads what a rotation would run into. Every statement only reads.
 *
 * @throws DatabaseError when it cannot log in, or may not read the accounts.
 */
export async function auditMysql(endpoint: Endpoint, login: Login): Promise<Audit> {
  return await onEndpoint(endpoint, login, { connectMs: 10_000, statementMs: 60_000 }, (client) =>
    read(client, endpoint, login),
  );
}

async function read(client: Client, endpoint: Endpoint, login: Login): Promise<Audit> {
  const now = Date.now();
  const flavour = await flavourOf(client);
  const [version] = await client.rows<{ version: string }>('SELECT VERSION() AS version');
  const roles =
    flavour === 'mariadb' ? `AND is_role = 'N'` : `AND NOT (account_locked = 'Y' AND authentication_string = '')`;
  const accounts = await client.rows<Account>(
    `SELECT User AS user, Host AS host FROM mysql.user WHERE User NOT IN ('', 'root', 'mysql', 'mariadb.sys') AND User NOT LIKE 'mysql.%' ${roles} ORDER BY 1, 2`,
  );
  const names = [...new Set(accounts.map(({ user }) => user))].filter((user) => user !== login.user);
  const notSeen: string[] = [];
  const defined = await definedBy(client);
  const grants = new Map<string, ReadonlySet<string>>();
  const users: AuditedUser[] = [];
  const pairNames = pairsIn(names);
  const partners = new Map(pairNames.flatMap(([a, b]) => [[a, b] as const, [b, a] as const]));
  for (const user of names) {
    const held = await grantsOf(
      client,
      accounts.filter((account) => account.user === user),
    );
    grants.set(user, held.facts);
    const partner = partners.get(user);
    users.push({
      user,
      owns: defined.get(user) ?? 0,
      memberOf: held.roles,
      sessions: await sessionsIn(client, user, notSeen),
      ...(partner !== undefined && { partner }),
    });
  }
  const pairs = pairNames.map((both) => ({ users: both, differences: differ(grants, both) }));
  return {
    server: `${flavour === 'mariadb' ? 'MariaDB' : 'MySQL'} ${version?.version ?? ''}`,
    database: endpoint.database,
    users,
    knownPairs: await knownPairs(client),
    findings: [
      ...findingsOf(users, pairs, now),
      ...definers(users),
      ...(flavour === 'mysql' ? await secondPasswords(client, names) : []),
    ],
    notSeen: [...new Set(notSeen)],
  };
}

async function sessionsIn(client: Client, user: string, notSeen: string[]): Promise<AuditedUser['sessions']> {
  try {
    return (await sessionsOf(client, user)).map(({ holder }) => holder);
  } catch (error) {
    if (!(error instanceof DatabaseError) || error.kind !== 'permission') throw error;
    notSeen.push('sessions (needs PROCESS)');
    return [];
  }
}

async function grantsOf(
  client: Client,
  accounts: readonly Account[],
): Promise<{ readonly facts: ReadonlySet<string>; readonly roles: readonly string[] }> {
  const facts = new Set<string>();
  const roles = new Set<string>();
  for (const { user, host } of accounts) {
    for (const row of await client.rows<Record<string, string>>(`SHOW GRANTS FOR ${client.account(user, host)}`)) {
      const fact = normalised(Object.values(row)[0] ?? '', user, host);
      facts.add(`"${fact}" from ${host}`);
      const role = /^GRANT [`'"]?([^`'" ]+)[`'"]?(?:@\\S+)?$/.exec(fact)?.[1];
      if (role !== undefined) roles.add(role);
    }
  }
  return { facts, roles: [...roles] };
}

function differ(grants: ReadonlyMap<string, ReadonlySet<string>>, [a, b]: readonly [string, string]): string[] {
  const lacking = (has: string, lacks: string): string[] =>
    [...(grants.get(has) ?? [])]
      .filter((fact) => grants.get(lacks)?.has(fact) !== true)
      .map((fact) => `${has} has ${fact} and ${lacks} has not`);
  return [...lacking(a, b), ...lacking(b, a)];
}

/** Views, routines, triggers and events run with the rights of who made them. */
async function definedBy(client: Client): Promise<Map<string, number>> {
  const rows = await client.rows<{ definer: string; count: number }>(
    ['VIEWS', 'ROUTINES', 'TRIGGERS', 'EVENTS']
      .map((table) => `SELECT DEFINER AS definer, COUNT(*) AS count FROM information_schema.${table} GROUP BY DEFINER`)
      .join(' UNION ALL '),
  );
  const found = new Map<string, number>();
  for (const { definer, count } of rows) {
    const user = definer.slice(0, definer.lastIndexOf('@'));
    found.set(user, (found.get(user) ?? 0) + Number(count));
  }
  return found;
}

function definers(users: readonly AuditedUser[]): AuditFinding[] {
  return users
    .filter(({ owns }) => owns > 0)
    .map(({ user, owns }) => ({
      id: 'user-owns-objects',
      users: [user],
      says: `${owns} ${owns === 1 ? 'view, routine, trigger or event runs' : 'views, routines, triggers or events run'} with the rights of ${user}: they fail for everybody once it is dropped.`,
      advice: 'Make a locked account the definer.',
    }));
}

/** A password that was kept by RETAIN CURRENT PASSWORD logs in until somebody discards it. */
async function secondPasswords(client: Client, names: readonly string[]): Promise<AuditFinding[]> {
  const rows = await client.rows<{ user: string }>(
    `SELECT User AS user FROM mysql.user WHERE JSON_CONTAINS_PATH(User_attributes, 'one', '$.additional_password') ORDER BY 1`,
  );
  return rows
    .filter(({ user }) => names.includes(user))
    .map(({ user }) => ({
      id: 'second-password',
      users: [user],
      says: `${user} has a second password, and the next RETAIN CURRENT PASSWORD takes that one away from whoever still uses it.`,
      advice: `Find out who uses it, then run ALTER USER ${user} DISCARD OLD PASSWORD.`,
    }));
}

async function knownPairs(client: Client): Promise<string[]> {
  const rows = await client.rows<{ found: number }>(
    `SELECT 1 AS found FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'keyturn' AND TABLE_NAME = 'pair'`,
  );
  if (rows.length === 0) return [];
  return (await client.rows<{ name: string }>('SELECT name FROM keyturn.pair ORDER BY 1')).map(({ name }) => name);
}
