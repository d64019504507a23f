import { hasPage, pageOf, type Severity } from '../facts.js';
import {
  inOrder,
  type Finding,
  type NetworkUse,
  type NotAnalysed,
  type PostureChange,
  type Report,
  type Suppressed,
  type Undecided,
} from '../finding.js';
import type { FormatContext } from './context.js';
import { bySeverity } from './counts.js';

/** A finding, and the page of its rule where it is one of ours. */
export interface JsonFinding extends Finding {
  readonly page?: string;
}

/**
 * What `--format json` prints: one object. Keys are only ever added while `schemaVersion` is 1; an empty list is written as an empty list,
 * and optional keys are left out rather than null. Places are relative to the folder in which keyturn ran; lines and columns count from 1.
 */
export interface JsonReport {
  readonly schemaVersion: 1;
  readonly tool: { readonly name: 'keyturn'; readonly version: string };
  /** What was read. "No findings" means something only if this is not all zero and nothing `whole` is in `notAnalysed`. */
  readonly looked: Required<Report['looked']>;
  readonly counts: {
    readonly findings: number;
    readonly bySeverity: Readonly<Record<Severity, number>>;
    readonly suppressed: number;
    readonly undecided: number;
    readonly notAnalysed: number;
  };
  readonly findings: readonly JsonFinding[];
  readonly suppressed: readonly Suppressed[];
  readonly undecided: readonly Undecided[];
  readonly notAnalysed: readonly NotAnalysed[];
  /** Only after a comparison with a base. */
  readonly posture?: readonly PostureChange[];
  /** Only where programs were run. */
  readonly network?: NetworkUse;
}

/** The report as data. See {@link JsonReport} for the shape. */
export function formatJson(report: Report, { version }: Pick<FormatContext, 'version'>): string {
  const { findings, suppressed = [], undecided, notAnalysed, posture, looked, network } = report;
  const json: JsonReport = {
    schemaVersion: 1,
    tool: { name: 'keyturn', version },
    looked: { manifests: 0, otherFiles: 0, ...looked },
    counts: {
      findings: findings.length,
      bySeverity: bySeverity(report),
      suppressed: suppressed.length,
      undecided: undecided.length,
      notAnalysed: notAnalysed.length,
    },
    findings: inOrder(findings).map((finding) => ({
      ...finding,
      ...(hasPage(finding.rule) ? { page: pageOf(finding.rule) } : {}),
    })),
    suppressed,
    undecided,
    notAnalysed,
    ...(posture === undefined ? {} : { posture }),
    ...(network === undefined ? {} : { network }),
  };
  return `${JSON.stringify(json, null, 2)}\n`;
}
