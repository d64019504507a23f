import { randomUUID } from 'node:crypto';

import type { Strategy } from '@keyturn/plan';

import { BootstrapError, DatabaseError, type Existing, type TakeOver } from '../../database.js';
import type { Pair } from '../../pair.js';
import type { Account, Accounts } from './accounts.js';
import { type Client, masked } from './endpoint.js';
import { clock } from './journal.js';
import { grantsOf, parityOf } from './parity.js';
import type { Flavour } from './server.js';
import { createTables, layout } from './tables.js';

export interface TakeOverOptions {
  readonly pair: Pair;
  readonly strategy: Strategy;
  readonly host: string;
  readonly existing: Existing;
  /** False only says how. */
  readonly apply: boolean;
}

/** A statement, and what takes it back. */
interface Reversible {
  readonly sql: string;
  readonly undo?: string;
}

/**
 * Makes a pair of users that are in use. Both keep the rights that they have, because a session that is open would lose at once what is taken
 * from its user: each gets what the other has, and both get the shared role, for rights to come. Every prefix is safe and can be repeated; the
 * pair is recorded last, when both can do the same.
 *
 * @throws BootstrapError when it cannot be done, or the users would differ still.
 */
export async function takeOver(
  client: Client,
  accounts: Accounts,
  flavour: Flavour,
  { pair, strategy, host, existing, apply }: TakeOverOptions,
): Promise<TakeOver> {
  await client.rows(`SELECT GET_LOCK('keyturn bootstrap', 60) AS locked`);
  const sender = apply ? client : client.recorder();
  await createTables(sender);
  const found = await accountsOf(accounts, pair, host);
  const published = checked(pair, host, found, existing, accounts, flavour);
  const other = pair.users.find((user) => user !== published);
  const steps = [
    ...(await role(client, accounts, flavour, pair)),
    ...(other === undefined ? [] : await second(client, accounts, published, other, found.get(other))),
    ...(other === undefined ? [] : await alike(client, accounts, pair, host)),
    ...(await join(client, accounts, flavour, pair, host)),
  ];
  for (const { sql } of steps) await sender.change(sql);

  const otherAccount = other === undefined ? undefined : found.get(other);
  const superseded = otherAccount === undefined || otherAccount.locked ? undefined : other;
  const undo = steps.toReversed().flatMap((step) => step.undo ?? []);
  if (apply && other !== undefined) {
    const differences = await parityOf(client, accounts, flavour, pair, host);
    if (differences.length > 0) {
      throw new BootstrapError(
        `${pair.users.join(' and ')} would still differ, so they were not taken over: ${differences.join('; ')}. Mend that, and run it again; what was granted so far takes nothing from anybody.`,
      );
    }
  }
  await record(sender, { pair, strategy, host, existing, superseded, undo });
  const statements = apply ? steps.map(({ sql }) => masked(sql)) : sender.recorded;
  return { statements, atomic: false, undo: undo.map(masked), warnings: [] };
}

async function accountsOf(accounts: Accounts, pair: Pair, host: string): Promise<ReadonlyMap<string, Account>> {
  const found = new Map<string, Account>();
  for (const user of new Set(pair.users)) {
    for (const account of await accounts.find(user)) {
      if (account.host === host) found.set(user, account);
      else {
        throw new BootstrapError(
          `${user} exists at host ${account.host} too, with a password of its own, and the configuration says ${host}. Set "host", or drop the account that nobody uses.`,
        );
      }
    }
  }
  return found;
}

