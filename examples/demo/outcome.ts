import {
  type Causes,
  causesOf,
  numbersOf,
  type PhaseRecord,
  type PhaseSummary,
  type ReportSection,
  type ReportTable,
  reportHtml,
  summaryOf,
  timelineSvg,
} from '@keyturn/rehearsal';
import type { Report } from '@keyturn/findings';
import Table from 'cli-table3';

import type { Checks } from './checks.js';
import type { Proof, Rehearsed } from './keyturn.js';
import { scriptBeforeBurstSeconds } from './incident.js';
import { loadOf } from './load.js';
import type { Options } from './options.js';

/** All that the demo found out. */
export interface Outcome {
  readonly incident: PhaseRecord;
  readonly keyturn: Rehearsed;
  readonly checks: Checks;
}

/** What `--json` prints. */
export interface JsonOutcome {
  readonly phases: readonly {
    readonly name: string;
    readonly rotations: number;
    readonly queries: number;
    readonly failed: number;
    readonly p50Ms: number;
    readonly p99Ms: number;
    readonly longestGapMs: number;
    readonly convergeMs: number;
    readonly causes: Causes;
  }[];
  readonly check: { readonly before: number; readonly after: number };
}

/** No query failed with keyturn, everything that was tried held, and the check finds nothing afterwards. */
export function passed({ keyturn, checks }: Outcome): boolean {
  return (
    summaryOf(keyturn.record).failed === 0 && keyturn.proofs.every((proof) => proof.holds) && isClean(checks.after)
  );
}

/** Nothing was found, and there was something to look at: a program, and source. */
function isClean({ findings, notAnalysed, looked }: Report): boolean {
  const unread = notAnalysed.some(({ extent }) => extent === 'whole');
  return findings.length === 0 && !unread && looked.programs > 0 && looked.sourceFiles > 0;
}

export function asJson({ incident, keyturn, checks }: Outcome): JsonOutcome {
  return {
    phases: [summaryOf(incident), summaryOf(keyturn.record)],
    check: { before: checks.before.findings.length, after: checks.after.findings.length },
  };
}

/** One sentence per thing that a reader came for. */
export function inWords(outcome: Outcome): string {
  const [incident, keyturn] = summariesOf(outcome);
  const { before, after } = outcome.checks;
  const broken = outcome.keyturn.proofs.filter((proof) => !proof.holds);
  return [
    `The quarterly script: ${count(incident.failed, 'query', 'queries')} failed of ${incident.queries}.`,
    `With keyturn: ${count(keyturn.failed, 'query', 'queries')} failed of ${keyturn.queries}, in ${count(keyturn.rotations, 'rotation', 'rotations')}.`,
    ...broken.map((proof) => `It does not hold that ${proof.claim} (${proof.seen}).`),
    `keyturn check: ${count(before.findings.length, 'finding', 'findings')} before, ${after.findings.length} after.`,
    ...unread(after).map((what) => `Not analysed: ${what}`),
  ].join(' ');
}

/** The tables at the end of a run. */
export function asText(outcome: Outcome): string {
  const summaries = summariesOf(outcome);
  const { before, after } = outcome.checks;
  return [
    drawn(numbersOf(summaries)),
    drawn(withoutLast(causesOf(summaries))),
    drawn(proofsTable(outcome.keyturn.proofs)),
    ...(before.findings.length + after.findings.length === 0
      ? []
      : [drawn(withoutLast(findingsTable({ before, after })))]),
    inWords(outcome),
  ].join('\n\n');
}

/** The page, and the timeline as a picture of its own. */
export function asPage(outcome: Outcome, options: Options): { readonly html: string; readonly svg: string } {
  const phases = [
    { record: outcome.incident, heading: 'Before: one user, one .env, the quarterly script' },
    { record: outcome.keyturn.record, heading: 'With keyturn: the same load, three rotations in a row' },
  ];
  const html = reportHtml({
    title: 'A credential rotation under load, before and with keyturn',
    outcome: inWords(outcome),
    passed: passed(outcome),
    phases,
    sections: sections(outcome, options),
  });
  return { html, svg: timelineSvg(phases) };
}

