import { randomUUID } from 'node:crypto';

import type { Strategy } from '@keyturn/plan';

import { BootstrapError } from '../../database.js';
import type { Pair } from '../../pair.js';
import type { Accounts, AccountOptions } from './accounts.js';
import type { Client } from './endpoint.js';
import { clock } from './journal.js';
import type { Flavour } from './server.js';
import { createTables, hasTables, layout } from './tables.js';

/** What both users get alike. */
export interface BootstrapOptions extends Partial<AccountOptions> {
  readonly pair: Pair;
  readonly strategy: Strategy;
  readonly host: string;
  /** An account that will do the rotations, as `'name'@'host'`; it gets the rights on the journal. */
  readonly rotator?: { readonly user: string; readonly host: string } | undefined;
}

/**
 * Generation 0. Account statements commit on their own, so every prefix of this is safe: an account is locked in the statement that makes it,
 * and the journal learns of the pair last.
 */
export async function bootstrap(
  client: Client,
  accounts: Accounts,
  flavour: Flavour,
  options: BootstrapOptions,
): Promise<void> {
  const { pair, requireTls = true, connectionLimit } = options;
  checkLimit(connectionLimit);
  await client.rows(`SELECT GET_LOCK('keyturn bootstrap', 60) AS locked`);
  await createTables(client);
  const known = await knownPair(client, options);
  const users = [...new Set(pair.users)];
  const takenOver: string[] = [];
  for (const name of [pair.sharedRole, ...users]) {
    const found = await accounts.find(name);
    if (found.length > 0) takenOver.push(name);
    if (!known) refuseStrangers(options, name, found, flavour);
  }

  await accounts.createRole(pair.sharedRole);
  for (const user of users) {
    const rules = { requireTls, connectionLimit };
    if ((await accounts.get(user)) === undefined) await accounts.create(user, rules);
    else if (options.requireTls !== undefined || connectionLimit !== undefined) await accounts.configure(user, rules);
    await accounts.join(pair.sharedRole, user);
  }
  if (!known) await register(client, options, takenOver);
  if (options.rotator !== undefined) {
    const { user, host } = options.rotator;
    await client.change(`GRANT SELECT, INSERT, UPDATE ON keyturn.* TO ${client.account(user, host)}`);
  }
}

function checkLimit(limit: number | undefined): void {
  if (limit === undefined || (Number.isInteger(limit) && limit >= 0)) return;
  throw new BootstrapError(`connectionLimit must be a whole number, or 0 for no limit, got ${limit}.`);
}

async function knownPair(client: Client, { pair, strategy, host }: BootstrapOptions): Promise<boolean> {
  if (!(await hasTables(client))) return false;
  const [found] = await client.rows<{
    shared_role: string;
    user_a: string;
    user_b: string;
    host: string;
    layout: number;
    strategy: string;
  }>('SELECT shared_role, user_a, user_b, host, layout, strategy FROM keyturn.pair WHERE name = ?', [pair.name]);
  if (found === undefined) return false;
  if (found.layout !== layout) {
    throw new BootstrapError(
      `The journal has layout ${found.layout} and this version of keyturn works with layout ${layout}. Use one version of keyturn everywhere.`,
    );
  }
  const inJournal = `${found.strategy}, ${found.user_a} and ${found.user_b} at ${found.host} over ${found.shared_role}`;
  const wanted = `${strategy}, ${pair.users.join(' and ')} at ${host} over ${pair.sharedRole}`;
  if (inJournal !== wanted) {
    throw new BootstrapError(
      `The pair "${pair.name}" is ${inJournal} in the journal, not ${wanted}. Give the new pair another name.`,
    );
  }
  return true;
}

/** An account that can log in is in use by somebody until the contrary is known. A second password beside its own takes nothing from anybody. */
function refuseStrangers(
  { pair, strategy, host }: BootstrapOptions,
  name: string,
  found: readonly { readonly host: string; readonly locked: boolean; readonly role: boolean }[],
  flavour: Flavour,
): void {
  for (const account of found) {
    const at = `${name}@${account.host}`;
    if (name === pair.sharedRole && !pair.users.includes(name)) {
      if (flavour === 'mariadb' ? account.role : account.locked) continue;
      throw new BootstrapError(
        `${at} can log in, and a shared role must not. Run ALTER USER with ACCOUNT LOCK when nobody uses it, or choose another shared role.`,
      );
    }
    if (account.locked || (strategy === 'dual-password' && account.host === host)) continue;
    throw new BootstrapError(
      `${at} can log in already and the journal does not know it, so somebody may be using it. Choose another user name, or run ALTER USER with ACCOUNT LOCK when nobody uses it.`,
    );
  }
}

async function register(client: Client, options: BootstrapOptions, takenOver: readonly string[]): Promise<void> {
  const { pair, strategy, host } = options;
  await client.change('START TRANSACTION');
  try {
    await client.change(
      'INSERT INTO keyturn.pair (name, id, layout, strategy, shared_role, user_a, user_b, host) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
      [pair.name, randomUUID(), layout, strategy, pair.sharedRole, ...pair.users, host],
    );
    await client.change(
      `INSERT INTO keyturn.journal (pair, at, generation, event, detail) VALUES (?, ${clock}, 0, 'bootstrapped', ?)`,
      [pair.name, JSON.stringify({ takenOver })],
    );
    await client.change('COMMIT');
  } catch (error) {
    await client.change('ROLLBACK').catch(() => undefined);
    throw error;
  }
}
