import { formatDuration, milliseconds } from './duration.js';
import { longestLifetime, startBound } from './lifetimes.js';
import { type Plan, strategies, type Strategy } from './plan.js';

/** What policies need to know of a plan. */
export interface PlanSummary {
  readonly strategy: Strategy;
  readonly everyMs: number;
  /** Of the consumers that have one. */
  readonly longestLifetimeMs: number;
  /** Whether a consumer holds a credential until it is restarted. */
  readonly startBound: boolean;
}

export function summaryOf(plan: Plan): PlanSummary {
  return {
    strategy: plan.strategy,
    everyMs: milliseconds(plan.every),
    longestLifetimeMs: longestLifetime(plan.consumers),
    startBound: startBound(plan.consumers).length > 0,
  };
}

/**
 * A plan in a tag: `dual-user every 28d longest 35m`. A tag of AWS holds 256 characters, and of marks only `_ . : / = + - @`, so a plan in JSON
 * is refused (https://docs.aws.amazon.com/IAM/latest/APIReference/API_Tag.html).
 */
export function planTag(plan: Plan): string {
  const { strategy, everyMs, longestLifetimeMs, startBound: bound } = summaryOf(plan);
  const lifetimes = `${formatDuration(longestLifetimeMs)}${bound ? ' or until restarted' : ''}`;
  return `${strategy} every ${formatDuration(everyMs)} longest ${lifetimes}`;
}

/** What {@link planTag} wrote; undefined for any other text. */
export function readPlanTag(text: string): PlanSummary | undefined {
  const match = /^(\S+) every (\S.*?) longest (\S.*?)( or until restarted)?$/.exec(text);
  const strategy = strategies.find((known) => known === match?.[1]);
  if (!match || !strategy) return undefined;
  const [everyMs, longestLifetimeMs] = [match[2], match[3]].map(sumOf);
  if (everyMs === undefined || longestLifetimeMs === undefined) return undefined;
  return { strategy, everyMs, longestLifetimeMs, startBound: match[4] !== undefined };
}

/** `1h 30m` is two durations. */
function sumOf(text = ''): number | undefined {
  const parts = text.split(' ');
  return parts.every((part) => /^\d+(ms|[smhd])$/.test(part))
    ? parts.reduce((sum, part) => sum + milliseconds(part), 0)
    : undefined;
}
