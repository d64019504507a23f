import { type FailureCause, failureCauses } from '@keyturn/plan';

import { causeOf } from '../cause.js';
import type { Query } from '../drive.js';
import type { Fate } from '../evidence.js';
import type { PhaseRecord } from '../phase.js';
import { type Causes, countCauses, summaryOf } from '../summary.js';
import { causeNames } from '../words.js';
import type { Held } from './held.js';
import type { Budget } from './options.js';
import { type Prevention, preventions } from './prevention.js';
import type { Turn } from './rotate.js';

/** One line of the budget, and what was seen. */
export interface Check {
  readonly name: 'application' | 'failed requests' | 'longest gap' | 'time to drain' | 'load';
  readonly allowed: string;
  readonly seen: string;
  readonly holds: boolean;
}

/** What a rehearsal found out. */
export interface Verdict {
  readonly passed: boolean;
  readonly rotations: number;
  readonly requests: number;
  readonly failed: number;
  /** Failures while the database was restarted on request, which the budget does not count. */
  readonly excused: number;
  readonly causes: Causes;
  /** What the failed requests were answered with, such as `HTTP 500` or `ECONNRESET`, and how often. */
  readonly answers: Readonly<Record<string, number>>;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly longestGapMs: number;
  /** Longest time until nobody was connected with the older credential; absent when a rotation did not get there, or has no such end. */
  readonly drainMs?: number;
  /** Whether the processes of the application could be observed from inside. */
  readonly observed: boolean;
  /** Instances that ended by themselves, or had to be killed. */
  readonly fates: readonly (Fate & { readonly instance: string })[];
  readonly held: readonly (Held & { readonly rotation: number })[];
  readonly checks: readonly Check[];
  readonly preventions: readonly (Prevention & { readonly cause: FailureCause })[];
}

export function verdictOf(record: PhaseRecord, turns: readonly Turn[], budget: Budget): Verdict {
  const all = record.queries.filter((query) => query.failed !== undefined);
  const failed = all.filter((query) => !excuses(record, query));
  const causes = countCauses(failed, record);
  const held = turns.flatMap((turn) => turn.held.map((one) => ({ ...one, rotation: turn.rotation })));
  const gap = longestGap(record);
  const stuck = turns.filter((turn) => turn.held.length > 0);
  const drained = turns.flatMap(({ drainedMs }) => (drainedMs === undefined ? [] : [drainedMs]));
  const succeeded = record.queries.length - all.length;
  const fates = record.evidence.instances.flatMap(({ instance, fate }) => (fate ? [{ instance, ...fate }] : []));
  const gone = fates.filter(({ byItself }) => byItself).length;
  const checks: Check[] = [
    {
      name: 'application',
      allowed: 'no instance ends by itself',
      seen: gone === 0 ? 'none did' : `${gone} did`,
      holds: gone === 0,
    },
    { name: 'load', allowed: 'at least 1 success', seen: `${succeeded} successes`, holds: succeeded > 0 },
    {
      name: 'failed requests',
      allowed: `at most ${budget.maxFailed}`,
      seen: String(failed.length),
      holds: failed.length <= budget.maxFailed,
    },
    ...(budget.maxGapMs === undefined
      ? []
      : [
          {
            name: 'longest gap' as const,
            allowed: `at most ${budget.maxGapMs} ms`,
            seen: `${gap} ms`,
            holds: gap <= budget.maxGapMs,
          },
        ]),
    ...(drained.length + stuck.length === 0
      ? []
      : [
          {
            name: 'time to drain' as const,
            allowed: `at most ${budget.maxDrainMs} ms`,
            seen:
              stuck.length > 0
                ? `not drained in ${stuck.length} of ${turns.length} rotations`
                : `${Math.round(Math.max(...drained))} ms`,
            holds: stuck.length === 0 && Math.max(...drained) <= budget.maxDrainMs,
          },
        ]),
  ];
  const { p50Ms, p99Ms } = summaryOf(record);
  return {
    passed: checks.every(({ holds }) => holds),
    rotations: turns.length,
    requests: record.queries.length,
    failed: failed.length,
    excused: all.length - failed.length,
    causes,
    answers: countAnswers(failed),
    p50Ms,
    p99Ms,
    longestGapMs: gap,
    ...(stuck.length === 0 && drained.length > 0 ? { drainMs: Math.round(Math.max(...drained)) } : {}),
    observed: record.evidence.instances.some(({ logins }) => logins.length > 0),
    fates,
    held,
    checks,
    preventions: failureCauses.flatMap((cause) =>
      cause !== 'unknown' && (causes[cause] > 0 || held.some((one) => one.cause === cause))
        ? [{ cause, ...preventions[cause] }]
        : [],
    ),
  };
}

