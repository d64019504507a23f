import { type Plan, PlanError, smallestSafeInterval } from '@keyturn/plan';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { goDuration, refreshInterval } from './refresh-interval.js';

const links = { name: 'External Secrets refresh', after: [{ kind: 'sync', name: 'kubelet', longest: '2m' }] } as const;
const plan = (every: number | '1h' | '30 days', pool: number | '30m' = '30m'): Plan => ({
  strategy: 'dual-user',
  every,
  consumers: [{ name: 'web', chain: [{ kind: 'pool', longest: pool }] }],
});

describe('the refresh interval', () => {
  it('is a quarter of what the plan leaves, and no longer than 15 minutes', () => {
    // 60 - 30 (pool) - 2 (kubelet) - 1 (run time) = 27 minutes.
    expect(refreshInterval(plan('1h'), links).ms).toBe(405_000);
    expect(refreshInterval(plan('30 days'), links).ms).toBe(15 * 60_000);
  });

  it('stands with the other links in front of every chain', () => {
    expect(refreshInterval(plan('1h'), links).plan.consumers[0]?.chain).toEqual([
      { kind: 'sync', name: 'External Secrets refresh', longest: 405_000 },
      { kind: 'sync', name: 'kubelet', longest: '2m' },
      { kind: 'pool', longest: '30m' },
    ]);
  });

  it('is refused when nothing is left for it', () => {
    expect(() => refreshInterval(plan(33 * 60_000), links)).toThrow(
      new PlanError(
        'Rotating every 33m is faster than the smallest safe interval of 33m 10s (longest lifetime 32m 10s + soak 0ms + run time 1m; ' +
          'web: store → External Secrets refresh 10s → kubelet 2m → pool 30m (32m 10s in all)). Rotate less often, or shorten a link.',
      ),
    );
  });

  it('is refused when the user asks for more than is left, and taken to the last second', () => {
    expect(() => refreshInterval(plan('1h'), links, '28m')).toThrow(PlanError);
    expect(refreshInterval(plan('1h'), links, '27m').ms).toBe(27 * 60_000);
  });

  it('always makes a plan that works, or none', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10 ** 9 }), fc.integer({ min: 0, max: 10 ** 9 }), (every, pool) => {
        let made: Plan | undefined;
        try {
          made = refreshInterval(plan(every, pool), links).plan;
        } catch (error) {
          expect(error).toBeInstanceOf(PlanError);
        }
        if (made !== undefined) expect(smallestSafeInterval(made).ms).toBeLessThanOrEqual(every);
      }),
    );
  });
});

it.each([
  [0, '0s'],
  [10_000, '10s'],
  [900_000, '15m'],
  [5_405_000, '1h30m5s'],
])('%i ms is %s in Go', (ms, text) => {
  expect(goDuration(ms)).toBe(text);
});
