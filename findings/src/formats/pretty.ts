import { codeFrameColumns } from '@babel/code-frame';
import { styleText } from 'node:util';

import { pageOf, type Severity } from '../facts.js';
import { inOrder, type Finding, type FindingPlace, type NotAnalysed, type Report, type Undecided } from '../finding.js';
import { printable } from '../terminal.js';
import type { FormatContext } from './context.js';
import { counted, lookedLine, networkLine, verdict } from './counts.js';
import { maskSource, type MaskedSource } from './masked-source.js';

type Style = Parameters<typeof styleText>[0];
type Paint = (style: Style, text: string) => string;

const colours: Record<Severity, Style> = {
  critical: ['bold', 'red'],
  high: 'red',
  medium: 'yellow',
  low: 'cyan',
};

/** For people: findings with a code frame (values masked) and their chain, then what is undecided and what was not analysed, then counts. */
export function formatPretty(report: Report, context: FormatContext): string {
  const paint: Paint = (style, text) => (context.colour ? styleText(style, text, { validateStream: false }) : text);
  const frames = codeFrames(context);
  const facts = new Map(context.rules.map((rule) => [rule.id, rule]));

  const blocks = inOrder(report.findings).map((finding) =>
    [
      `${paint('bold', placeText(finding.place))}  ${paint(colours[finding.severity], finding.severity)}  ${paint('dim', printable(finding.rule))}`,
      ...indent(finding.message),
      ...frames(finding),
      ...(finding.related ?? []).map(
        ({ message, place }) => `  ${paint('dim', '↳')} ${placeText(place)}  ${printable(message)}`,
      ),
      ...(facts.has(finding.rule) ? [`  ${paint('dim', pageOf(finding.rule))}`] : []),
    ].join('\n'),
  );

  blocks.push(
    ...section(
      paint,
      'Rotation posture changed',
      (report.posture ?? []).map(
        ({ change, message, place }) => `${placeText(place)}  ${change}: ${printable(message)}`,
      ),
    ),
    ...section(
      paint,
      'Covered by an exception',
      (report.suppressed ?? []).map(
        ({ finding, by, reason, until }) =>
          `${placeText(finding.place)}  ${printable(finding.rule)}: ${printable(reason)} (${by}${until === undefined ? '' : `, until ${until}`})`,
      ),
    ),
    ...section(paint, 'Not decided', undecidedLines(report.undecided)),
    ...section(paint, 'Not analysed', report.notAnalysed.map(notAnalysedLine)),
  );

  const networkText = (of: Report) => (of.network === undefined ? '' : `\n${paint('dim', networkLine(of))}`);
  const clean = report.findings.length === 0 && !report.notAnalysed.some(({ extent }) => extent === 'whole');
  blocks.push(
    `${paint(clean ? 'green' : ['bold', 'red'], verdict(report))}\n${paint('dim', `Looked at ${lookedLine(report)}.`)}${networkText(report)}${openLine(report)}`,
  );
  return `${blocks.join('\n\n')}\n`;
}

function placeText({ file, line, column }: FindingPlace): string {
  return `${printable(file)}:${line}${column === undefined ? '' : `:${column}`}`;
}

function indent(text: string): string[] {
  return text.split('\n').map((line) => `  ${printable(line)}`);
}

function section(paint: Paint, title: string, lines: readonly string[]): string[] {
  if (lines.length === 0) return [];
  return [[paint('bold', `${title} (${lines.length})`), ...lines.map((line) => `  ${line}`)].join('\n')];
}

function undecidedLines(undecided: readonly Undecided[]): string[] {
  return undecided.map(({ rule, because, place, urn }) => {
    const where = place ? placeText(place) : urn === undefined ? undefined : printable(urn);
    return `${where === undefined ? '' : `${where}  `}${printable(rule)}: ${printable(because)}`;
  });
}

function notAnalysedLine({ what, because, place }: NotAnalysed): string {
  return `${place ? `${placeText(place)}  ` : ''}${printable(what)}: ${printable(because)}`;
}

function openLine({ undecided, notAnalysed, suppressed = [] }: Report): string {
  const open = [
    ...(undecided.length > 0 ? [`${undecided.length} not decided`] : []),
    ...(notAnalysed.length > 0 ? [`${notAnalysed.length} not analysed`] : []),
    ...(suppressed.length > 0 ? [`${counted(suppressed.length, 'finding')} covered by an exception`] : []),
  ];
  return open.length === 0 ? '' : `\n${open.join(', ')}.`;
}

/** Draws each file once, however many findings it has. */
function codeFrames({ source, colour = false }: FormatContext): (finding: Finding) => string[] {
  const drawn = new Map<string, { text: string; lines: number; masked: MaskedSource } | undefined>();
  const draw = (file: string) => {
    const original = source?.(file);
    if (original === undefined) return undefined;
    const masked = maskSource(file, original);
    const lines = masked.text.split('\n').map((line) => line.replace(/\r$/, '').split('\t').map(printable).join('\t'));
    return { text: lines.join('\n'), lines: lines.length, masked };
  };
  return ({ place: { file, line, column, endLine = line, endColumn } }) => {
    if (!drawn.has(file)) drawn.set(file, draw(file));
    const frame = drawn.get(file);
    if (!frame || line > frame.lines) return [];
    const start = { line, ...(column === undefined ? {} : { column: frame.masked.column(line, column) }) };
    // A frame of a whole resource hides what matters; its first line is where the reader must go.
    const sameLine = endLine === line && column !== undefined && endColumn !== undefined && endColumn > column;
    const location = sameLine ? { start, end: { line, column: frame.masked.column(line, endColumn) } } : { start };
    return codeFrameColumns(frame.text, location, { linesAbove: 1, linesBelow: 1 })
      .split('\n')
      .map((text) => `  ${colour && !text.startsWith('>') ? styleText('dim', text, { validateStream: false }) : text}`);
  };
}
