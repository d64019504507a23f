import { describeHolders, type Holder } from './holder.js';

/** A user that can log in, on a server that keyturn may never have seen. */
export interface AuditedUser {
  readonly user: string;
  /** Objects that belong to it, or that run with its rights; PostgreSQL: in the database that was looked at. */
  readonly owns: number;
  readonly memberOf: readonly string[];
  readonly sessions: readonly Holder[];
  /** Shared roles, clones and the like: the other user of its pair, as far as names and memberships tell. */
  readonly partner?: string;
}

/** One thing that a rotation today would run into. */
export interface AuditFinding {
  readonly id:
    | 'no-second-user'
    | 'users-differ'
    | 'user-owns-objects'
    | 'both-in-use'
    | 'superuser-in-use'
    | 'weak-password-hash'
    | 'password-expires'
    | 'second-password'
    | 'connection-headroom';
  readonly users: readonly string[];
  /** What is so, and what a rotation today would break. */
  readonly says: string;
  readonly advice: string;
}

/** What was read of a server. Nothing was changed. */
export interface Audit {
  readonly server: string;
  readonly database: string;
  readonly users: readonly AuditedUser[];
  /** Pairs that a journal of keyturn names here. */
  readonly knownPairs: readonly string[];
  readonly findings: readonly AuditFinding[];
  /** What could not be seen with the rights of this login. */
  readonly notSeen: readonly string[];
}

const suffixes: readonly (readonly [string, string])[] = [
  ['', '_clone'],
  ['_a', '_b'],
  ['_1', '_2'],
  ['_blue', '_green'],
];

/** Pairs by name: `app` and `app_clone` (AWS), `app_a` and `app_b`, and the like. */
export function pairsIn(users: readonly string[]): (readonly [string, string])[] {
  const all = new Set(users);
  const taken = new Set<string>();
  const pairs: (readonly [string, string])[] = [];
  for (const [first, second] of suffixes) {
    for (const user of users) {
      if (!user.endsWith(second) || taken.has(user)) continue;
      const other = user.slice(0, user.length - second.length) + first;
      if (!all.has(other) || taken.has(other)) continue;
      pairs.push([other, user]);
      taken.add(user).add(other);
    }
  }
  return pairs;
}

/** What sessions and pairs alone say, on any server. */
export function findingsOf(
  users: readonly AuditedUser[],
  pairs: readonly { readonly users: readonly [string, string]; readonly differences: readonly string[] }[],
  now: number,
): AuditFinding[] {
  const of = (name: string): AuditedUser | undefined => users.find(({ user }) => user === name);
  const paired = new Set(pairs.flatMap(({ users: both }) => both));
  const single = users
    .filter(({ user, sessions, owns }) => !paired.has(user) && (sessions.length > 0 || owns > 0))
    .map(({ user, sessions }): AuditFinding => ({
      id: 'no-second-user',
      users: [user],
      says:
        `${user} has no second user, so a rotation changes its password in place: every client that still holds the old one is refused at its next login` +
        (sessions.length === 0 ? '.' : `, now: ${describeHolders(sessions, now)}.`),
      advice: 'Add a second user with the same rights: "keyturn adopt" makes it without changing a password.',
    }));
  const double = pairs.flatMap(({ users: both, differences }): AuditFinding[] => {
    const names = both.join(' and ');
    const [a, b] = [of(both[0]), of(both[1])];
    const found: AuditFinding[] = [];
    if (differences.length > 0) {
      found.push({
        id: 'users-differ',
        users: both,
        says: `${names} cannot do the same, so applications fail after a change of users: ${differences.join('; ')}.`,
        advice: '"keyturn adopt" shows the SQL that makes them equal.',
      });
    }
    if (a !== undefined && b !== undefined && a.sessions.length > 0 && b.sessions.length > 0) {
      found.push({
        id: 'both-in-use',
        users: both,
        says: `${names} both have sessions, so a rotation today re-keys a user that is in use. ${a.user}: ${describeHolders(a.sessions, now)}. ${b.user}: ${describeHolders(b.sessions, now)}.`,
        advice: 'Find out which of them is published, and restart who still uses the other.',
      });
    }
    return found;
  });
  return [...single, ...double];
}
