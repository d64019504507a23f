import { checkPlan, type Duration, type Link, milliseconds, type Plan, smallestSafeInterval } from '@keyturn/plan';

/** What stands between the store and the pod: one link that this component times, and those that come with the cluster. */
export interface SyncLinks {
  /** What a person calls the link that is timed: `External Secrets refresh`. */
  readonly name: string;
  /** Links after it, such as the kubelet. */
  readonly after: readonly Link[];
}

export interface Refresh {
  readonly ms: number;
  /** The plan with the links in front of every consumer's chain. */
  readonly plan: Plan;
}

/** Reading more often costs requests and gains nothing that a person would notice. */
const longestDerivedMs = 15 * 60_000;
/** Below this, controllers spend their time on reconciling. */
export const shortestMs = 10_000;

/**
 * How often the store is read: a quarter of what the plan leaves between two rotations, at most 15 minutes and in whole seconds, or what the
 * user asks for.
 *
 * @throws PlanError when the chain with these links is longer than the interval allows; the message names the links and the numbers.
 */
export function refreshInterval(plan: Plan, links: SyncLinks, asked?: Duration): Refresh {
  const fixed = withLinks(plan, links.after);
  const slack = milliseconds(plan.every) - smallestSafeInterval(fixed).ms;
  const derived = Math.max(shortestMs, Math.min(longestDerivedMs, Math.floor(slack / 4_000) * 1_000));
  const ms = asked === undefined ? derived : milliseconds(asked);
  const timed: Link = { kind: 'sync', name: links.name, longest: ms };
  return { ms, plan: checkPlan(withLinks(plan, [timed, ...links.after])) };
}

function withLinks(plan: Plan, links: readonly Link[]): Plan {
  const consumers = plan.consumers.map((consumer) => ({ ...consumer, chain: [...links, ...consumer.chain] }));
  return { ...plan, consumers };
}

/** A length of time as Go writes it: `1h30m0s` without the zeros, `900s` never. */
export function goDuration(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  const parts = [
    [Math.floor(seconds / 3_600), 'h'],
    [Math.floor((seconds % 3_600) / 60), 'm'],
    [seconds % 60, 's'],
  ] as const;
  return (
    parts
      .filter(([count]) => count > 0)
      .map(([count, unit]) => `${count}${unit}`)
      .join('') || '0s'
  );
}
