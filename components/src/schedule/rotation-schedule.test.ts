import { PlanError } from '@keyturn/plan';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  awsRotationRules,
  cronJobTiming,
  longestGap,
  nextRotation,
  type RotationSchedule,
  scheduledPlan,
  ScheduleError,
  shortestGap,
} from './rotation-schedule.js';

const day = 86_400_000;
const from = new Date('2026-01-15T00:00:00Z');

describe('the shortest gap', () => {
  it.each<{ schedule: RotationSchedule; days: number }>([
    { schedule: { every: '30 days' }, days: 30 },
    { schedule: { cron: '0 4 * * *' }, days: 1 },
    { schedule: { cron: '0 4 1 * *' }, days: 28 },
    { schedule: { cron: '0 4 1 1,7 *' }, days: 181 },
    { schedule: { cron: '0 4 1,2 * *' }, days: 1 },
    { schedule: { cron: '0 4 * * *', timeZone: 'Europe/Berlin' }, days: 23 / 24 },
  ])('of $schedule is $days days', ({ schedule, days }) => {
    expect(shortestGap(schedule, from) / day).toBeCloseTo(days, 6);
  });

  it('is never longer than the time between two rotations that follow one another', () => {
    const crons = fc
      .tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 1, max: 28 }), fc.constantFrom('*', '1', '*/3', '2,11'))
      .map(([hour, date, month]) => `0 ${hour} ${date} ${month} *`);
    fc.assert(
      fc.property(crons, fc.date({ min: from, max: new Date('2028-01-01'), noInvalidDate: true }), (cron, after) => {
        const first = nextRotation({ cron }, after);
        const second = nextRotation({ cron }, first);
        expect(second.getTime() - first.getTime()).toBeGreaterThanOrEqual(shortestGap({ cron }, from));
      }),
      { numRuns: 30 },
    );
  });
});

describe('the longest gap', () => {
  it.each<{ schedule: RotationSchedule; days: number }>([
    { schedule: { every: '30 days' }, days: 30 },
    { schedule: { cron: '0 4 1 * *' }, days: 31 },
    { schedule: { cron: '0 4 * * *', timeZone: 'Europe/Berlin' }, days: 25 / 24 },
    { schedule: { cron: '0 4 1 * *', blackout: [{ from: '2026-12-01', to: '2026-12-01' }] }, days: 61 },
  ])('of $schedule is $days days', ({ schedule, days }) => {
    expect(longestGap(schedule, from) / day).toBeCloseTo(days, 6);
  });
});

describe('a plan on a schedule', () => {
  const plan = (longest: '28 days' | '27 days') =>
    ({ strategy: 'dual-user', consumers: [{ name: 'web', chain: [{ kind: 'cache', longest }] }] }) as const;

  it('is refused when February is too short for it', () => {
    expect(() => scheduledPlan(plan('28 days'), { cron: '0 4 1 * *' }, from)).toThrow(PlanError);
  });

  it('has the interval of the worst month', () => {
    expect(scheduledPlan(plan('27 days'), { cron: '0 4 1 * *' }, from).every).toBe(28 * day);
  });
});

describe('the next rotation', () => {
  it.each<{ name: string; schedule: RotationSchedule; after: string; next: string }>([
    { name: 'of a period', schedule: { every: '1h' }, after: '2026-01-01T00:00Z', next: '2026-01-01T01:00:00.000Z' },
    {
      name: 'of a calendar in a time zone',
      schedule: { cron: '0 4 1 * *', timeZone: 'Europe/Berlin' },
      after: '2026-06-02T00:00Z',
      next: '2026-07-01T02:00:00.000Z',
    },
    {
      name: 'on the last day before a blackout',
      schedule: { cron: '0 4 * * *', blackout: [{ from: '2026-11-26', to: '2026-11-30' }] },
      after: '2026-11-25T00:00Z',
      next: '2026-11-25T04:00:00.000Z',
    },
    {
      name: 'after a blackout, whose ends both count',
      schedule: { cron: '0 4 * * *', blackout: [{ from: '2026-11-26', to: '2026-11-30' }] },
      after: '2026-11-25T04:00Z',
      next: '2026-12-01T04:00:00.000Z',
    },
    {
      name: 'of a blackout that is a day later elsewhere',
      schedule: {
        cron: '30 0 * * *',
        timeZone: 'Asia/Tokyo',
        blackout: [{ from: '2026-11-26', to: '2026-11-26' }],
      },
      after: '2026-11-25T00:00Z',
      next: '2026-11-26T15:30:00.000Z',
    },
  ])('$name', ({ schedule, after, next }) => {
    expect(nextRotation(schedule, new Date(after)).toISOString()).toBe(next);
  });
});

