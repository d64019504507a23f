import { hasPage, pageOf } from '../facts.js';
import { inOrder, type Finding, type FindingPlace, type Report } from '../finding.js';
import { printable } from '../terminal.js';
import type { FormatContext } from './context.js';
import { lookedLine, networkLine, verdict } from './counts.js';
import { placeIn } from './repository-path.js';

/** GitHub cuts a step summary off at 1 MiB; this many rows stay far below. */
const mostRows = 500;
/** Rows a reader sees before opening the rest. */
const open = 20;

/** A summary for a pull request or `$GITHUB_STEP_SUMMARY`: counts first, then findings, then all that is not known. */
export function formatMarkdown(report: Report, context: FormatContext): string {
  const findings = inOrder(report.findings);
  const place = (where: FindingPlace) => code(`${placeIn(where.file, context.prefix)}:${where.line}`);
  const row = ({ severity, rule, message, place: where }: Finding) =>
    `| ${severity} | ${hasPage(rule) ? `[${escape(rule)}](${pageOf(rule)})` : escape(rule)} | ${place(where)} | ${escape(message)} |`;

  const blocks = [
    '## keyturn check',
    `**${escape(verdict(report))}** Looked at ${lookedLine(report)}. ${escape(networkLine(report))}`.trimEnd(),
    ...(findings.length === 0 ? [] : [table(findings.slice(0, open).map(row))]),
    ...folded('More findings', findings.slice(open, mostRows).map(row), true),
    ...(findings.length > mostRows ? [`${findings.length - mostRows} more are left out here.`] : []),
    ...folded(
      'Rotation posture changed',
      (report.posture ?? []).map((each) => `- ${place(each.place)} ${each.change}: ${escape(each.message)}`),
    ),
    ...folded(
      'Not analysed',
      report.notAnalysed.map(
        (each) => `- ${each.place ? `${place(each.place)} ` : ''}${escape(each.what)}: ${escape(each.because)}`,
      ),
    ),
    ...folded(
      'Not decided',
      report.undecided.map(
        (each) => `- ${each.place ? `${place(each.place)} ` : ''}${escape(each.rule)}: ${escape(each.because)}`,
      ),
    ),
    ...folded(
      'Covered by an exception',
      (report.suppressed ?? []).map(({ finding, reason, until }) => {
        const date = until === undefined ? '' : ` (until ${until})`;
        return `- ${place(finding.place)} ${escape(finding.rule)}: ${escape(reason)}${date}`;
      }),
    ),
  ];
  return `${blocks.join('\n\n')}\n`;
}

function table(rows: readonly string[]): string {
  return ['| severity | rule | place | what |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

function folded(title: string, lines: readonly string[], asTable = false): string[] {
  if (lines.length === 0) return [];
  const shown = lines.slice(0, mostRows);
  const rest = lines.length > shown.length ? [`\n${lines.length - shown.length} more are left out here.`] : [];
  const body = [asTable ? table(shown) : shown.join('\n'), ...rest].join('\n');
  return [`<details>\n<summary>${title} (${lines.length})</summary>\n\n${body}\n\n</details>`];
}

/** Names in a report come from the code under review, and must not become markup in somebody's pull request. */
function escape(text: string): string {
  return printable(text).replace(/[\\`*_{}[\]<>#|~@!&]/g, (character) => `&#${character.codePointAt(0)};`);
}

function code(text: string): string {
  return `<code>${escape(text)}</code>`;
}
