import { describe, expect, it } from 'vitest';

import { endure } from './bench/endurance/endure.js';
import { type Endured, problemsOf } from './bench/endurance/verdict.js';

it('rotates twenty times under load without a failed query, and leaves no role, session or line too many', async () => {
  const endured = await endure({ rotations: 20, warmUp: 3, connections: 4 });
  expect(endured).toMatchObject({ rotations: 20, failed: 0, failures: {} });
  expect(endured.queries).toBeGreaterThan(20);
  expect(problemsOf({ ...endured, heapMbLast: endured.heapMbFirst })).toEqual([]);
  // decided, set, finished, locked, retired
  expect(endured.journalRowsPerRotation).toBe(5);
});

describe('what does not hold', () => {
  const fine: Endured = {
    rotations: 1_000,
    seconds: 60,
    queries: 5_000,
    failed: 0,
    failures: {},
    refusedLogins: 0,
    heapMbFirst: 20,
    heapMbLast: 22,
    rolesFirst: 19,
    rolesLast: 19,
    sessionsFirst: 9,
    sessionsLast: 10,
    msPerRotation: 60,
    msPerRotationFirst: 60,
    msPerRotationLast: 60,
    journalRowsPerRotation: 5,
    journalKbPerRotation: 1,
  };

  it.each<{ name: string; seen: Partial<Endured>; problems: string[] }>([
    { name: 'nothing, at the edge of what is allowed', seen: {}, problems: [] },
    {
      name: 'a failed query',
      seen: { failed: 1, failures: { '28P01 password authentication failed': 1 } },
      problems: ['1 of 5000 queries failed: 28P01 password authentication failed.'],
    },
    { name: 'no load', seen: { queries: 0 }, problems: ['No query was sent, so nothing is known.'] },
    { name: 'a heap that grows', seen: { heapMbLast: 22.1 }, problems: ['The heap grew from 20 MB to 22.1 MB.'] },
    {
      name: 'a role left over',
      seen: { rolesLast: 20 },
      problems: ['The server had 19 roles at first and 20 at last.'],
    },
    {
      name: 'sessions left over',
      seen: { sessionsLast: 11 },
      problems: ['The server had 9 sessions at first and 11 at last.'],
    },
  ])('$name', ({ seen, problems }) => {
    expect(problemsOf({ ...fine, ...seen })).toEqual(problems);
  });
});
