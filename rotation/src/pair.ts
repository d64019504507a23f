import type { DualUsers, Strategy } from '@keyturn/plan';

import { BootstrapError } from './database.js';

/** Two users that take turns, under the name that journal, events and messages call them by. */
export interface Pair extends DualUsers {
  readonly name: string;
}

/** One user under both names, for the strategies `dual-password` and `single-user`; `sharedRole` holds its grants. */
export function soleUser(user: string, sharedRole: string): DualUsers {
  return { users: [user, user], sharedRole };
}

/** @throws BootstrapError when the strategy needs two users and there is one, or the other way round. */
export function checkUsers(strategy: Strategy, { users: [a, b] }: Pair): void {
  if ((a === b) !== (strategy === 'dual-user')) return;
  throw new BootstrapError(
    strategy === 'dual-user'
      ? `The strategy "dual-user" needs two users and got ${a} twice. Use dualUsersOf.`
      : `The strategy "${strategy}" needs one user and got ${a} and ${b}. Use soleUser.`,
  );
}
