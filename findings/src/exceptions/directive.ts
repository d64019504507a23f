import jsTokens from 'js-tokens';
import type { FindingPlace } from '../finding.js';

/** A comment `keyturn-ignore-next-line <rules> -- <reason> (until YYYY-MM-DD)`, as it was written. */
export interface Directive {
  readonly place: FindingPlace;
  /** The line it speaks about: the next one that is neither empty nor a comment. */
  readonly target: number;
  /** Rule ids, without a plugin's prefix. */
  readonly rules: readonly string[];
  readonly reason?: string;
  readonly until?: string;
  /** Why it does not count. A directive with a problem covers nothing. */
  readonly problem?: string;
}

const word = 'keyturn-ignore-next-line';
const shape = 'Write `keyturn-ignore-next-line <rule> -- <reason> (until YYYY-MM-DD)`; the date may be left out.';

/** The directives of a file: `//` and block comments in JavaScript and TypeScript, lines that begin with `#`, or with `--` in SQL, elsewhere. */
export function readDirectives(file: string, source: string): Directive[] {
  if (!source.includes(word)) return [];
  return /\.[cm]?[jt]sx?$/.test(file) ? inScript(file, source) : inLines(file, source);
}

/** What follows the word of a directive, taken apart. */
export function parseDirective(text: string): Pick<Directive, 'rules' | 'reason' | 'until' | 'problem'> {
  const [, list = '', rest] = /^(.*?)(?:(?:^|\s+)--\s*(.*))?$/s.exec(text.trim()) ?? [];
  const rules = list
    .split(/[\s,]+/)
    .filter((rule) => rule !== '')
    .map((rule) => rule.replace(/^.*\//, ''));
  const [, reason = '', until] = /^(.*?)(?:\s*\(until\s+([^)]*)\)\.?)?$/s.exec((rest ?? '').trim()) ?? [];
  const said = { rules, ...(reason === '' ? {} : { reason }), ...(until === undefined ? {} : { until }) };
  if (rules.length === 0) return { ...said, problem: `It names no rule. ${shape}` };
  if (reason === '') return { ...said, problem: `It gives no reason. ${shape}` };
  if (until !== undefined && !isDay(until))
    return { ...said, problem: `Its date is not a day of the calendar. ${shape}` };
  return said;
}

/** True for a day of the calendar, written `YYYY-MM-DD`. */
export function isDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const time = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}

function inScript(file: string, source: string): Directive[] {
  const directives: Directive[] = [];
  let waiting: Omit<Directive, 'target'>[] = [];
  let line = 1;
  let lineStart = 0;
  let at = 0;
  const tokens = /\.[cm]?[jt]s$/.test(file) ? jsTokens(source) : jsTokens(source, { jsx: true });
  for (const { type, value } of tokens) {
    const comment = type === 'SingleLineComment' || type === 'MultiLineComment';
    const blank = comment || type === 'WhiteSpace' || type === 'LineTerminatorSequence' || value.trim() === '';
    if (!blank && waiting.some(({ place }) => place.line < line)) {
      directives.push(...waiting.map((directive) => ({ ...directive, target: line })));
      waiting = [];
    }
    const text = comment ? textOf(value) : undefined;
    if (text !== undefined)
      waiting.push({ place: { file, line, column: at - lineStart + 1 }, ...parseDirective(text) });
    for (const match of value.matchAll(/\r\n|[\n\r\u2028\u2029]/g)) {
      line += 1;
      lineStart = at + match.index + match[0].length;
    }
    at += value.length;
  }
  return [...directives, ...waiting.map((directive) => ({ ...directive, target: line + 1 }))];
}

function textOf(comment: string): string | undefined {
  const text = comment
    .replace(/^\/[/*]/, '')
    .replace(/\*\/$/, '')
    .trim();
  return text.startsWith(word) ? text.slice(word.length) : undefined;
}

function inLines(file: string, source: string): Directive[] {
  const lines = source.split(/\r?\n/);
  const mark = /\.sql(\.\w+)?$/.test(file) ? '(?:#|--)' : '#';
  const directive = new RegExp(`^(\\s*)${mark}\\s*${word}(.*)$`);
  const passedOver = new RegExp(`^\\s*(?:${mark}|$)`);
  return lines.flatMap((text, index) => {
    const [, lead = '', rest] = directive.exec(text) ?? [];
    if (rest === undefined) return [];
    const next = lines.findIndex((other, later) => later > index && !passedOver.test(other));
    return [
      {
        place: { file, line: index + 1, column: lead.length + 1 },
        target: (next === -1 ? lines.length : next) + 1,
        ...parseDirective(rest),
      },
    ];
  });
}
