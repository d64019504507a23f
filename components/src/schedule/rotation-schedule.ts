import { checkPlan, type Duration, formatDuration, milliseconds, type Plan } from '@keyturn/plan';
import { Cron } from 'croner';

interface ScheduleBase {
  /** How late a rotation may start after its time. Default: the platform's. */
  readonly window?: Duration;
}

/** The same length of time again and again, from whenever it was set up. */
export interface PeriodSchedule extends ScheduleBase {
  readonly every: Duration;
}

/** Times of a calendar. */
export interface CalendarSchedule extends ScheduleBase {
  /** Minute, hour, day of month, month, day of week: `0 4 1 * *`. */
  readonly cron: string;
  /** IANA name, such as `Europe/Berlin`. Default: `UTC`. */
  readonly timeZone?: string;
  /** Days on which nothing rotates, both ends included, in the schedule's time zone. Default: none. */
  readonly blackout?: readonly Blackout[];
}

/** Days as `2026-11-27`. */
export interface Blackout {
  readonly from: string;
  readonly to: string;
}

/** When a rotation runs, on whatever platform. */
export type RotationSchedule = PeriodSchedule | CalendarSchedule;

/** A schedule cannot be read, or a platform cannot keep it; the message says what to write. */
export class ScheduleError extends Error {
  override readonly name = 'ScheduleError';
}

/** Enough rotations to see every month, leap day and change of the clocks. */
const simulatedYears = 5;

/**
 * The shortest time between two rotations, in milliseconds. A calendar is run through five years from `from`; a blackout only makes gaps longer,
 * so it does not count.
 *
 * @throws ScheduleError when the schedule cannot be read, or runs less than twice in five years.
 */
export function shortestGap(schedule: RotationSchedule, from: Date = new Date()): number {
  if ('every' in schedule) return milliseconds(schedule.every);
  return Math.min(...gapsOf(schedule, from, () => true));
}

/**
 * The longest time between two rotations, in milliseconds: a credential that is older is late. Days of a blackout count.
 *
 * @throws ScheduleError when the schedule cannot be read, or runs less than twice in five years.
 */
export function longestGap(schedule: RotationSchedule, from: Date = new Date()): number {
  if ('every' in schedule) return milliseconds(schedule.every);
  return Math.max(...gapsOf(schedule, from, (run) => !isBlackedOut(schedule, run)));
}

function gapsOf(schedule: CalendarSchedule, from: Date, counts: (run: Date) => boolean): number[] {
  const cron = calendarOf(schedule);
  const end = new Date(from);
  end.setUTCFullYear(end.getUTCFullYear() + simulatedYears);
  const gaps: number[] = [];
  let last: Date | undefined;
  let next = cron.nextRun(from);
  for (let runs = 0; next !== null && next < end && runs < mostRuns; runs += 1) {
    if (counts(next)) {
      if (last !== undefined) gaps.push(next.getTime() - last.getTime());
      last = next;
    }
    next = cron.nextRun(next);
  }
  if (gaps.length === 0) {
    throw new ScheduleError(
      `The schedule "${schedule.cron}" runs less than twice in ${simulatedYears} years. Write for example "0 4 1 * *".`,
    );
  }
  return gaps;
}

/** A schedule this dense is refused by every plan long before. */
const mostRuns = 50_000;

/**
 * The plan with the interval that the schedule keeps at worst: `0 4 1 * *` is 28 days, not a month.
 *
 * @throws ScheduleError when the schedule cannot be read.
 * @throws PlanError when that interval is shorter than the smallest safe one.
 */
export function scheduledPlan(plan: Omit<Plan, 'every'>, schedule: RotationSchedule, from?: Date): Plan {
  return checkPlan({ ...plan, every: shortestGap(schedule, from) });
}

/**
 * The next time a rotation starts, after `after`; days of a blackout are left out. A period counts from `after`.
 *
 * @throws ScheduleError when the schedule cannot be read, or a blackout leaves nothing in five years.
 */
export function nextRotation(schedule: RotationSchedule, after: Date): Date {
  if ('every' in schedule) return new Date(after.getTime() + milliseconds(schedule.every));
  const cron = calendarOf(schedule);
  const end = new Date(after);
  end.setUTCFullYear(end.getUTCFullYear() + simulatedYears);
  for (let next = cron.nextRun(after); next !== null && next < end; next = cron.nextRun(next)) {
    if (!isBlackedOut(schedule, next)) return next;
  }
  throw new ScheduleError(
    `The schedule "${schedule.cron}" has no day outside its blackout in ${simulatedYears} years. Shorten \`blackout\`.`,
  );
}

/** What `aws.secretsmanager.SecretRotation` takes as `rotationRules`. */
export interface AwsRotationRules {
  readonly scheduleExpression: string;
  readonly duration?: string;
}

const hour = 3_600_000;
const day = 24 * hour;

/**
 * The schedule in the words of AWS Secrets Manager, which knows only UTC, whole hours, and nothing under four hours.
 *
 * @throws ScheduleError for what Secrets Manager cannot keep.
 */
