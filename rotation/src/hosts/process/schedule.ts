import { createHash } from 'node:crypto';

import {
  type Blackout,
  type Day,
  days,
  formatDuration,
  milliseconds,
  type Plan,
  type Schedule,
  smallestSafeInterval,
  type Window,
} from '@keyturn/plan';
import { Cron } from 'croner';

export { type Blackout, type Day, days, type Schedule, type Window };

/** The schedule says what cannot be. */
export class ScheduleError extends Error {
  override readonly name = 'ScheduleError';
}

/**
 * Returns the schedule when it can work with the plan.
 *
 * @throws ScheduleError for an unreadable cron, timezone, time or date, and for a cron that runs faster than the smallest safe interval.
 */
export function checkSchedule(schedule: Schedule, plan: Plan): Schedule {
  checkTimezone(schedule.timezone);
  for (const { from, to } of schedule.windows ?? []) {
    for (const time of [from, to]) {
      if (/^([01]\d|2[0-3]):[0-5]\d$/.test(time)) continue;
      throw new ScheduleError(`A window goes from HH:MM to HH:MM, got "${time}". Write for example "02:30".`);
    }
    if (from === to)
      throw new ScheduleError(`A window from ${from} to ${to} is never open. Leave it out to allow all day.`);
  }
  for (const { from, to } of schedule.blackouts ?? []) {
    for (const date of [from, to]) {
      if (/^\d{4}-\d{2}-\d{2}$/.test(date) && !Number.isNaN(Date.parse(date))) continue;
      throw new ScheduleError(
        `A blackout goes from YYYY-MM-DD to YYYY-MM-DD, got "${date}". Write for example "2026-12-24".`,
      );
    }
    if (to < from) throw new ScheduleError(`A blackout cannot end on ${to} before it begins on ${from}. Swap the two.`);
  }
  milliseconds(schedule.jitter ?? 0);
  if (schedule.cron !== undefined) checkCron(schedule.cron, schedule, plan);
  return schedule;
}

function checkTimezone(timezone: string | undefined): void {
  try {
    new Intl.DateTimeFormat('en', { timeZone: timezone ?? 'UTC' });
  } catch (cause) {
    throw new ScheduleError(`There is no time zone "${timezone ?? ''}". Write an IANA name such as "Europe/Berlin".`, {
      cause,
    });
  }
}

const looked = 60;

function checkCron(pattern: string, schedule: Schedule, plan: Plan): void {
  let runs: readonly Date[];
  try {
    runs = cronOf(pattern, schedule).nextRuns(looked, new Date('2026-01-01T00:00:00Z'));
  } catch (cause) {
    throw new ScheduleError(`Cannot read the cron "${pattern}". Write five fields, for example "0 3 * * tue".`, {
      cause,
    });
  }
  if (runs.length === 0) throw new ScheduleError(`The cron "${pattern}" never runs. Write for example "0 3 * * tue".`);
  const safe = smallestSafeInterval(plan).ms + milliseconds(schedule.jitter ?? 0);
  for (const [index, run] of runs.entries()) {
    const gap = run.getTime() - (runs[index - 1]?.getTime() ?? Number.NEGATIVE_INFINITY);
    if (gap >= safe) continue;
    throw new ScheduleError(
      `The cron "${pattern}" runs ${formatDuration(gap)} after itself, and the smallest safe interval with jitter is ${formatDuration(safe)}. Run less often, or shorten a link.`,
    );
  }
}

/** When the next rotation is due, in milliseconds since 1970; the time of the first publication is now. */
export function dueAt(
  schedule: Schedule,
  plan: Pick<Plan, 'every'>,
  pair: { readonly name: string; readonly publishedAt?: number | undefined; readonly generation: number },
  now: number,
): number {
  if (pair.publishedAt === undefined) return now;
  const share = milliseconds(schedule.jitter ?? 0) * fraction(`${pair.name}\0${pair.generation}`);
  if (schedule.cron === undefined) return pair.publishedAt + milliseconds(plan.every) + share;
  const next = cronOf(schedule.cron, schedule).nextRun(new Date(pair.publishedAt));
  return (next?.getTime() ?? Number.POSITIVE_INFINITY) + share;
}

const mostSteps = 2_000;

/** The first instant from `at` on at which windows and blackouts let something be changed. */
export function allowedFrom(schedule: Schedule, at: number): number {
  let time = at;
  for (let step = 0; step < mostSteps; step += 1) {
    const local = localTime(time, schedule.timezone);
    if (blackoutOn(schedule, local.date) !== undefined) {
      time = next('0 0 * * *', schedule, time);
    } else if (schedule.windows === undefined || schedule.windows.some((window) => isOpen(window, local))) {
      return time;
    } else {
      time = Math.min(...schedule.windows.map((window) => next(opening(window), schedule, time)));
    }
  }
  return Number.POSITIVE_INFINITY;
}

function blackoutOn(schedule: Schedule, date: string): Blackout | undefined {
  return schedule.blackouts?.find(({ from, to }) => from <= date && date <= to);
}

interface LocalTime {
  readonly date: string;
  readonly time: string;
  readonly day: number;
}

function isOpen(window: Window, { time, day }: LocalTime): boolean {
  const opensOn = (number: number): boolean => window.days?.includes(days[number] ?? 'sun') ?? true;
  if (window.from < window.to) return opensOn(day) && window.from <= time && time < window.to;
  return (opensOn(day) && window.from <= time) || (opensOn((day + 6) % 7) && time < window.to);
}

function opening({ from, days: on }: Window): string {
  const [hour, minute] = from.split(':').map(Number);
  return `${minute} ${hour} * * ${on?.join(',') ?? '*'}`;
}

function next(pattern: string, schedule: Schedule, after: number): number {
  return cronOf(pattern, schedule).nextRun(new Date(after))?.getTime() ?? Number.POSITIVE_INFINITY;
}

const crons = new Map<string, Cron>();

/** Parsing is the slow part, and thousands of pairs share a few patterns. */
function cronOf(pattern: string, { timezone = 'UTC' }: Schedule): Cron {
  const key = `${timezone} ${pattern}`;
  const cron = crons.get(key) ?? new Cron(pattern, { timezone, paused: true });
  crons.set(key, cron);
  return cron;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function localTime(at: number, timezone = 'UTC'): LocalTime {
  const format =
    formats.get(timezone) ??
    new Intl.DateTimeFormat('en-CA', {
      timeZone: timezone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      weekday: 'short',
    });
  formats.set(timezone, format);
  const parts = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value])) as Readonly<
    Record<'year' | 'month' | 'day' | 'hour' | 'minute' | 'weekday', string>
  >;
  return {
    date: `${parts.year}-${parts.month}-${parts.day}`,
    time: `${parts.hour}:${parts.minute}`,
    day: days.findIndex((name) => parts.weekday.toLowerCase().startsWith(name)),
  };
}

function fraction(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE(0) / 2 ** 32;
}
