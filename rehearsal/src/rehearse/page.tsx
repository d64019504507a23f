import { h } from 'preact';
import { render } from 'preact-render-to-string';

import { type ReportSection, reportHtml } from '../report.js';
import { summaryOf } from '../summary.js';
import { causeNames } from '../words.js';
import type { Rehearsal } from './rehearse.js';
import { countOf, notObserved, type Verdict } from './verdict.js';

/** One HTML page with the verdict, the timeline and what would have prevented the failures. */
export function rehearsalPage({ record, verdict }: Rehearsal, heading: string): string {
  const { rotations, failed, causes, longestGapMs } = verdict;
  return reportHtml({
    title: 'Rehearsal of a credential rotation',
    outcome: `${verdict.failed} of ${verdict.requests} requests failed in ${countOf(verdict.rotations, 'rotation')}.`,
    passed: verdict.passed,
    phases: [{ record, heading }],
    // What the verdict does not count, the numbers do not either.
    summaries: [{ ...summaryOf(record), rotations, failed, causes, longestGapMs }],
    sections: sectionsOf(verdict),
  });
}

function sectionsOf(verdict: Verdict): readonly ReportSection[] {
  const { checks, fates, held, preventions, excused, observed } = verdict;
  return [
    {
      heading: 'Budget',
      ...(excused === 0
        ? {}
        : {
            text: `${excused} requests failed while the database was restarted on request; they do not count, and only the timeline shows them.`,
          }),
      table: {
        columns: ['what', 'holds', 'seen', 'allowed'],
        rows: checks.map(({ name, holds, seen, allowed }) => [name, holds ? 'yes' : 'no', seen, allowed]),
      },
    },
    {
      heading: 'What the application still held when the older credential ended',
      ...(held.length === 0
        ? { text: 'Nothing.' }
        : {
            table: {
              columns: ['rotation', 'where', 'connections', 'because'],
              rows: held.map(({ rotation, instance, connections, cause }) => [
                String(rotation),
                instance,
                connections,
                causeNames[cause],
              ]),
            },
          }),
    },
    ...(preventions.length === 0
      ? []
      : [
          {
            heading: 'What would have prevented it',
            table: {
              columns: ['cause', 'rule', 'component', 'how'],
              rows: preventions.map(({ cause, rule, component, how }) => [causeNames[cause], rule, component, how]),
            },
          },
        ]),
    ...(fates.length === 0
      ? []
      : [
          {
            heading: 'Instances that did not end as they should',
            table: { columns: ['instance', 'how'], rows: fates.map(({ instance, what }) => [instance, what]) },
          },
        ]),
    ...(observed
      ? []
      : [
          {
            heading: 'What could not be seen',
            text: notObserved,
          },
        ]),
  ];
}

/** JUnit XML: one test case per line of the budget. */
export function rehearsalJunit({ checks, causes, preventions }: Verdict): string {
  const told = [
    ...Object.entries(causes).map(([cause, count]) => `${causeNames[cause as keyof typeof causes]}: ${count}`),
    ...preventions.map(({ rule, component, how }) => `${rule}, ${component}: ${how}`),
  ].join('\n');
  const failures = checks.filter(({ holds }) => !holds).length;
  const suite = h(
    'testsuite',
    { name: 'keyturn rehearse', tests: checks.length, failures, errors: 0, skipped: 0 },
    checks.map(({ name, holds, seen, allowed }) =>
      h(
        'testcase',
        { classname: 'keyturn.rehearse', name },
        holds ? undefined : h('failure', { message: `${seen}, allowed: ${allowed}`, type: 'budget' }, told),
      ),
    ),
  );
  return `<?xml version="1.0" encoding="UTF-8"?>\n${render(h('testsuites', {}, suite))}\n`;
}