function checked(
  pair: Pair,
  host: string,
  found: ReadonlyMap<string, Account>,
  { published: { user } }: Existing,
  accounts: Accounts,
  flavour: Flavour,
): string {
  const account = found.get(user);
  if (account === undefined || account.locked) {
    throw new BootstrapError(
      `${user}@${host} is published and ${account === undefined ? 'does not exist' : 'is locked'} here, so there is nothing to take over.`,
    );
  }
  for (const [name, { plugin }] of found) {
    if (plugin === accounts.plugin) continue;
    throw new BootstrapError(
      `The password of ${name} is checked by ${plugin}, and the configuration says ${accounts.plugin}. Set "plugin"${flavour === 'mariadb' ? ', or give it a password that one of its plugins checks' : ''}: both users must be checked alike.`,
    );
  }
  if (pair.users.includes(pair.sharedRole)) {
    throw new BootstrapError(`${pair.sharedRole} is a user and cannot be the shared role. Set "sharedRole".`);
  }
  return user;
}

async function role(client: Client, accounts: Accounts, flavour: Flavour, { sharedRole }: Pair): Promise<Reversible[]> {
  const [found] = await accounts.find(sharedRole);
  if (found === undefined) {
    const name = client.text(sharedRole);
    return [{ sql: `CREATE ROLE ${name}`, undo: `DROP ROLE IF EXISTS ${name}` }];
  }
  if (flavour === 'mariadb' ? found.role : found.locked) return [];
  throw new BootstrapError(
    `${sharedRole} can log in, and a shared role must not. Set "sharedRole" to a name that is not a user, such as "${sharedRole}_owner".`,
  );
}

/** The other user, locked when it is made, and with the limits and the encryption of the published one. */
async function second(
  client: Client,
  accounts: Accounts,
  published: string,
  other: string,
  found: Account | undefined,
): Promise<Reversible[]> {
  const wanted = await optionsOf(client, accounts, published);
  if (found === undefined) {
    return [
      {
        sql: accounts.creation(other, `${wanted.text} ACCOUNT LOCK`),
        undo: `DROP USER IF EXISTS ${accounts.name(other)}`,
      },
    ];
  }
  const has = await optionsOf(client, accounts, other);
  if (wanted.text === has.text) return [];
  const alter = (to: Options, from: Options): string => `ALTER USER ${accounts.name(other)} ${changed(to, from)}`;
  return [{ sql: alter(wanted, has), undo: alter(has, wanted) }];
}

interface Options {
  readonly text: string;
  readonly require: string;
  readonly limits: ReadonlyMap<string, string>;
}

