import { quantile } from '../pool-statistics.js';

/** What was seen right after one rotation. */
export interface Sample {
  readonly ms: number;
  readonly heapMb: number;
  /** Roles of the server. */
  readonly roles: number;
  /** Sessions of clients on the server. */
  readonly sessions: number;
  readonly journalRows: number;
  /** The journal with its index, in kilobytes. */
  readonly journalKb: number;
}

/** Totals of the counted rotations. */
export interface Totals {
  readonly seconds: number;
  readonly queries: number;
  readonly failed: number;
  readonly failures: Readonly<Record<string, number>>;
  /** Logins that the server refused and that the pool mended by reading the file again; no query saw them. */
  readonly refusedLogins: number;
}

/** `First` and `Last` are medians over the first and the last tenth of the rotations. */
export interface Endured extends Totals {
  readonly rotations: number;
  readonly heapMbFirst: number;
  readonly heapMbLast: number;
  readonly rolesFirst: number;
  readonly rolesLast: number;
  readonly sessionsFirst: number;
  readonly sessionsLast: number;
  readonly msPerRotation: number;
  readonly msPerRotationFirst: number;
  readonly msPerRotationLast: number;
  readonly journalRowsPerRotation: number;
  readonly journalKbPerRotation: number;
}

/** Memory that may come on top, as a share: one collection of garbage is not like another. */
const heapTolerance = 0.1;

export function enduredOf(samples: readonly Sample[], totals: Totals): Endured {
  const tenth = Math.max(1, Math.floor(samples.length / 10));
  const [first, last] = [samples.slice(0, tenth), samples.slice(-tenth)];
  const growth = (of: (sample: Sample) => number): number => {
    const [from, to] = [samples.at(0), samples.at(-1)];
    return from === undefined || to === undefined || from === to ? 0 : (of(to) - of(from)) / (samples.length - 1);
  };
  return {
    rotations: samples.length,
    ...totals,
    seconds: rounded(totals.seconds),
    heapMbFirst: rounded(median(first, ({ heapMb }) => heapMb)),
    heapMbLast: rounded(median(last, ({ heapMb }) => heapMb)),
    rolesFirst: median(first, ({ roles }) => roles),
    rolesLast: median(last, ({ roles }) => roles),
    sessionsFirst: median(first, ({ sessions }) => sessions),
    sessionsLast: median(last, ({ sessions }) => sessions),
    msPerRotation: rounded(median(samples, ({ ms }) => ms)),
    msPerRotationFirst: rounded(median(first, ({ ms }) => ms)),
    msPerRotationLast: rounded(median(last, ({ ms }) => ms)),
    journalRowsPerRotation: rounded(growth(({ journalRows }) => journalRows)),
    journalKbPerRotation: rounded(growth(({ journalKb }) => journalKb)),
  };
}

/** What does not hold, one sentence each; empty when all does. */
export function problemsOf(endured: Endured): string[] {
  const { failed, queries, heapMbFirst, heapMbLast, rolesFirst, rolesLast, sessionsFirst, sessionsLast } = endured;
  const problems: string[] = [];
  if (queries === 0) problems.push('No query was sent, so nothing is known.');
  if (failed > 0) problems.push(`${failed} of ${queries} queries failed: ${Object.keys(endured.failures).join('; ')}.`);
  if (heapMbLast > heapMbFirst * (1 + heapTolerance)) {
    problems.push(`The heap grew from ${heapMbFirst} MB to ${heapMbLast} MB.`);
  }
  if (rolesLast !== rolesFirst) problems.push(`The server had ${rolesFirst} roles at first and ${rolesLast} at last.`);
  if (sessionsLast > sessionsFirst + 1) {
    problems.push(`The server had ${sessionsFirst} sessions at first and ${sessionsLast} at last.`);
  }
  return problems;
}

function median(samples: readonly Sample[], of: (sample: Sample) => number): number {
  return quantile(
    samples.map(of).sort((a, b) => a - b),
    0.5,
  );
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
