import { XMLBuilder } from 'fast-xml-parser';

import { inOrder, type FindingPlace, type Report } from '../finding.js';
import { printable } from '../terminal.js';
import type { FormatContext } from './context.js';
import { placeIn } from './repository-path.js';

type Case = Record<string, unknown>;

/**
 * JUnit XML: one test case per rule and subject. Findings fail, what could not be decided is skipped, what could not be analysed at all is an
 * error. A clean run has one passing case, because many readers take a file without cases for a broken run.
 */
export function formatJunit(report: Report, context: FormatContext): string {
  const suppressed = report.suppressed ?? [];
  const cases: Case[] = [
    ...inOrder(report.findings).map(({ rule, severity, message, place, urn, related = [] }) => ({
      ...identity(rule, urn, place, context),
      failure: {
        '@message': clean(message),
        '@type': severity,
        '#text': clean(
          [message, ...[place, ...related.map((link) => link.place)].map(({ file, line }) => `${file}:${line}`)].join(
            '\n',
          ),
        ),
      },
    })),
    ...suppressed.map(({ finding, reason }) => ({
      ...identity(finding.rule, finding.urn, finding.place, context),
      skipped: { '@message': clean(`accepted: ${reason}`) },
    })),
    ...report.undecided.map(({ rule, because, place, urn }) => ({
      ...identity(rule, urn, place, context),
      skipped: { '@message': clean(`not decided: ${because}`) },
    })),
    ...report.notAnalysed.map(({ what, because, place, extent }) => ({
      ...identity('not-analysed', what, place, context),
      ...(extent === 'whole'
        ? { error: { '@message': clean(because), '@type': 'not-analysed' } }
        : { skipped: { '@message': clean(because) } }),
    })),
  ];
  const { programs, sourceFiles, manifests = 0, otherFiles = 0 } = report.looked;
  if (cases.length === 0)
    cases.push({
      '@classname': 'keyturn',
      '@name': `${programs} programs, ${manifests} manifests, ${otherFiles} other files, ${sourceFiles} source files`,
    });

  const count = (key: string) => cases.filter((each) => key in each).length;
  const totals = {
    '@tests': cases.length,
    '@failures': count('failure'),
    '@errors': count('error'),
    '@skipped': count('skipped'),
  };
  const builder = new XMLBuilder({
    ignoreAttributes: false,
    attributeNamePrefix: '@',
    format: true,
    suppressEmptyNode: true,
  });
  const xml: string = builder.build({
    '?xml': { '@version': '1.0', '@encoding': 'UTF-8' },
    testsuites: { '@name': 'keyturn', ...totals, testsuite: { '@name': 'keyturn check', ...totals, testcase: cases } },
  });
  return xml.endsWith('\n') ? xml : `${xml}\n`;
}

function identity(
  rule: string,
  subject: string | undefined,
  place: FindingPlace | undefined,
  { prefix }: FormatContext,
): Case {
  const where = place === undefined ? undefined : placeIn(place.file, prefix);
  return {
    '@classname': clean(rule),
    '@name': clean(subject ?? (place === undefined ? rule : `${where}:${place.line}:${place.column ?? 1}`)),
    ...(place === undefined ? {} : { '@file': clean(where ?? ''), '@line': place.line }),
  };
}

/** XML 1.0 cannot hold most control characters, not even escaped. */
function clean(text: string): string {
  return text.split('\n').map(printable).join('\n');
}
