import { createHistogram } from 'node:perf_hooks';

import { type FailureCause, failureCauses } from '@keyturn/plan';

import { causeOf } from './cause.js';
import type { Query } from './drive.js';
import type { Fingerprint, InstanceEvidence } from './evidence.js';
import type { PhaseRecord } from './phase.js';

/** How many queries failed for each cause; a cause that did not occur is 0. */
export type Causes = Readonly<Record<FailureCause, number>>;

/** The numbers of a phase. */
export interface PhaseSummary {
  readonly name: string;
  /** How often the source got a new credential under load. */
  readonly rotations: number;
  readonly queries: number;
  readonly failed: number;
  /** Latency of the queries that succeeded, from the moment they were due. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Longest time that an instance under load went without a success. */
  readonly longestGapMs: number;
  /**
   * Longest time from a new credential in the source until every instance had read it and no connection with an older one was open.
   * When that did not happen, the time until the end of the phase.
   */
  readonly convergeMs: number;
  readonly causes: Causes;
}

export function summaryOf(record: PhaseRecord): PhaseSummary {
  const failed = record.queries.filter((query) => query.failed !== undefined);
  const latency = latencies(record.queries);
  const changes = record.evidence.source.filter((held) => held.at > record.startedAt);
  return {
    name: record.name,
    rotations: changes.length,
    queries: record.queries.length,
    failed: failed.length,
    p50Ms: latency.p50Ms,
    p99Ms: latency.p99Ms,
    longestGapMs: round(Math.max(0, ...record.evidence.instances.map((process) => longestGap(process, record)))),
    convergeMs: round(Math.max(0, ...changes.map((change) => convergence(change, record)))),
    causes: countCauses(failed, record),
  };
}

/** The causes of failed queries, counted. */
export function countCauses(failed: readonly Query[], record: PhaseRecord): Causes {
  const causes = Object.fromEntries(failureCauses.map((cause) => [cause, 0])) as Record<FailureCause, number>;
  for (const query of failed) causes[causeOf(query, record.evidence)]++;
  return causes;
}

function latencies(queries: readonly Query[]): { readonly p50Ms: number; readonly p99Ms: number } {
  const microseconds = createHistogram();
  for (const query of queries) {
    if (query.failed === undefined) microseconds.record(Math.max(1, Math.round((query.endedAt - query.dueAt) * 1_000)));
  }
  if (microseconds.count === 0) return { p50Ms: 0, p99Ms: 0 };
  return { p50Ms: round(microseconds.percentile(50) / 1_000), p99Ms: round(microseconds.percentile(99) / 1_000) };
}

function longestGap(process: InstanceEvidence, record: PhaseRecord): number {
  const until = process.endedAt ?? Number.POSITIVE_INFINITY;
  const queries = record.queries.filter(
    (query) => query.instance === process.instance && query.sentAt >= process.startedAt && query.endedAt <= until,
  );
  if (queries.length === 0) return 0;
  const moments = [
    Math.min(...queries.map((query) => query.sentAt)),
    ...queries.filter((query) => query.failed === undefined).map((query) => query.endedAt),
    Math.max(...queries.map((query) => query.endedAt)),
  ].sort((a, b) => a - b);
  return moments.reduce((longest, moment, index) => Math.max(longest, moment - (moments[index - 1] ?? moment)), 0);
}

function convergence(change: { readonly at: number; readonly credential: Fingerprint }, record: PhaseRecord): number {
  const { evidence } = record;
  const since = (credential: Fingerprint | undefined): number =>
    evidence.database.find((accepted) => accepted.credential === credential)?.from ?? Number.NEGATIVE_INFINITY;
  const isOlder = (credential: Fingerprint | undefined): boolean => since(credential) < since(change.credential);
  let last = change.at;
  for (const process of evidence.instances) {
    const gone = process.endedAt ?? record.endedAt;
    const fresh = process.reads.find((held) => !isOlder(held.credential))?.at ?? gone;
    if (process.startedAt < change.at) last = Math.max(last, Math.min(fresh, gone));
    for (const login of process.logins) {
      if (login.refused === undefined && isOlder(login.credential))
        last = Math.max(last, login.closedAt ?? record.endedAt);
    }
  }
  return last - change.at;
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}