function countAnswers(failed: readonly Query[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { failed: answer = '' } of failed) counts[answer] = (counts[answer] ?? 0) + 1;
  return Object.fromEntries(Object.entries(counts).sort(([, one], [, other]) => other - one));
}

/** A failure that no credential caused, while the database was away on request. */
function excuses(record: PhaseRecord, query: Query): boolean {
  return (
    (record.excused ?? []).some(({ from, to }) => query.endedAt >= from && query.sentAt <= to) &&
    causeOf(query, record.evidence) === 'unknown'
  );
}

/** Longest time that an instance with requests waiting went without a success. A time without requests is no gap. */
export function longestGap(record: PhaseRecord): number {
  const gaps = record.evidence.instances.map(({ instance, startedAt, endedAt = Number.POSITIVE_INFINITY }) => {
    const queries = record.queries
      .filter((query) => query.instance === instance && query.sentAt >= startedAt && query.endedAt <= endedAt)
      .sort((one, other) => one.endedAt - other.endedAt);
    let last = Number.NEGATIVE_INFINITY;
    let longest = 0;
    let waitingSince = Number.POSITIVE_INFINITY;
    for (const query of queries) {
      waitingSince = Math.min(waitingSince, query.dueAt);
      if (!excuses(record, query)) longest = Math.max(longest, query.endedAt - Math.max(last, waitingSince));
      if (query.failed === undefined) {
        last = query.endedAt;
        waitingSince = Number.POSITIVE_INFINITY;
      }
    }
    return longest;
  });
  return Math.round(Math.max(0, ...gaps));
}

/** Why causes that need logins are unknown. */
export const notObserved =
  'No login of the application was seen: its connections may be encrypted, or this is not Linux. Causes that need it are unknown.';

/** `1 rotation`, `2 rotations`. */
export function countOf(count: number, one: string): string {
  return `${count} ${one}${count === 1 ? '' : 's'}`;
}

/** The verdict in lines for a person. */
export function verdictText(verdict: Verdict): string {
  const { passed, requests, rotations, failed, excused, causes, held, checks, observed } = verdict;
  const causesSeen = failureCauses.filter((cause) => causes[cause] > 0);
  return [
    `${passed ? 'PASSED' : 'FAILED'}: ${failed} of ${requests} requests failed in ${countOf(rotations, 'rotation')}.`,
    ...(excused > 0 ? [`  ${excused} more while the database was restarted on request; they do not count.`] : []),
    ...checks.map(({ name, allowed, seen, holds }) => `  ${holds ? 'ok  ' : 'FAIL'}  ${name}: ${seen} (${allowed})`),
    ...causesSeen.map((cause) => `  cause: ${causeNames[cause]}, ${causes[cause]} requests`),
    ...Object.entries(verdict.answers).map(([answer, count]) => `  answered: ${answer}, ${count} requests`),
    ...verdict.fates.map(({ instance, what }) => `  ended: ${instance} ${what}`),
    ...held.map(
      ({ rotation, instance, connections, cause }) =>
        `  held: in rotation ${rotation}, ${instance} kept ${connections} connections with the older credential (${causeNames[cause]})`,
    ),
    ...verdict.preventions.map(
      ({ cause, rule, component, how }) => `  prevent ${causeNames[cause]}: rule ${rule}, ${component}. ${how}`,
    ),
    ...(observed ? [] : [`  ${notObserved}`]),
  ].join('\n');
}
