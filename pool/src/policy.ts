/** How a pool follows its credential. All times are milliseconds. */
export interface FollowOptions {
  /**
   * How long a request waits for a credential that works, while the source is away or what it holds is refused. The driver's own connection
   * timeout applies as well when it is shorter. Default: 30 000.
   */
  readonly credentialTimeoutMillis?: number;
  /** How long after a rotation the previous credential may still serve as fallback. Default: 24 hours. */
  readonly overlapMillis?: number;
  /** How long the last credential is used for new connections while the source cannot be read. Default: 24 hours. */
  readonly maxStaleMillis?: number;
  /**
   * A credential that was refused is not tried again for this long, because servers lock accounts after a few refusals; `Infinity` never
   * tries it again. A new generation, and a call of `refresh()`, are tried at once. Default: 10 minutes; 30 seconds when the server said that
   * the user may not log in at all (PostgreSQL 28000, MySQL 3118, MariaDB 4151), which is not a wrong password.
   */
  readonly retryRefusedMillis?: number;
  /**
   * New connections log in one after the other, all pools of the process together, so that a credential that stopped working is refused once.
   * This lets them log in side by side for so long after an accepted login: a wide pool fills sooner, and what is refused in that time is
   * refused as often as there are logins under way. Default: 0.
   */
  readonly loginBurstMillis?: number;
  /**
   * After a rotation the connections in the traffic are replaced one at a time, spread over this long, so that no query waits for a login and
   * the database does not get all logins at once; until its turn each serves on. It takes longer while logins are slow or fail. Those that
   * nobody used in that time are closed at its end, and all close at once when the server has refused their credential. 0: all at once.
   * Default: 1 000.
   */
  readonly replaceWithinMillis?: number;
  /** Connections that are still in use this long after a rotation are closed, with a warning; `Infinity` lets them be. Default: 15 minutes. */
  readonly stragglerTimeoutMillis?: number;
}

/** The options with every default in place. */
export type FollowPolicy = Required<FollowOptions>;

const defaults: FollowPolicy = {
  credentialTimeoutMillis: 30_000,
  overlapMillis: 24 * 3_600_000,
  maxStaleMillis: 24 * 3_600_000,
  retryRefusedMillis: 600_000,
  loginBurstMillis: 0,
  replaceWithinMillis: 1_000,
  stragglerTimeoutMillis: 900_000,
};

/**
 * Splits the driver's options from ours.
 *
 * @throws RangeError when one of ours is not zero or a positive number.
 */
export function followPolicy<T extends FollowOptions>(
  options: T,
): { policy: FollowPolicy; rest: Omit<T, keyof FollowOptions> } {
  const policy: Record<keyof FollowPolicy, number> = { ...defaults };
  const rest = Object.fromEntries(Object.entries(options).filter(([name]) => !(name in defaults)));
  for (const name of Object.keys(defaults) as (keyof FollowPolicy)[]) {
    const value = options[name];
    if (value === undefined) continue;
    if (typeof value !== 'number' || !(value >= 0)) {
      throw new RangeError(`${name} must be milliseconds, zero or more, got ${String(value)}.`);
    }
    policy[name] = value;
  }
  return { policy, rest: rest as Omit<T, keyof FollowOptions> };
}