export function awsRotationRules(schedule: RotationSchedule): AwsRotationRules {
  const window = schedule.window === undefined ? undefined : milliseconds(schedule.window);
  if (window !== undefined && (window < hour || window > day || window % hour !== 0)) {
    throw new ScheduleError(
      `Secrets Manager takes windows of 1h to 24h in whole hours, got ${formatDuration(window)}. Write for example "3h".`,
    );
  }
  const duration = window === undefined ? {} : { duration: `${window / hour}h` };
  if ('every' in schedule) return { scheduleExpression: awsRate(milliseconds(schedule.every)), ...duration };

  if ((schedule.timeZone ?? 'UTC') !== 'UTC') {
    throw new ScheduleError(
      `Secrets Manager keeps UTC, got the time zone "${schedule.timeZone ?? ''}". Leave it out, and write the hours in UTC.`,
    );
  }
  if (schedule.blackout !== undefined && schedule.blackout.length > 0) {
    throw new ScheduleError(
      'Secrets Manager has no blackout days. Leave `blackout` out, or rotate with a CronJob, which keeps them.',
    );
  }
  const expression = awsCron(schedule);
  const gap = shortestGap(schedule);
  if (gap < 4 * hour) {
    throw new ScheduleError(
      `Secrets Manager rotates every 4h or less often, and "${schedule.cron}" runs after ${formatDuration(gap)}. Write fewer hours.`,
    );
  }
  return { scheduleExpression: expression, ...duration };
}

function awsRate(ms: number): string {
  if (ms < 4 * hour || ms % hour !== 0) {
    throw new ScheduleError(
      `Secrets Manager rotates every 4h or less often, in whole hours, got ${formatDuration(ms)}. Write for example "30 days".`,
    );
  }
  const [count, unit] = ms % day === 0 ? [ms / day, 'day'] : [ms / hour, 'hour'];
  if (count > 999) {
    throw new ScheduleError(
      `Secrets Manager rotates at least every 999 ${unit}s, got ${count}. Write a shorter period.`,
    );
  }
  return `rate(${count} ${unit}${count === 1 ? '' : 's'})`;
}

/** AWS wants minutes, hours, day of month, month, day of week, year; one of the two days is `?`, and Sunday is 1. */
function awsCron(schedule: CalendarSchedule): string {
  calendarOf(schedule);
  const [minute, hours, dayOfMonth, month, dayOfWeek] = schedule.cron.trim().split(/\s+/);
  if (minute !== '0' && minute !== '00') {
    throw new ScheduleError(
      `Secrets Manager starts rotations on the hour, got minute "${minute ?? ''}" in "${schedule.cron}". Write 0.`,
    );
  }
  if (dayOfMonth !== '*' && dayOfWeek !== '*') {
    throw new ScheduleError(
      `Secrets Manager takes a day of the month or a day of the week, got both in "${schedule.cron}". Write * for one.`,
    );
  }
  const days = dayOfWeek === '*' ? [dayOfMonth, month, '?'] : ['?', month, awsDaysOfWeek(dayOfWeek ?? '')];
  return `cron(0 ${hours} ${days.join(' ')} *)`;
}

function awsDaysOfWeek(days: string): string {
  return days
    .split(',')
    .map((part) => {
      const range = part
        .split('-')
        .map((name) => (/^\d$/.test(name) ? String((Number(name) % 7) + 1) : name.toUpperCase()));
      if (part.includes('/') || (range.length === 2 && Number(range[0]) > Number(range[1]))) {
        throw new ScheduleError(`Days of the week as "${part}" have no form in Secrets Manager. List them: "1,3,5".`);
      }
      return range.join('-');
    })
    .join(',');
}

/** What a Kubernetes CronJob takes. The job itself asks `nextRotation` before it acts, which keeps blackouts. */
export interface CronJobTiming {
  readonly schedule: string;
  readonly timeZone: string;
  readonly startingDeadlineSeconds?: number;
}

/**
 * @throws ScheduleError for a period, which a CronJob cannot keep: it knows calendars only.
 */
export function cronJobTiming(schedule: RotationSchedule): CronJobTiming {
  if ('every' in schedule) {
    throw new ScheduleError(
      `A CronJob knows calendars, not periods, got every ${formatDuration(milliseconds(schedule.every))}. Write \`cron\`, such as "0 4 1 * *".`,
    );
  }
  calendarOf(schedule);
  return {
    schedule: schedule.cron,
    timeZone: schedule.timeZone ?? 'UTC',
    ...(schedule.window === undefined
      ? {}
      : { startingDeadlineSeconds: Math.ceil(milliseconds(schedule.window) / 1_000) }),
  };
}

function calendarOf({ cron, timeZone = 'UTC' }: CalendarSchedule): Cron {
  if (cron.trim().split(/\s+/).length !== 5) {
    throw new ScheduleError(
      `"${cron}" is not a schedule of five fields (minute, hour, day of month, month, day of week). Write for example "0 4 1 * *".`,
    );
  }
  try {
    new Intl.DateTimeFormat('en', { timeZone });
  } catch (cause) {
    throw new ScheduleError(`"${timeZone}" is not a time zone. Write an IANA name such as "Europe/Berlin".`, { cause });
  }
  try {
    return new Cron(cron, { timezone: timeZone, paused: true });
  } catch (cause) {
    throw new ScheduleError(`"${cron}" cannot be read as a schedule. Write for example "0 4 1 * *".`, { cause });
  }
}

function isBlackedOut({ blackout = [], timeZone = 'UTC' }: CalendarSchedule, at: Date): boolean {
  // The Swedish form of a date is the ISO form.
  const today = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short' }).format(at);
  return blackout.some(({ from, to }) => {
    for (const date of [from, to]) {
      if (!/^\d{4}-\d{2}-\d{2}$/.test(date) || Number.isNaN(Date.parse(date))) {
        throw new ScheduleError(`"${date}" in \`blackout\` is not a day. Write for example "2026-11-27".`);
      }
    }
    return from <= today && today <= to;
  });
}