describe('the words of Secrets Manager', () => {
  it.each<{ schedule: RotationSchedule; rules: ReturnType<typeof awsRotationRules> }>([
    { schedule: { every: '30 days', window: '3h' }, rules: { scheduleExpression: 'rate(30 days)', duration: '3h' } },
    { schedule: { every: '4h' }, rules: { scheduleExpression: 'rate(4 hours)' } },
    { schedule: { every: '1 day' }, rules: { scheduleExpression: 'rate(1 day)' } },
    { schedule: { cron: '0 4 1 * *' }, rules: { scheduleExpression: 'cron(0 4 1 * ? *)' } },
    { schedule: { cron: '0 4 * * 0,3' }, rules: { scheduleExpression: 'cron(0 4 ? * 1,4 *)' } },
    { schedule: { cron: '0 4 * * mon-fri' }, rules: { scheduleExpression: 'cron(0 4 ? * MON-FRI *)' } },
    { schedule: { cron: '0 4,8 * * *' }, rules: { scheduleExpression: 'cron(0 4,8 * * ? *)' } },
    { schedule: { cron: '0 4 * * 7' }, rules: { scheduleExpression: 'cron(0 4 ? * 1 *)' } },
  ])('for $schedule', ({ schedule, rules }) => {
    expect(awsRotationRules(schedule)).toEqual(rules);
  });

  it.each<{ schedule: RotationSchedule; says: string }>([
    {
      schedule: { every: '3h' },
      says: 'Secrets Manager rotates every 4h or less often, in whole hours, got 3h. Write for example "30 days".',
    },
    {
      schedule: { every: '1000 days' },
      says: 'Secrets Manager rotates at least every 999 days, got 1000. Write a shorter period.',
    },
    {
      schedule: { every: '30 days', window: '90m' },
      says: 'Secrets Manager takes windows of 1h to 24h in whole hours, got 1h 30m. Write for example "3h".',
    },
    {
      schedule: { cron: '0 4 1 * *', timeZone: 'Europe/Berlin' },
      says: 'Secrets Manager keeps UTC, got the time zone "Europe/Berlin". Leave it out, and write the hours in UTC.',
    },
    {
      schedule: { cron: '0 4 1 * *', blackout: [{ from: '2026-11-26', to: '2026-11-30' }] },
      says: 'Secrets Manager has no blackout days. Leave `blackout` out, or rotate with a CronJob, which keeps them.',
    },
    {
      schedule: { cron: '30 4 1 * *' },
      says: 'Secrets Manager starts rotations on the hour, got minute "30" in "30 4 1 * *". Write 0.',
    },
    {
      schedule: { cron: '0 4,7 * * *' },
      says: 'Secrets Manager rotates every 4h or less often, and "0 4,7 * * *" runs after 3h. Write fewer hours.',
    },
    {
      schedule: { cron: '0 4 1 * 1' },
      says: 'Secrets Manager takes a day of the month or a day of the week, got both in "0 4 1 * 1". Write * for one.',
    },
    {
      schedule: { cron: '0 4 * * */2' },
      says: 'Days of the week as "*/2" have no form in Secrets Manager. List them: "1,3,5".',
    },
    {
      schedule: { cron: '0 4 * * 5-7' },
      says: 'Days of the week as "5-7" have no form in Secrets Manager. List them: "1,3,5".',
    },
  ])('cannot say $schedule', ({ schedule, says }) => {
    expect(() => awsRotationRules(schedule)).toThrow(new ScheduleError(says));
  });
});

describe('the timing of a CronJob', () => {
  it('is the calendar, and a window is how late it may start', () => {
    expect(cronJobTiming({ cron: '0 4 1 * *', timeZone: 'Europe/Berlin', window: '2h' })).toEqual({
      schedule: '0 4 1 * *',
      timeZone: 'Europe/Berlin',
      startingDeadlineSeconds: 7_200,
    });
  });

  it('cannot be a period', () => {
    expect(() => cronJobTiming({ every: '30 days' })).toThrow(
      new ScheduleError('A CronJob knows calendars, not periods, got every 30d. Write `cron`, such as "0 4 1 * *".'),
    );
  });
});

describe('a schedule that cannot be read', () => {
  it.each<{ schedule: RotationSchedule; says: string }>([
    {
      schedule: { cron: '0 0 4 1 * *' },
      says: '"0 0 4 1 * *" is not a schedule of five fields (minute, hour, day of month, month, day of week). Write for example "0 4 1 * *".',
    },
    {
      schedule: { cron: '0 25 1 * *' },
      says: '"0 25 1 * *" cannot be read as a schedule. Write for example "0 4 1 * *".',
    },
    {
      schedule: { cron: '0 4 1 * *', timeZone: 'Berlin' },
      says: '"Berlin" is not a time zone. Write an IANA name such as "Europe/Berlin".',
    },
    {
      schedule: { cron: '0 4 1 * *', blackout: [{ from: 'Friday', to: '2026-11-30' }] },
      says: '"Friday" in `blackout` is not a day. Write for example "2026-11-27".',
    },
    {
      schedule: { cron: '0 4 * * *', blackout: [{ from: '2020-01-01', to: '2099-01-01' }] },
      says: 'The schedule "0 4 * * *" has no day outside its blackout in 5 years. Shorten `blackout`.',
    },
  ])('$schedule', ({ schedule, says }) => {
    expect(() => nextRotation(schedule, from)).toThrow(new ScheduleError(says));
  });

  it('runs less than twice in five years', () => {
    expect(() => shortestGap({ cron: '0 4 31 2 *' }, from)).toThrow(
      new ScheduleError('The schedule "0 4 31 2 *" runs less than twice in 5 years. Write for example "0 4 1 * *".'),
    );
  });
});