function sections({ keyturn, checks }: Outcome, options: Options): readonly ReportSection[] {
  const { burst, rate } = loadOf(options);
  return [
    { heading: 'What was tried during the three rotations', table: proofsTable(keyturn.proofs) },
    {
      heading: 'keyturn check',
      text: `${count(checks.before.findings.length, 'finding', 'findings')} before, ${checks.after.findings.length} after, in a Pulumi program and an application each.`,
      ...(checks.before.findings.length + checks.after.findings.length === 0 ? {} : { table: findingsTable(checks) }),
    },
    {
      heading: 'How it was measured',
      text:
        `${options.instances} processes of the application, each with a pool of up to 10 connections, on a PostgreSQL of their own. ` +
        `Requests arrive at random, ${rate} a second, and do not wait for answers. Every ${burst.everySeconds} s a burst of ${burst.lastsSeconds} s comes on top: ` +
        `${burst.volleysPerSecond} times a second, ${burst.volley} requests at the same moment. The quiet between two bursts is longer than the 10 s after which pg closes an idle connection, so that pools shrink in it and grow in the burst. ` +
        `The quarterly script starts ${scriptBeforeBurstSeconds} s before a burst, ${burst.atSecond.toFixed(1)} s after the start of the load. A request is one statement or one transaction, and counts as one query. ` +
        'Both phases get the same requests at the same times. The incident restarts one instance after the other, each taken out of the load balancer, drained and stopped with SIGTERM; ' +
        'no session is ended for effect.',
    },
  ];
}

function summariesOf({ incident, keyturn }: Outcome): readonly [PhaseSummary, PhaseSummary] {
  return [summaryOf(incident), summaryOf(keyturn.record)];
}

function proofsTable(proofs: readonly Proof[]): ReportTable {
  return {
    columns: ['generation', 'claim', 'holds', 'seen'],
    rows: proofs.map(({ generation, claim, holds, seen }) => [
      generation === undefined ? 'all' : `${generation}`,
      claim,
      holds ? 'yes' : 'no',
      seen,
    ]),
  };
}

function findingsTable({ before, after }: Checks): ReportTable {
  return {
    columns: ['place', 'rule', 'severity', 'finding'],
    rows: [...before.findings, ...after.findings].map(({ place, rule, severity, message }) => [
      `${place.file}:${place.line}`,
      rule,
      severity,
      message,
    ]),
  };
}

function unread({ notAnalysed }: Report): readonly string[] {
  return notAnalysed.filter(({ extent }) => extent === 'whole').map(({ what, because }) => `${what}: ${because}`);
}

function withoutLast({ columns, rows }: ReportTable): ReportTable {
  return { columns: columns.slice(0, -1), rows: rows.map((row) => row.slice(0, -1)) };
}

const plain = {
  chars: {
    top: '',
    'top-mid': '',
    'top-left': '',
    'top-right': '',
    bottom: '',
    'bottom-mid': '',
    'bottom-left': '',
    'bottom-right': '',
    left: '',
    'left-mid': '',
    mid: '',
    'mid-mid': '',
    right: '',
    'right-mid': '',
    middle: '  ',
  },
  style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
};

const widest = 110;

function drawn({ columns, rows }: ReportTable): string {
  const widths = columns.map((column, index) =>
    Math.max(column.length, ...rows.map((row) => String(row[index] ?? '').length)),
  );
  const others = widths.slice(0, -1).reduce((sum, width) => sum + width + 2, 0);
  const last = Math.min(widths.at(-1) ?? 0, Math.max(40, widest - others));
  const table = new Table({
    ...plain,
    head: [...columns],
    colAligns: columns.map((_, index) => (typeof rows[0]?.[index] === 'number' ? 'right' : 'left')),
    colWidths: [...widths.slice(0, -1), last],
    wordWrap: true,
  });
  table.push(...rows.map((row) => row.map(String)));
  return table.toString().replaceAll(/ +$/gm, '');
}

function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
}
