import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { type Consumer, describeChain, lifetimeOf, longestLifetime, startBound } from './lifetimes.js';
import { PlanError, checkPlan, smallestSafeInterval } from './plan.js';

const pods: Consumer = {
  name: 'pods',
  chain: [
    { kind: 'sync', name: 'External Secrets refresh', longest: '1h' },
    { kind: 'pool', longest: '30m' },
  ],
};
const report: Consumer = { name: 'nightly report', chain: [{ kind: 'process', longest: 'start-bound' }] };

describe('lifetimeOf', () => {
  it('adds up the links of a chain', () => {
    expect(lifetimeOf(pods)).toMatchObject({ bound: 'time', ms: 5_400_000 });
  });

  it('has no bound in time as soon as one link is start-bound', () => {
    expect(lifetimeOf({ name: 'both', chain: [...pods.chain, ...report.chain] })).toMatchObject({ bound: 'start' });
  });

  it('is zero for a consumer that reads the store for each query', () => {
    expect(lifetimeOf({ name: 'reader', chain: [] })).toMatchObject({ bound: 'time', ms: 0 });
  });
});

describe('longestLifetime', () => {
  it('takes the slowest consumer and leaves start-bound ones to evidence', () => {
    const slow: Consumer = { name: 'slow', chain: [{ kind: 'cache', longest: '2h' }] };
    expect(longestLifetime([pods, slow, report])).toBe(7_200_000);
    expect(startBound([pods, slow, report])).toEqual([report]);
  });

  it('never grows shorter when a link is added', () => {
    const link = fc.record({ kind: fc.constant('cache' as const), longest: fc.nat(1e9) });
    fc.assert(
      fc.property(fc.array(link), link, (chain, more) => {
        expect(longestLifetime([{ name: 'c', chain: [...chain, more] }])).toBeGreaterThanOrEqual(
          longestLifetime([{ name: 'c', chain }]),
        );
      }),
    );
  });
});

describe('describeChain', () => {
  it.each([
    { consumer: pods, text: 'store → External Secrets refresh 1h → pool 30m (1h 30m in all)' },
    { consumer: report, text: 'store → process until restarted (no bound in time)' },
  ])('$consumer.name', ({ consumer, text }) => {
    expect(describeChain(consumer)).toBe(text);
  });
});

describe('checkPlan', () => {
  const plan = { strategy: 'dual-user', consumers: [pods], soak: '10m', runTime: '5m' } as const;

  it('accepts the smallest safe interval', () => {
    expect(smallestSafeInterval(plan).ms).toBe(6_300_000);
    expect(checkPlan({ ...plan, every: '1.75h' }).every).toBe('1.75h');
  });

  it('refuses one millisecond less and names the links and the numbers', () => {
    expect(() => checkPlan({ ...plan, every: 6_299_999 })).toThrow(PlanError);
    expect(() => checkPlan({ ...plan, every: '1h' })).toThrow(
      'Rotating every 1h is faster than the smallest safe interval of 1h 45m (longest lifetime 1h 30m + soak 10m + run time 5m; ' +
        'pods: store → External Secrets refresh 1h → pool 30m (1h 30m in all)). Rotate less often, or shorten a link.',
    );
  });

  it('refuses a strategy that does not exist', () => {
    expect(() => checkPlan({ ...plan, every: '30 days', strategy: 'triple-user' as 'dual-user' })).toThrow(
      'Unknown strategy "triple-user". Allowed values are: dual-user, dual-password, single-user, dynamic.',
    );
  });
});
