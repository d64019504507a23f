import { readFileSync, writeFileSync } from 'node:fs';

import { fingerprintOf, inOrder, printable, type Finding, type Level, type Suppressed } from '@keyturn/findings';

import { codeOf } from '../config/config.js';
import { UsageError } from '../errors.js';

/** Findings that were there when keyturn came: rule and fingerprint, and a file so that a reader can find them. */
export interface Baseline {
  readonly schemaVersion: 1;
  readonly findings: readonly BaselineEntry[];
}

interface BaselineEntry {
  readonly fingerprint: string;
  readonly rule: string;
  readonly file: string;
}

/** @throws UsageError where the file is missing or is no baseline. */
export function readBaseline(file: string, shown: string): Baseline {
  try {
    const content: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (isBaseline(content)) return content;
  } catch (cause) {
    throw new UsageError(
      `The baseline ${printable(shown)} cannot be read (${codeOf(cause)}). Make one with --update-baseline.`,
      { cause },
    );
  }
  throw new UsageError(`${printable(shown)} is not a baseline. Make one with --update-baseline.`);
}

/** Writes the findings of a run. One entry per line, so that a merge conflict is about one finding. */
export function writeBaseline(file: string, shown: string, findings: readonly Finding[]): void {
  const entries = inOrder(findings).map(({ fingerprint, rule, place }) => ({ fingerprint, rule, file: place.file }));
  try {
    writeFileSync(file, textOf(entries));
  } catch (cause) {
    throw new UsageError(`The baseline ${printable(shown)} cannot be written (${codeOf(cause)}).`, { cause });
  }
}

function textOf(entries: readonly BaselineEntry[]): string {
  const lines = entries.map((entry) => `    ${JSON.stringify(entry)}`).join(',\n');
  return `{\n  "schemaVersion": 1,\n  "findings": [${lines === '' ? '' : `\n${lines}\n  `}]\n}\n`;
}

/** Splits findings by a baseline. An entry covers one finding; what it does not cover any more is itself a finding, so that it is pruned. */
export function applyBaseline(
  findings: readonly Finding[],
  baseline: Baseline,
  shown: string,
  level: Level,
): { readonly findings: readonly Finding[]; readonly suppressed: readonly Suppressed[] } {
  const left = new Map<string, number>();
  for (const { fingerprint } of baseline.findings) left.set(fingerprint, (left.get(fingerprint) ?? 0) + 1);
  const remaining: Finding[] = [];
  const suppressed: Suppressed[] = [];
  for (const finding of findings) {
    const count = left.get(finding.fingerprint) ?? 0;
    if (count === 0) {
      remaining.push(finding);
      continue;
    }
    left.set(finding.fingerprint, count - 1);
    suppressed.push({ finding, by: 'baseline', reason: 'it was there before' });
  }
  const rule = 'exception-unused';
  if (level !== 'off') {
    for (const [index, { fingerprint, rule: of, file }] of baseline.findings.entries()) {
      const count = left.get(fingerprint) ?? 0;
      if (count === 0) continue;
      left.set(fingerprint, count - 1);
      remaining.push({
        rule,
        severity: 'medium',
        level,
        message: `The baseline still lists \`${of}\` in ${file}, which is gone. Run with --prune-baseline.`,
        place: { file: shown, line: index + 4 },
        fingerprint: fingerprintOf(rule, shown, fingerprint),
      });
    }
  }
  return { findings: remaining, suppressed };
}

function isBaseline(content: unknown): content is Baseline {
  if (typeof content !== 'object' || content === null) return false;
  const { schemaVersion, findings } = content as Partial<Record<keyof Baseline, unknown>>;
  return (
    schemaVersion === 1 &&
    Array.isArray(findings) &&
    findings.every(
      (entry: unknown) =>
        typeof entry === 'object' &&
        entry !== null &&
        ['fingerprint', 'rule', 'file'].every((key) => typeof (entry as Record<string, unknown>)[key] === 'string'),
    )
  );
}
