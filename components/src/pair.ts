import { type DualUsers, dualUsersOf, longestPostgresName, NameError } from '@keyturn/plan';

/**
 * The pair that is rotated. A name: users `<name>_a` and `<name>_b` over the shared role `<name>`. Or users and role that are there under names of their own, as
 * `keyturn adopt` has taken them over.
 */
export type PairInput = string | NamedPair;

/** Two users over a shared role, and what journal and events call them. */
export type NamedPair = DualUsers & { readonly name: string };

/** @throws NameError when a name is empty or longer than the database allows, or both users are the same. */
export function pairOf(pair: PairInput, longestBytes: number = longestPostgresName): NamedPair {
  if (typeof pair === 'string') return { name: pair, ...dualUsersOf(pair, longestBytes) };
  const { name, sharedRole, users } = pair;
  for (const each of [name, sharedRole, ...users]) {
    if (each !== '' && new TextEncoder().encode(each).length <= longestBytes) continue;
    throw new NameError(`"${each}" is no name that the database has: it needs 1 to ${longestBytes} bytes.`);
  }
  if (users[0] === users[1])
    throw new NameError(`The pair "${name}" needs two users and got ${users[0]} twice. Name the other one.`);
  return { name, sharedRole, users };
}
