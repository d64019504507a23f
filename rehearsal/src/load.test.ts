import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { type Arrival, arrivals, type Load } from './load.js';

const load: Load = {
  rate: 200,
  burst: { atSecond: 13, everySeconds: 12, lastsSeconds: 1, volleysPerSecond: 4, volley: 30 },
  operations: [
    { name: 'read', weight: 3, method: 'GET', path: (pick) => `/orders/${pick(10)}` },
    { name: 'write', weight: 1, method: 'POST', path: () => '/orders' },
  ],
  seed: 0.42,
};

function until(seconds: number, of: Load = load): Arrival[] {
  const found: Arrival[] = [];
  for (const arrival of arrivals(of)) {
    if (arrival.dueMs >= seconds * 1_000) return found;
    found.push(arrival);
  }
  return found;
}

describe('a load', () => {
  it('is the same for the same seed, and another one for another', () => {
    expect(until(2)).toEqual(until(2));
    expect(until(2)).not.toEqual(until(2, { ...load, seed: 0.43 }));
  });

  it('arrives in order, at about its rate between bursts', () => {
    const quiet = until(12).filter(({ dueMs }) => dueMs >= 2_000);
    expect(quiet.length / 10).toBeGreaterThan(180);
    expect(quiet.length / 10).toBeLessThan(220);
    expect(quiet.every(({ dueMs }, index) => dueMs >= (quiet[index - 1]?.dueMs ?? 0))).toBe(true);
  });

  it('comes in volleys of many at one moment, every so often before and after the named second', () => {
    const moments = new Map<number, number>();
    for (const { dueMs } of until(26)) moments.set(dueMs, (moments.get(dueMs) ?? 0) + 1);
    const volleys = [...moments].filter(([, count]) => count > 1);
    expect(volleys).toEqual(
      [1_000, 1_250, 1_500, 1_750, 13_000, 13_250, 13_500, 13_750, 25_000, 25_250, 25_500, 25_750].map((at) => [
        at,
        30,
      ]),
    );
  });

  it('asks each operation as often as it weighs', () => {
    const all = until(20);
    const writes = all.filter(({ operation }) => operation === 'write').length;
    expect(writes / all.length).toBeGreaterThan(0.22);
    expect(writes / all.length).toBeLessThan(0.28);
  });

  it('never goes back in time, whatever the burst', () => {
    const burst = fc.record({
      atSecond: fc.double({ min: 0, max: 40, noNaN: true }),
      everySeconds: fc.integer({ min: 2, max: 20 }),
      lastsSeconds: fc.double({ min: 0.1, max: 2, noNaN: true }),
      volleysPerSecond: fc.integer({ min: 1, max: 10 }),
      volley: fc.integer({ min: 1, max: 20 }),
    });
    fc.assert(
      fc.property(burst, (changed) => {
        const all = until(5, { ...load, rate: 20, burst: changed });
        expect(all.every(({ dueMs }, index) => dueMs >= (all[index - 1]?.dueMs ?? 0))).toBe(true);
      }),
      { numRuns: 50 },
    );
  });
});
