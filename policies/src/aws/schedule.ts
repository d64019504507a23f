import { at, number, text, type Resource, type Value } from '@keyturn/resources';
import { longestGapOfCron, shortestGapOfCron } from './cron.js';

const hour = 3_600_000;
const day = 24 * hour;

/** How often a rotation of AWS Secrets Manager runs. */
export type Schedule =
  | { readonly is: 'every'; readonly days: number; readonly written: string }
  | { readonly is: 'absent' }
  | { readonly is: 'unknown'; readonly because: string };

/** `aws` writes `rotationRules` as an object, `aws-native` too; some states hold a list of one. */
export function rulesOf(rotation: Resource): Value {
  const rules = at(rotation.properties, 'rotationRules');
  return rules.kind === 'list' ? at(rules, 0) : rules;
}

export function scheduleOf(rotation: Resource): Schedule {
  const rules = rulesOf(rotation);
  const after = at(rules, 'automaticallyAfterDays');
  const expression = at(rules, 'scheduleExpression');
  for (const value of [after, expression]) {
    if (value.kind === 'unknown') return { is: 'unknown', because: 'its schedule is not known before the deployment' };
  }
  const days = number(after) ?? numberIn(text(after));
  if (days !== undefined) return { is: 'every', days, written: `every ${days} days` };
  const written = text(expression);
  if (written === undefined) return { is: 'absent' };
  const gap = daysOfExpression(written);
  return gap === undefined
    ? { is: 'unknown', because: 'its schedule expression cannot be read' }
    : { is: 'every', days: gap, written: `every ${round(gap)} days at the longest` };
}

/**
 * The shortest time between two rotations, in milliseconds: what two schedules are apart, less the window (`duration`), in which
 * Secrets Manager may begin the first late and the second early. `undefined` when the schedule cannot be read.
 */
export function shortestGapOf(rotation: Resource): number | undefined {
  const rules = rulesOf(rotation);
  const after = at(rules, 'automaticallyAfterDays');
  const expression = at(rules, 'scheduleExpression');
  const duration = at(rules, 'duration');
  if ([rules, after, expression, duration].some(({ kind }) => kind === 'unknown')) return undefined;
  const days = number(after) ?? numberIn(text(after));
  const gap = days === undefined ? gapOfExpression(text(expression) ?? '') : days * day;
  const window = Number(/^(\d+)h$/.exec(text(duration) ?? '')?.[1] ?? 0) * hour;
  return gap === undefined ? undefined : Math.max(0, gap - window);
}

function gapOfExpression(expression: string): number | undefined {
  const cron = /^\s*cron\((.*)\)\s*$/.exec(expression)?.[1];
  if (cron !== undefined) return shortestGapOfCron(cron);
  const days = daysOfExpression(expression);
  return days === undefined ? undefined : days * day;
}

function numberIn(written: string | undefined): number | undefined {
  return written !== undefined && /^\d+$/.test(written) ? Number(written) : undefined;
}

/** The longest time between two runs of `rate(…)` or `cron(…)`, in days. */
export function daysOfExpression(expression: string): number | undefined {
  const rate = /^\s*rate\(\s*(\d+)\s+(minute|hour|day)s?\s*\)\s*$/.exec(expression);
  if (rate) return Number(rate[1]) / ({ minute: 1440, hour: 24, day: 1 }[rate[2] ?? 'day'] ?? 1);
  const cron = /^\s*cron\((.*)\)\s*$/.exec(expression);
  return cron?.[1] === undefined ? undefined : longestGapOfCron(cron[1]);
}

function round(days: number): number {
  return Math.round(days * 100) / 100;
}
