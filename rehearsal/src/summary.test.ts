import { describe, expect, it } from 'vitest';

import type { InstanceEvidence } from './evidence.js';
import { summaryOf } from './summary.js';
import { at, instance, query, record } from './testing/record.js';

const none = { poolNotDrained: 0, configNotReloaded: 0, partialDeployment: 0, wrongSecret: 0, race: 0, unknown: 0 };

function withInstances(...instances: InstanceEvidence[]) {
  return record({ evidence: { ...record().evidence, instances } });
}

const oldConnection = { user: 'app', credential: 'old', begunAt: at(-300), endedAt: at(-290) };

describe('the summary of a phase', () => {
  it('counts queries, failures and causes, and a rotation for each credential that the source got under load', () => {
    const refused = { ...oldConnection, begunAt: at(6_001), endedAt: at(6_004), refused: '28P01' };
    const found = summaryOf({
      ...withInstances(instance({ logins: [refused] })),
      queries: [query(100, 2), query(6_000, 5, { failed: 'HTTP 500' }), query(7_000, 5, { failed: 'ECONNRESET' })],
    });
    expect(found).toMatchObject({ name: 'incident', rotations: 1, queries: 3, failed: 2 });
    expect(found.causes).toEqual({ ...none, configNotReloaded: 1, unknown: 1 });
  });

  it('measures latency from the moment a query was due, and of successes only', () => {
    const late = query(100, 10, { dueAt: at(60) });
    const { p50Ms, p99Ms } = summaryOf(
      record({ queries: [late, late, late, query(200, 900, { failed: 'HTTP 500' })] }),
    );
    expect(p50Ms).toBeCloseTo(50, 0);
    expect(p99Ms).toBeCloseTo(50, 0);
  });

  it('finds the longest time that an instance under load went without a success', () => {
    const queries = [query(0, 5), query(400, 5), query(500, 5, { failed: 'HTTP 500' }), query(1_300, 5)];
    expect(summaryOf(record({ queries })).longestGapMs).toBe(900);
  });

  it('does not count the time in which an instance was replaced', () => {
    const found = summaryOf({
      ...withInstances(instance({ endedAt: at(1_000) }), instance({ startedAt: at(3_000) })),
      queries: [query(900, 5), query(3_100, 5), query(3_200, 5)],
    });
    expect(found.longestGapMs).toBe(100);
  });

  it.each([
    { name: 'nobody has read it', instances: [instance()], is: 5_000 },
    {
      name: 'it was read, and no connection with the older one is open',
      instances: [instance({ reads: [{ at: at(5_200), credential: 'new' }] })],
      is: 200,
    },
    {
      name: 'a connection with the older one was open for longer',
      instances: [
        instance({
          reads: [{ at: at(5_200), credential: 'new' }],
          logins: [{ ...oldConnection, closedAt: at(5_900) }],
        }),
      ],
      is: 900,
    },
    {
      name: 'a connection with the older one is still open',
      instances: [instance({ reads: [{ at: at(5_200), credential: 'new' }], logins: [oldConnection] })],
      is: 5_000,
    },
    {
      name: 'the instance that held the older one was replaced',
      instances: [
        instance({ endedAt: at(7_000), logins: [{ ...oldConnection, closedAt: at(7_000) }] }),
        instance({ startedAt: at(7_050), reads: [{ at: at(7_100), credential: 'new' }] }),
      ],
      is: 2_000,
    },
  ])('takes $is ms to converge: $name', ({ instances, is }) => {
    expect(summaryOf(withInstances(...instances)).convergeMs).toBe(is);
  });

  it('says 0 of everything for a phase in which nothing happened', () => {
    const quiet = record({ evidence: { source: [], database: [], instances: [] } });
    expect(summaryOf(quiet)).toEqual({
      name: 'incident',
      rotations: 0,
      queries: 0,
      failed: 0,
      p50Ms: 0,
      p99Ms: 0,
      longestGapMs: 0,
      convergeMs: 0,
      causes: none,
    });
  });
});
