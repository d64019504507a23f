import { severities, type Severity } from '../facts.js';
import type { Report } from '../finding.js';
import { printable } from '../terminal.js';

/** Findings by severity; every severity is there, so that a reader need not ask. */
export function bySeverity(report: Report): Record<Severity, number> {
  const counts: Record<Severity, number> = { low: 0, medium: 0, high: 0, critical: 0 };
  for (const { severity } of report.findings) counts[severity] += 1;
  return counts;
}

/** "1 program", "2 programs". */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** "2 critical, 1 high"; empty without findings. */
export function severityLine(report: Report): string {
  const counts = bySeverity(report);
  return [...severities]
    .reverse()
    .filter((severity) => counts[severity] > 0)
    .map((severity) => `${counts[severity]} ${severity}`)
    .join(', ');
}

/** What was read, for every format that is meant for people. */
export function lookedLine({ looked }: Report): string {
  return [
    `${counted(looked.programs, 'program')} with ${counted(looked.resources, 'resource')}`,
    counted(looked.manifests ?? 0, 'manifest'),
    ...((looked.otherFiles ?? 0) > 0 ? [counted(looked.otherFiles ?? 0, 'other file')] : []),
    counted(looked.sourceFiles, 'source file'),
    counted(looked.rules, 'rule'),
  ].join(', ');
}

/** How programs were kept from the network, and what they asked for; empty where none was run. */
export function networkLine({ network }: Report): string {
  if (network === undefined) return '';
  const guards = network.guard === 'namespace' ? 'inside the process and by the kernel' : 'inside the process only';
  const refused = network.refused.length === 0 ? '' : `; refused: ${network.refused.map(printable).join(', ')}`;
  return `Programs ran without a network (kept from it ${guards}${refused}).`;
}

/** One sentence that never says "no findings" when nothing, or not everything, was read. */
export function verdict(report: Report): string {
  const { findings, notAnalysed, looked } = report;
  const whole = notAnalysed.filter(({ extent }) => extent === 'whole').length;
  const nothing =
    looked.programs + looked.resources + looked.sourceFiles + (looked.manifests ?? 0) + (looked.otherFiles ?? 0) === 0;
  if (nothing) return 'Nothing was read, so nothing can be said.';
  const found =
    findings.length === 0 ? 'No findings' : `${counted(findings.length, 'finding')} (${severityLine(report)})`;
  if (whole > 0) return `${found}, but ${counted(whole, 'input')} could not be analysed.`;
  return `${found}.`;
}
