import { existsSync } from 'node:fs';
import path from 'node:path';

import type { Report } from '@keyturn/findings';

import { atRef, newSince } from './base.js';
import type { Examined } from './check.js';
import { postureChanges } from './posture.js';

export interface Comparison {
  readonly repository: string;
  readonly cwd: string;
  readonly paths: readonly string[];
  /** Runs the same check in another folder. */
  readonly examine: (cwd: string, paths: readonly string[]) => Promise<Examined>;
}

/**
 * Leaves what a git ref does not have: its findings go, and how the rotation posture changed comes.
 * @throws UsageError where the ref does not exist.
 */
export async function compareWith(ref: string, now: Examined, comparison: Comparison): Promise<Report> {
  const { repository, cwd, paths, examine } = comparison;
  const inside = path.relative(repository, cwd);
  const before = await atRef(repository, ref, async (folder) => {
    const there = path.join(folder, inside);
    // What is not there yet has no findings there.
    const existing = (paths.length === 0 ? ['.'] : paths).filter((each) => existsSync(path.resolve(there, each)));
    return existing.length === 0 ? undefined : await examine(there, existing);
  });
  const { report } = now;
  const failed = wholly(before?.report);
  return {
    ...report,
    findings: newSince(report.findings, before?.report.findings ?? []),
    posture: postureChanges(
      { resources: before?.resources ?? [], whole: failed.length === 0 },
      { resources: now.resources, whole: wholly(report).length === 0 },
    ),
    // Findings of a base that could not be read count as new: too many, never too few.
    notAnalysed: [
      ...report.notAnalysed,
      ...failed.map(({ what, because }) => ({ what: `${what}, at the base`, because })),
    ],
  };
}

function wholly(report: Report | undefined): Report['notAnalysed'] {
  return (report?.notAnalysed ?? []).filter(({ extent }) => extent === 'whole');
}
