import { type Consumer, formatDuration, longestLifetime, milliseconds, type Plan, startBound } from '@keyturn/plan';

import type { SupersededState } from './database.js';
import { describeHolders, type Holder } from './holder.js';

/** Consumers that keep a credential until they are restarted, and may still hold one older than a generation. */
export type Evidence = (question: {
  /** The user whose older credential may be held. */
  readonly user: string;
  /** The generation that consumers must have started with. */
  readonly generation: number;
  /** When it was published, in milliseconds on the clock of the database. */
  readonly publishedAt: number;
  /** The start-bound consumers, and from when on each that starts is sure to read that generation. */
  readonly consumers: readonly { readonly name: string; readonly inPlaceAt: number }[];
}) => Promise<readonly Holder[]>;

/** Whether a superseded credential may be taken out of use. */
export type Gate =
  | { readonly open: true }
  | {
      readonly open: false;
      readonly because: string;
      readonly holders: readonly Holder[];
      /** When time alone would open it, in milliseconds on the clock of the database. */
      readonly until?: number;
    };

/** What the gate is decided from. */
export interface GateFacts {
  readonly user: string;
  /** The credential that this user last had, when it was published and is not retired. */
  readonly superseded?: SupersededState | undefined;
  /** The generation that took its place. */
  readonly generation: number;
  readonly now: number;
  readonly holders: readonly Holder[];
  readonly plan: Pick<Plan, 'consumers'>;
  readonly evidence?: Evidence | undefined;
}

/**
 * Opens when no session of the user is left, the longest lifetime has passed since it was superseded, and every start-bound consumer is
 * known to have started later.
 */
export async function drainGate(facts: GateFacts): Promise<Gate> {
  const { user, superseded, now, holders, plan } = facts;
  if (holders.length > 0) {
    const count = holders.length === 1 ? '1 session' : `${holders.length} sessions`;
    return { open: false, because: `${user} still has ${count}: ${describeHolders(holders, now)}.`, holders };
  }
  if (superseded === undefined || superseded.phase === 'retired') return { open: true };

  const lifetime = longestLifetime(plan.consumers);
  const until = superseded.at + lifetime;
  if (now < until) {
    return {
      open: false,
      because: `${user} was superseded ${formatDuration(now - superseded.at)} ago and can be held for ${formatDuration(lifetime)}: wait ${formatDuration(until - now)} more.`,
      holders: [],
      until,
    };
  }

  const bound = startBound(plan.consumers);
  if (bound.length === 0) return { open: true };
  const names = bound.map((consumer) => consumer.name).join(', ');
  if (facts.evidence === undefined) {
    return {
      open: false,
      because: `${names} can hold ${user} until restarted, and nothing tells when that was. Give evidence: "evidence" of createRotator, or --evidence of keyturn.`,
      holders: [],
    };
  }
  const late = await facts.evidence({
    user,
    generation: facts.generation,
    publishedAt: superseded.at,
    consumers: bound.map((consumer) => ({
      name: consumer.name,
      inPlaceAt: superseded.at + beforeStart(consumer),
    })),
  });
  if (late.length === 0) return { open: true };
  return {
    open: false,
    because: `${names} can still hold ${user}: ${describeHolders(late, now)}. Restart them.`,
    holders: late,
  };
}

/** How long the links before the start-bound one can hand out the older credential to what starts, in milliseconds. */
function beforeStart({ chain }: Consumer): number {
  let ms = 0;
  for (const { longest } of chain) {
    if (longest === 'start-bound') break;
    ms += milliseconds(longest);
  }
  return ms;
}
