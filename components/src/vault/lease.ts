import { type Duration, describeChain, formatDuration, lifetimeOf, type Link, milliseconds } from '@keyturn/plan';

/** How long credentials of a dynamic role live, and how long their consumers need them. */
export interface LeaseTimes {
  /** Until the lease has to be renewed. */
  readonly ttl: Duration;
  /** Until the credential is gone, renewed or not. */
  readonly maxTtl: Duration;
  /** Links in which one credential can stay in use: a pool's connection lifetime, the longest transaction. Default: none. */
  readonly chain?: readonly Link[];
}

/** Vault's own upper bound of every lease and token, unless the server says otherwise. */
export const defaultServerMaxTtl: Duration = '768h';

/** A lease or a token would end while its credential is in use; the message names the numbers. */
export class LeaseError extends Error {
  override readonly name = 'LeaseError';
}

/**
 * @throws LeaseError when the TTLs contradict each other, exceed what the server allows, or are shorter than the consumer's chain.
 */
export function checkLease(role: string, times: LeaseTimes, serverMaxTtl: Duration = defaultServerMaxTtl): void {
  const ttl = milliseconds(times.ttl);
  const maxTtl = milliseconds(times.maxTtl);
  const serverMax = milliseconds(serverMaxTtl);
  if (ttl < 1_000 || ttl > maxTtl) {
    throw new LeaseError(
      `Role "${role}" has a TTL of ${formatDuration(ttl)} and a max TTL of ${formatDuration(maxTtl)}. ` +
        'The TTL must be at least 1s and at most the max TTL.',
    );
  }
  if (maxTtl > serverMax) {
    throw new LeaseError(
      `Role "${role}" has a max TTL of ${formatDuration(maxTtl)}, and the server cuts it at ${formatDuration(serverMax)}. ` +
        "Lower `maxTtl`, or raise the server's max_lease_ttl and say so in `serverMaxTtl`.",
    );
  }
  const consumer = { name: role, chain: times.chain ?? [] };
  const lifetime = lifetimeOf(consumer);
  if (lifetime.bound === 'start') {
    throw new LeaseError(
      `Role "${role}" is used by something that reads its credential only at start (${describeChain(consumer)}), and Vault withdraws it ` +
        `after ${formatDuration(maxTtl)}. Use a static role pair, or let the consumer ask for a new lease.`,
    );
  }
  if (lifetime.ms > maxTtl) {
    throw new LeaseError(
      `Role "${role}" can be in use for ${formatDuration(lifetime.ms)} (${describeChain(consumer)}), and Vault withdraws it ` +
        `after ${formatDuration(maxTtl)}. Raise \`maxTtl\`, or shorten a link.`,
    );
  }
}

/** Seconds for a login's token. */
export interface TokenTimes {
  readonly tokenTtl: number;
  readonly tokenMaxTtl: number;
}

/**
 * A lease dies with the token that asked for it, so a token lives at least as long as the longest lease; renewed, it lives twice as long where
 * the server allows, so that a lease that is asked for late is not cut short.
 *
 * @throws LeaseError when a given TTL is shorter than the longest lease.
 */
export function tokenTimesOf(
  consumer: string,
  maxTtls: readonly { readonly role: string; readonly maxTtl: Duration }[],
  ttl: Duration | undefined,
  serverMaxTtl: Duration = defaultServerMaxTtl,
): TokenTimes {
  const longest = maxTtls.reduce((most, next) => (milliseconds(next.maxTtl) > milliseconds(most.maxTtl) ? next : most));
  const longestMs = milliseconds(longest.maxTtl);
  const tokenMs = milliseconds(ttl ?? longest.maxTtl);
  if (tokenMs < longestMs) {
    throw new LeaseError(
      `Tokens of "${consumer}" live ${formatDuration(tokenMs)}, and leases of role "${longest.role}" up to ${formatDuration(longestMs)}. ` +
        'A lease dies with its token: raise `tokenTtl`, or leave it out.',
    );
  }
  return {
    tokenTtl: Math.ceil(tokenMs / 1_000),
    tokenMaxTtl: Math.ceil(Math.min(2 * tokenMs, Math.max(milliseconds(serverMaxTtl), tokenMs)) / 1_000),
  };
}
