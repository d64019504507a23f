import { severities, type Report } from '@keyturn/findings';
import type { FailOn } from '../config/config.js';

export interface FailOptions {
  /** Findings from this severity up; without it, findings whose level is `block`. */
  readonly failOn?: FailOn | undefined;
  readonly failOnUndecided?: boolean | undefined;
}

/**
 * 0 fine, 1 findings, 3 could not analyse (2 is wrong usage). 3 wins over 1: half a report must not look like a whole one.
 */
export function exitCodeOf(report: Report, { failOn, failOnUndecided = false }: FailOptions): 0 | 1 | 3 {
  if (report.notAnalysed.some(({ extent }) => extent === 'whole')) return 3;
  if (failOnUndecided && report.undecided.length > 0) return 1;
  if (failOn === 'never') return 0;
  const fails =
    failOn === undefined
      ? report.findings.some(({ level }) => level === 'block')
      : report.findings.some(({ severity }) => severities.indexOf(severity) >= severities.indexOf(failOn));
  return fails ? 1 : 0;
}