/** Encryption and limits of a user. Rules about the age of passwords stay its own: a rotation is a younger password than any of them asks for. */
async function optionsOf(client: Client, accounts: Accounts, user: string): Promise<Options> {
  const [row] = await client.rows<Record<string, string>>(`SHOW CREATE USER ${accounts.name(user)}`);
  const created = Object.values(row ?? {})[0] ?? '';
  const require =
    / (REQUIRE (?:NONE|SSL|X509|(?:(?:ISSUER|SUBJECT|CIPHER) '[^']*' ?(?:AND )?)+))/.exec(created)?.[1] ?? '';
  const limits = new Map(
    [...created.matchAll(/ (MAX_[A-Z_]+) (\d[\d.]*)/g)].map(([, name = '', most = '']) => [name, most]),
  );
  return { text: textOf(require, limits), require, limits };
}

/** The options of one user, with what only the other one has taken back. */
function changed({ require, limits }: Options, from: Options): string {
  const all = new Map([...from.limits.keys()].map((name) => [name, '0']));
  return textOf(require === '' ? 'REQUIRE NONE' : require, new Map([...all, ...limits]));
}

function textOf(require: string, limits: ReadonlyMap<string, string>): string {
  const most = [...limits].map(([name, value]) => `${name} ${value}`);
  return `${require.trim()}${most.length === 0 ? '' : ` WITH ${most.join(' ')}`}`.trim();
}

/** Each user gets what the other has. */
async function alike(client: Client, accounts: Accounts, pair: Pair, host: string): Promise<Reversible[]> {
  const [a, b] = pair.users;
  const facts = async (user: string): Promise<readonly string[]> =>
    (await accounts.get(user)) === undefined
      ? []
      : (await grantsOf(client, accounts, user, host)).filter((fact) => isGrant(fact, pair.sharedRole));
  const [ofA, ofB] = [await facts(a), await facts(b)];
  return [
    ...ofA.filter((fact) => !ofB.includes(fact)).map((fact) => grant(fact, accounts.name(b))),
    ...ofB.filter((fact) => !ofA.includes(fact)).map((fact) => grant(fact, accounts.name(a))),
  ];
}

/** The line that everybody has says nothing; default roles and the shared role are looked after by `join`. */
function isGrant(fact: string, sharedRole: string): boolean {
  if (!fact.startsWith('GRANT ')) return false;
  if (/^GRANT USAGE ON \*\.\*/.test(fact) && !fact.endsWith(' WITH GRANT OPTION')) return false;
  return /^GRANT [`'"]?([^`'"]*)[`'"]?(?:@\S+)?$/.exec(fact)?.[1] !== sharedRole;
}

/** MariaDB writes into the first line how the user has to be encrypted, and its limits. */
const accountOptions =
  / REQUIRE (?:NONE|SSL|X509|(?:ISSUER|SUBJECT|CIPHER) .*?)(?= WITH |$)|(?<= WITH )(?:MAX_\w+ \S+ ?)+/g;

function grant(fact: string, to: string): Reversible {
  const plain = fact.replaceAll(accountOptions, '').replace(/ WITH ?$/, '');
  const [, what = '', option = ''] = /^(GRANT .*?)( WITH (?:GRANT|ADMIN) OPTION)?$/s.exec(plain) ?? [];
  return { sql: `${what} TO ${to}${option}`, undo: `${what.replace(/^GRANT/, 'REVOKE')} FROM ${to}` };
}

/**
 * MySQL gives a user several roles at login. MariaDB gives it one, so the roles that a user had reach it through the shared role there.
 */
async function join(
  client: Client,
  accounts: Accounts,
  flavour: Flavour,
  pair: Pair,
  host: string,
): Promise<Reversible[]> {
  const shared = client.text(pair.sharedRole);
  const users = [...new Set(pair.users)];
  const before = new Map<string, readonly string[]>();
  for (const user of users) before.set(user, await defaultRoles(client, flavour, user, host));
  const others = [...new Set([...before.values()].flat())].filter((one) => one !== shared);
  const handedOn = flavour === 'mysql' ? [] : others;
  const defaults = flavour === 'mysql' ? [shared, ...others] : [shared];
  const steps: Reversible[] = handedOn.map((one) => ({
    sql: `GRANT ${one} TO ${shared}`,
    undo: `REVOKE ${one} FROM ${shared}`,
  }));
  for (const user of users) {
    const had = before.get(user) ?? [];
    if (had.length === defaults.length && defaults.every((one) => had.includes(one))) continue;
    const name = accounts.name(user);
    const set = (roles: readonly string[]): string =>
      `SET DEFAULT ROLE ${roles.length === 0 ? 'NONE' : roles.join(', ')} ${flavour === 'mysql' ? 'TO' : 'FOR'} ${name}`;
    steps.push(
      { sql: `GRANT ${shared} TO ${name}`, undo: `REVOKE ${shared} FROM ${name}` },
      { sql: set(defaults), undo: set(had) },
    );
  }
  return steps;
}

async function defaultRoles(client: Client, flavour: Flavour, user: string, host: string): Promise<string[]> {
  if (flavour === 'mysql') {
    const rows = await client.rows<{ role: string; host: string }>(
      'SELECT DEFAULT_ROLE_USER AS role, DEFAULT_ROLE_HOST AS host FROM mysql.default_roles WHERE USER = ? AND HOST = ?',
      [user, host],
    );
    return rows.map((row) => (row.host === '%' ? client.text(row.role) : client.account(row.role, row.host)));
  }
  const rows = await client.rows<{ role: string }>(
    'SELECT default_role AS role FROM mysql.user WHERE User = ? AND Host = ?',
    [user, host],
  );
  return rows.filter(({ role: one }) => one !== '').map(({ role: one }) => client.text(one));
}

interface Recorded extends Omit<TakeOverOptions, 'apply'> {
  readonly superseded: string | undefined;
  readonly undo: readonly string[];
}

async function record(client: Client, { pair, strategy, host, existing, superseded, undo }: Recorded): Promise<void> {
  const { published, previous } = existing;
  const before = superseded === undefined ? undefined : previous?.user === superseded ? previous : undefined;
  const there = superseded === undefined ? 'NULL' : clock;
  await client.change('START TRANSACTION');
  try {
    await client.change(
      `INSERT INTO keyturn.pair (name, id, layout, strategy, shared_role, user_a, user_b, host, generation, published_user, published_version,
         published_generation, published_at, superseded_user, superseded_version, superseded_generation, superseded_at, superseded_phase)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ${clock}, ?, ?, ?, ${there}, ?)`,
      [
        ...[pair.name, randomUUID(), layout, strategy, pair.sharedRole, ...pair.users, host, published.generation],
        ...[published.user, published.version, published.generation],
        ...[superseded ?? null, before?.version ?? (superseded === undefined ? null : '')],
        ...[superseded === undefined ? null : (before?.generation ?? 0), superseded === undefined ? null : 'usable'],
      ],
    );
    await client.change(
      `INSERT INTO keyturn.journal (pair, at, generation, event, username, version, detail) VALUES (?, ${clock}, ?, 'adopted', ?, ?, ?)`,
      [
        ...[pair.name, published.generation, published.user, published.version],
        JSON.stringify({ because: 'taken over', undo }),
      ],
    );
    await client.change('COMMIT');
  } catch (error) {
    await client.change('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

/** What is not there any more, when an earlier try ended in the middle. */
const goneAlready: ReadonlySet<unknown> = new Set([1141, 1147, 1269, 1396, 3523, 3530, 1959, 4006]);

/**
 * Takes a take-over back, as long as nothing was rotated since.
 *
 * @throws BootstrapError when there is none, or something was rotated since.
 */
export async function undoTakeOver(client: Client, pair: string, apply: boolean): Promise<readonly string[]> {
  await client.rows(`SELECT GET_LOCK('keyturn bootstrap', 60) AS locked`);
  const lines = await client.rows<{ event: string; detail: string }>(
    'SELECT event, detail FROM keyturn.journal WHERE pair = ? ORDER BY id',
    [pair],
  );
  const taken = lines.findLast(({ event, detail }) => event === 'adopted' && undoIn(detail) !== undefined);
  const last = lines.at(-1);
  if (taken === undefined || last === undefined)
    throw new BootstrapError(`The journal knows no take-over of ${pair}, so there is nothing to take back.`);
  if (last.event !== 'adopted') {
    throw new BootstrapError(
      `${pair} was rotated since it was taken over ("${last.event}" is the last line of its journal), so it cannot be taken back.`,
    );
  }
  const undo = undoIn(taken.detail) ?? [];
  const forget = ['DELETE FROM keyturn.journal WHERE pair = ?', 'DELETE FROM keyturn.pair WHERE name = ?'];
  const sender = apply ? client : client.recorder();
  for (const sql of undo) {
    await sender.change(sql).catch((error: unknown) => {
      const { cause } = error as { readonly cause?: { readonly errno?: unknown } };
      if (!(error instanceof DatabaseError) || !goneAlready.has(cause?.errno)) throw error;
    });
  }
  // Last, so that a run that ends before is done again.
  for (const sql of forget) await sender.change(sql, [pair]);
  return apply ? [...undo, ...forget.map((sql) => sql.replace('?', client.text(pair)))] : sender.recorded;
}

function undoIn(detail: string): readonly string[] | undefined {
  const { undo } = JSON.parse(detail) as { readonly undo?: unknown };
  return Array.isArray(undo) ? undo.map(String) : undefined;
}
