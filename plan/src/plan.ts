import { type Duration, formatDuration, milliseconds } from './duration.js';
import { type Consumer, describeChain, lifetimeOf, longestLifetime } from './lifetimes.js';

/** The ways to rotate. `single-user` has a window in which the published password is refused. */
export const strategies = ['dual-user', 'dual-password', 'single-user', 'dynamic'] as const;
export type Strategy = (typeof strategies)[number];

/** What is rotated how often, and how long consumers can hold what was superseded. */
export interface Plan {
  readonly strategy: Strategy;
  /** Time between two advances. */
  readonly every: Duration;
  readonly consumers: readonly Consumer[];
  /** Time between switching a superseded user off and taking its password away. Default: 0. */
  readonly soak?: Duration;
  /** Longest time an advance or a retire takes. Default: 1 minute. */
  readonly runTime?: Duration;
}

/** The smallest interval that lets every consumer leave a credential before it is used again, and its parts. */
export interface SafeInterval {
  readonly ms: number;
  readonly longestLifetimeMs: number;
  readonly soakMs: number;
  readonly runTimeMs: number;
}

export const defaultRunTime: Duration = '1m';

/** Smallest safe interval = longest lifetime + soak + run time. */
export function smallestSafeInterval(plan: Pick<Plan, 'consumers' | 'soak' | 'runTime'>): SafeInterval {
  const longestLifetimeMs = longestLifetime(plan.consumers);
  const soakMs = milliseconds(plan.soak ?? 0);
  const runTimeMs = milliseconds(plan.runTime ?? defaultRunTime);
  return { ms: longestLifetimeMs + soakMs + runTimeMs, longestLifetimeMs, soakMs, runTimeMs };
}

/** The plan cannot work; the message names the links and the numbers. */
export class PlanError extends Error {
  override readonly name = 'PlanError';
}

/**
 * Returns the plan when it can work.
 *
 * @throws PlanError when the interval is shorter than the smallest safe one, or the strategy is unknown.
 */
export function checkPlan(plan: Plan): Plan {
  if (!strategies.includes(plan.strategy)) {
    throw new PlanError(`Unknown strategy "${String(plan.strategy)}". Allowed values are: ${strategies.join(', ')}.`);
  }
  const everyMs = milliseconds(plan.every);
  const safe = smallestSafeInterval(plan);
  if (everyMs < safe.ms) {
    const slowest = plan.consumers.filter((consumer) => {
      const lifetime = lifetimeOf(consumer);
      return lifetime.bound === 'time' && lifetime.ms === safe.longestLifetimeMs;
    });
    const chains = slowest.map((consumer) => `${consumer.name}: ${describeChain(consumer)}`).join('; ');
    throw new PlanError(
      `Rotating every ${formatDuration(everyMs)} is faster than the smallest safe interval of ${formatDuration(safe.ms)} ` +
        `(longest lifetime ${formatDuration(safe.longestLifetimeMs)} + soak ${formatDuration(safe.soakMs)} + run time ${formatDuration(safe.runTimeMs)}` +
        `${chains === '' ? '' : `; ${chains}`}). Rotate less often, or shorten a link.`,
    );
  }
  return plan;
}
