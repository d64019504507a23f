import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { allowedFrom, checkSchedule, dueAt, type Schedule } from './schedule.js';

const plan = { strategy: 'dual-user', every: '30d', consumers: [], runTime: '1h' } as const;
const at = (text: string): number => Date.parse(text);
const iso = (time: number): string => new Date(time).toISOString();

describe('checkSchedule', () => {
  it.each([
    { name: 'a cron every week', schedule: { cron: '0 3 * * tue' } },
    { name: 'a cron exactly as fast as is safe', schedule: { cron: '0 * * * *' } },
    { name: 'a window over midnight', schedule: { windows: [{ from: '22:00', to: '04:00' }] } },
  ])('accepts $name', ({ schedule }) => {
    expect(checkSchedule(schedule, plan)).toBe(schedule);
  });

  it.each([
    {
      name: 'a cron that is too fast',
      schedule: { cron: '*/59 * * * *' },
      says: 'The cron "*/59 * * * *" runs 1m after itself, and the smallest safe interval with jitter is 1h. Run less often, or shorten a link.',
    },
    { name: 'a cron that is none', schedule: { cron: 'tuesdays' }, says: 'Cannot read the cron "tuesdays".' },
    { name: 'a cron for a day that never is', schedule: { cron: '0 0 30 2 *' }, says: 'never runs' },
    {
      name: 'a place that is none',
      schedule: { timezone: 'Europe/Atlantis' },
      says: 'There is no time zone "Europe/Atlantis".',
    },
    { name: 'an hour that is none', schedule: { windows: [{ from: '24:00', to: '25:00' }] }, says: 'got "24:00"' },
    { name: 'a window of no length', schedule: { windows: [{ from: '02:00', to: '02:00' }] }, says: 'is never open' },
    { name: 'a date that is none', schedule: { blackouts: [{ from: 'xmas', to: '2026-12-27' }] }, says: 'got "xmas"' },
    {
      name: 'a blackout backwards',
      schedule: { blackouts: [{ from: '2026-12-27', to: '2026-12-24' }] },
      says: 'cannot end on 2026-12-24 before it begins on 2026-12-27',
    },
  ])('refuses $name', ({ schedule, says }) => {
    expect(() => checkSchedule(schedule, plan)).toThrow(says);
  });
});

describe('dueAt', () => {
  const pair = { name: 'app', generation: 3, publishedAt: at('2026-11-03T04:00:00Z') };

  it('follows the plan without a cron', () => {
    expect(iso(dueAt({}, plan, pair, 0))).toBe('2026-12-03T04:00:00.000Z');
  });

  it('is the first cron run after the last publication, in its time zone', () => {
    const schedule = { cron: '0 3 * * tue', timezone: 'Europe/Berlin' };
    expect(iso(dueAt(schedule, plan, pair, 0))).toBe('2026-11-10T02:00:00.000Z');
  });

  it('is now as long as nothing is published', () => {
    expect(dueAt({ cron: '0 3 * * tue' }, plan, { name: 'app', generation: 0 }, 42)).toBe(42);
  });

  it('is spread within the jitter, and the same each time', () => {
    const schedule: Schedule = { jitter: '1h' };
    const due = Array.from({ length: 200 }, (_, index) => dueAt(schedule, plan, { ...pair, name: `p${index}` }, 0));
    const base = dueAt({}, plan, pair, 0);
    expect(Math.min(...due)).toBeGreaterThanOrEqual(base);
    expect(Math.max(...due)).toBeLessThan(base + 3_600_000);
    expect(new Set(due).size).toBeGreaterThan(190);
    expect(dueAt(schedule, plan, pair, 0)).toBe(dueAt(schedule, plan, pair, 1));
  });
});

describe('allowedFrom', () => {
  const nights: Schedule = {
    timezone: 'Europe/Berlin',
    windows: [{ days: ['mon', 'tue'], from: '22:00', to: '02:00' }],
  };
  it.each([
    { name: 'is open', schedule: nights, from: '2026-11-24T21:30:00Z', then: '2026-11-24T21:30:00.000Z' },
    {
      name: 'is open after midnight',
      schedule: nights,
      from: '2026-11-25T00:59:59Z',
      then: '2026-11-25T00:59:59.000Z',
    },
    { name: 'has just closed', schedule: nights, from: '2026-11-25T01:00:00Z', then: '2026-11-30T21:00:00.000Z' },
    { name: 'is not open yet', schedule: nights, from: '2026-11-24T12:00:00Z', then: '2026-11-24T21:00:00.000Z' },
    {
      name: 'is blacked out until its last day ends',
      schedule: { timezone: 'Europe/Berlin', blackouts: [{ from: '2026-12-20', to: '2027-01-06' }] },
      from: '2026-12-24T12:00:00Z',
      then: '2027-01-06T23:00:00.000Z',
    },
    { name: 'is always open', schedule: {}, from: '2026-11-24T12:00:00Z', then: '2026-11-24T12:00:00.000Z' },
  ])('$name', ({ schedule, from, then }) => {
    expect(iso(allowedFrom(schedule, at(from)))).toBe(then);
  });

  it('never goes back, and stays where it is once it is allowed', () => {
    const schedule: Schedule = { ...nights, blackouts: [{ from: '2026-12-21', to: '2026-12-31' }] };
    fc.assert(
      fc.property(fc.integer({ min: at('2026-10-01'), max: at('2027-02-01') }), (time) => {
        const allowed = allowedFrom(schedule, time);
        expect(allowed).toBeGreaterThanOrEqual(time);
        expect(allowedFrom(schedule, allowed)).toBe(allowed);
      }),
    );
  });
});
