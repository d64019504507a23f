/** Two LOGIN users over one NOLOGIN shared role. */
export interface DualUsers {
  /** NOLOGIN role that owns the objects, or that holds the grants. */
  readonly sharedRole: string;
  /** The two login users, always in the same order. */
  readonly users: readonly [a: string, b: string];
}

/** `owner`: the shared role owns the objects and the users become it at login. `grantee`: it holds rights on objects of another owner. */
export type SharedRoleKind = 'owner' | 'grantee';

/** A user or role name that the database would cut or refuse. */
export class NameError extends Error {
  override readonly name = 'NameError';
}

/** Longest identifier of PostgreSQL, in bytes (NAMEDATALEN - 1). */
export const longestPostgresName = 63;

/**
 * The names of a pair: shared role `<pair>`, users `<pair>_a` and `<pair>_b`.
 *
 * @throws NameError when a name is empty, would be longer than the database allows, or holds a NUL.
 */
export function dualUsersOf(pair: string, longestBytes: number = longestPostgresName): DualUsers {
  const users = [`${pair}_a`, `${pair}_b`] as const;
  if (pair === '' || pair.includes('\0')) {
    throw new NameError('A pair needs a name without NUL characters. Use for example "app".');
  }
  const bytes = new TextEncoder().encode(users[0]).length;
  if (bytes > longestBytes) {
    throw new NameError(
      `"${users[0]}" has ${bytes} bytes and the database allows ${longestBytes}. Choose a shorter pair name.`,
    );
  }
  return { sharedRole: pair, users };
}

/** The user that is not published: the one that the next advance re-keys. */
export function otherUser(pair: DualUsers, user: string): string {
  return user === pair.users[0] ? pair.users[1] : pair.users[0];
}
