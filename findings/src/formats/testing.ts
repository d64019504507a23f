import type { RuleFacts } from '../facts.js';
import { fingerprintOf, type Finding, type Report } from '../finding.js';

/** A rule for tests of formats. */
export const rule: RuleFacts = {
  id: 'no-hardcoded-password',
  summary: 'Disallow passwords in programs',
  severity: 'critical',
  breaks: 'The password cannot rotate without a deployment.',
  fix: 'Take it from a secret store.',
  controls: ['PCI DSS v4.0.1 8.6.2'],
  deprecatedIds: ['no-literal-password'],
};

export const finding: Finding = {
  rule: rule.id,
  severity: 'critical',
  level: 'block',
  message: '`password` of shop is written out. Take it from a secret store.',
  place: { file: 'infra/index.ts', line: 2, column: 7, endLine: 2, endColumn: 15 },
  urn: 'urn:pulumi:dev::shop::postgresql:index/role:Role::shop',
  fingerprint: fingerprintOf(rule.id, 'shop', 'password'),
  related: [{ message: 'The deployment shop reads it.', place: { file: 'infra/app.ts', line: 9 } }],
};

/** A report in which every list has an entry, unless the test says otherwise. */
export function reportWith(changes: Partial<Report> = {}): Report {
  return {
    findings: [finding],
    undecided: [
      { rule: 'require-rotation-schedule', because: 'the schedule is not known yet', urn: finding.urn ?? '' },
    ],
    notAnalysed: [
      {
        what: 'the component shop',
        because: 'its code is in another language',
        place: { file: 'infra/index.ts', line: 5 },
      },
    ],
    suppressed: [
      { finding: { ...finding, fingerprint: 'f2' }, by: 'comment', reason: 'moves in May', until: '2027-05-31' },
    ],
    looked: { programs: 1, resources: 3, sourceFiles: 2, manifests: 0, rules: 4 },
    ...changes,
  };
}

/** A report of a run that found nothing and read something. */
export const cleanReport: Report = reportWith({ findings: [], undecided: [], notAnalysed: [], suppressed: [] });
