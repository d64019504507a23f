import type { Strategy } from '@keyturn/plan';

import { DatabaseError, type Forced, type PairState } from '../../database.js';
import type { Intent } from '../../intent.js';
import type { Accounts } from './accounts.js';

/** How a strategy takes credentials into and out of use. Everything can be repeated. */
export interface Switch {
  /** Whether a session tells which credential it holds, so that there can be none of the one that is taken away. */
  readonly drains: boolean;
  /** Whether the credential before still logs in when another one is published. */
  readonly supersedes: boolean;
  /** @throws DatabaseError when setting the password would take one away that the journal does not know; forced, it is taken away here. */
  check(intent: Intent, password: string, state: PairState, forced: Forced | undefined): Promise<void>;
  set(intent: Intent, password: string): Promise<void>;
  off(user: string): Promise<void>;
  on(user: string): Promise<void>;
  retire(user: string): Promise<void>;
}

export function switchOf(strategy: Strategy, accounts: Accounts, endpoint: string): Switch {
  return strategy === 'dual-password' ? dualPassword(accounts, endpoint) : oneUserAtATime(accounts, strategy);
}

/** `dual-user` and `single-user` re-key a user as a whole; with a single one, the credential before is gone with that. */
function oneUserAtATime(accounts: Accounts, strategy: Strategy): Switch {
  return {
    drains: strategy === 'dual-user',
    supersedes: strategy === 'dual-user',
    check: () => Promise.resolve(),
    set: ({ user }, password) => accounts.rekey(user, password),
    off: (user) => accounts.lock(user),
    on: (user) => accounts.unlock(user),
    retire: (user) => accounts.takePassword(user),
  };
}

/**
 * One user with two passwords. Adding one replaces the second, so what was superseded is retired before (see `check` in `advance.ts`): a
 * second password that is there after the generation was raised is the published one, and is kept. There is nothing between usable and gone,
 * so switching off waits for retire.
 */
function dualPassword(accounts: Accounts, endpoint: string): Switch {
  return {
    drains: false,
    supersedes: true,
    check: async ({ user, generation }, password, state, forced) => {
      // Once the generation is raised, the second is what was published, or the first is.
      if (state.generation >= generation) return;
      const account = await accounts.get(user);
      if (account?.second === undefined || accounts.isOf(account, password)) return;
      if (state.superseded !== undefined && state.superseded.phase !== 'retired') return;
      if (forced !== undefined) {
        await accounts.dropSecond(user, account);
        return;
      }
      throw new DatabaseError(
        `${user} has a second password that the journal does not know, and a new one would take it away. Run ALTER USER with DISCARD OLD PASSWORD (MariaDB: without OR) when nobody uses it, or advance with "force".`,
        { kind: 'other', endpoint },
      );
    },
    set: async ({ user, replaces }, password) => {
      const account = await accounts.get(user);
      if (account === undefined || (account.locked && replaces === undefined)) {
        await accounts.rekey(user, password);
        return;
      }
      if (accounts.isOf(account, password)) return;
      const { second } = account;
      // A candidate that was never published makes room for the next one; what was published is the second by now.
      if (second !== undefined && !accounts.isSecondOf(account, password))
        await accounts.replaceFirst(user, password, { ...account, second });
      else await accounts.add(user, password, account);
    },
    off: () => Promise.resolve(),
    on: () => Promise.resolve(),
    retire: async (user) => {
      const account = await accounts.get(user);
      if (account?.second !== undefined) await accounts.dropSecond(user, account);
    },
  };
}
