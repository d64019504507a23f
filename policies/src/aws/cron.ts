const hour = 3_600_000;
const day = 24 * hour;
const months = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const weekdays = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];

/**
 * The longest number of days between two days on which a cron expression of AWS (minutes, hours, day of month, month, day of
 * week, year) runs. `undefined` when it cannot be read, or does not run twice in eight years.
 */
export function longestGapOfCron(expression: string): number | undefined {
  const days = daysOf(expression);
  return days && days.length > 1 ? gapsBetween(days).reduce((a, b) => Math.max(a, b)) / day : undefined;
}

/** The shortest time between two runs, in milliseconds, minutes left aside. `undefined` when it cannot be read. */
export function shortestGapOfCron(expression: string): number | undefined {
  const days = daysOf(expression);
  const hours = numbers(expression.trim().split(/\s+/)[1] ?? '', 0, 23);
  if (!days || !hours) return undefined;
  const runs = days.flatMap((at) => [...hours].sort((a, b) => a - b).map((each) => at + each * hour));
  return runs.length > 1 ? gapsBetween(runs).reduce((a, b) => Math.min(a, b)) : undefined;
}

function gapsBetween(times: readonly number[]): readonly number[] {
  return times.slice(1).map((at, index) => at - (times[index] ?? at));
}

/** The days of eight years on which an expression runs. */
function daysOf(expression: string): readonly number[] | undefined {
  const fields = expression.trim().split(/\s+/);
  const [, , dayOfMonth, month, dayOfWeek, year] = fields;
  if (
    fields.length !== 6 ||
    dayOfMonth === undefined ||
    month === undefined ||
    dayOfWeek === undefined ||
    year === undefined
  ) {
    return undefined;
  }
  const runsIn = numbers(month, 1, 12, months);
  const onDay = dayOfMonthMatcher(dayOfMonth);
  const onWeekday = dayOfWeekMatcher(dayOfWeek);
  if (!runsIn || !onDay || !onWeekday || year !== '*') return undefined;

  // Eight years hold a leap day, and every weekday on it or beside it.
  const start = Date.UTC(2024, 0, 1);
  const days: number[] = [];
  for (let at = start; at < start + 8 * 366 * day; at += day) {
    const date = new Date(at);
    if (runsIn.has(date.getUTCMonth() + 1) && onDay(date) && onWeekday(date)) days.push(at);
  }
  return days;
}

type Matcher = (date: Date) => boolean;

function dayOfMonthMatcher(field: string): Matcher | undefined {
  if (field === '?' || field === '*') return () => true;
  if (field === 'L') return (date) => date.getUTCDate() === daysIn(date);
  const nearest = /^(\d+)W$/.exec(field);
  if (nearest) {
    const wanted = Number(nearest[1]);
    return (date) => date.getUTCDate() === nearestWeekday(date, wanted);
  }
  const days = numbers(field, 1, 31);
  return days && ((date) => days.has(date.getUTCDate()));
}

function dayOfWeekMatcher(field: string): Matcher | undefined {
  if (field === '?' || field === '*') return () => true;
  const nth = /^([1-7]|[A-Z]{3})#([1-5])$/i.exec(field);
  if (nth) {
    const weekday = numbers(nth[1] ?? '', 1, 7, weekdays);
    return (
      weekday && ((date) => weekday.has(date.getUTCDay() + 1) && Math.ceil(date.getUTCDate() / 7) === Number(nth[2]))
    );
  }
  const last = /^([1-7]|[A-Z]{3})L$/i.exec(field);
  if (last) {
    const weekday = numbers(last[1] ?? '', 1, 7, weekdays);
    return weekday && ((date) => weekday.has(date.getUTCDay() + 1) && date.getUTCDate() > daysIn(date) - 7);
  }
  const days = numbers(field, 1, 7, weekdays);
  return days && ((date) => days.has(date.getUTCDay() + 1));
}

/** `1,15`, `1-5`, `2/4`, `JAN-MAR`. */
function numbers(
  field: string,
  low: number,
  high: number,
  names: readonly string[] = [],
): ReadonlySet<number> | undefined {
  const result = new Set<number>();
  const value = (word: string): number => {
    const named = names.indexOf(word.toUpperCase());
    return named >= 0 ? low + named : /^\d+$/.test(word) ? Number(word) : NaN;
  };
  for (const part of field.split(',')) {
    const [range = '', step, more] = part.split('/');
    if (more !== undefined) return undefined;
    const [from = '', to] = range.split('-');
    const first = range === '*' || range === '?' ? low : value(from);
    const last = to !== undefined ? value(to) : range === '*' || range === '?' || step !== undefined ? high : first;
    const by = step === undefined ? 1 : Number(step);
    if (!(first >= low && last <= high && first <= last && by >= 1)) return undefined;
    for (let number = first; number <= last; number += by) result.add(number);
  }
  return result;
}

function daysIn(date: Date): number {
  return new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
}

function nearestWeekday(date: Date, wanted: number): number {
  const count = daysIn(date);
  const target = Math.min(wanted, count);
  const weekday = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), target)).getUTCDay();
  if (weekday === 6) return target === 1 ? 3 : target - 1;
  if (weekday === 0) return target === count ? target - 2 : target + 1;
  return target;
}
