import type { DualUsers } from '@keyturn/plan';

/** Two users that take turns, under the name that journal, events and messages call them by. */
export interface Pair extends DualUsers {
  readonly name: string;
}

/** One user under both names, for the strategies `dual-password` and `single-user`; `sharedRole` holds its grants. */
export function soleUser(user: string, sharedRole: string): DualUsers {
  return { users: [user, user], sharedRole };
}
