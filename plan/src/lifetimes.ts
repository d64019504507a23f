import { type Duration, formatDuration, milliseconds } from './duration.js';

/** Where a credential can stay in use after a newer one was published. */
export type LinkKind =
  'sync' | 'replication' | 'cache' | 'pool' | 'transaction' | 'process' | 'lease' | 'token' | 'rollout';

/**
 * One place on the way from the store to the last query, and how long it can keep the older credential.
 * `'start-bound'` means that it keeps it until its process is replaced: there is no bound in time.
 */
export interface Link {
  readonly kind: LinkKind;
  /** What a person calls it: `External Secrets refresh`, `pg pool`. Default: the kind. */
  readonly name?: string;
  readonly longest: Duration | 'start-bound';
}

/** One kind of consumer, with its links in order from the store to the query. */
export interface Consumer {
  readonly name: string;
  readonly chain: readonly Link[];
}

/** The longest time a chain can hold a superseded credential. */
export type Lifetime =
  | { readonly bound: 'time'; readonly ms: number; readonly chain: readonly Link[]; readonly consumer: string }
  | { readonly bound: 'start'; readonly chain: readonly Link[]; readonly consumer: string; readonly link: Link };

/** The links of a chain follow one another, so their times add up; one start-bound link makes the whole chain start-bound. */
export function lifetimeOf(consumer: Consumer): Lifetime {
  let ms = 0;
  for (const link of consumer.chain) {
    if (link.longest === 'start-bound') return { bound: 'start', chain: consumer.chain, consumer: consumer.name, link };
    ms += milliseconds(link.longest);
  }
  return { bound: 'time', ms, chain: consumer.chain, consumer: consumer.name };
}

/** The longest bounded lifetime of all consumers, in milliseconds; 0 when none has one. */
export function longestLifetime(consumers: readonly Consumer[]): number {
  return Math.max(0, ...consumers.map((consumer) => boundedMs(lifetimeOf(consumer))));
}

function boundedMs(lifetime: Lifetime): number {
  return lifetime.bound === 'time' ? lifetime.ms : 0;
}

/** The consumers that hold a credential until they are restarted: their gate opens by evidence, never by time. */
export function startBound(consumers: readonly Consumer[]): readonly Consumer[] {
  return consumers.filter((consumer) => lifetimeOf(consumer).bound === 'start');
}

/** `store → External Secrets refresh 1h → pg pool 30m (1h 30m in all)`. */
export function describeChain(consumer: Consumer): string {
  const links = consumer.chain.map((link) => {
    const longest = link.longest === 'start-bound' ? 'until restarted' : formatDuration(milliseconds(link.longest));
    return `${link.name ?? link.kind} ${longest}`;
  });
  const lifetime = lifetimeOf(consumer);
  const total = lifetime.bound === 'time' ? `${formatDuration(lifetime.ms)} in all` : 'no bound in time';
  return `${['store', ...links].join(' → ')} (${total})`;
}
