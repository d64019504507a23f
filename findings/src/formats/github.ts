import { inOrder, type Report } from '../finding.js';
import { printable } from '../terminal.js';
import type { FormatContext } from './context.js';
import { placeIn } from './repository-path.js';

/** GitHub shows this many annotations of each level per step, and drops the rest without a word. */
const mostPerLevel = 10;

interface Annotation {
  readonly command: 'error' | 'warning' | 'notice';
  readonly title: string;
  readonly message: string;
  readonly place?: {
    readonly file: string;
    readonly line: number;
    readonly endLine?: number;
    readonly column?: number;
  };
}

/** Workflow commands that GitHub Actions turns into annotations on the diff: ten per level, and how many more there are. */
export function formatGithub(report: Report, context: FormatContext): string {
  const annotations: Annotation[] = [
    ...report.notAnalysed.map(({ what, because, place, extent }) => ({
      command: extent === 'whole' ? ('error' as const) : ('notice' as const),
      title: 'keyturn: not analysed',
      message: `${what}: ${because}`,
      ...(place === undefined ? {} : { place }),
    })),
    ...inOrder(report.findings).map(({ level, rule, message, place }) => ({
      command: level === 'block' ? ('error' as const) : ('warning' as const),
      title: `keyturn: ${rule}`,
      message,
      place,
    })),
  ];
  const lines: string[] = [];
  for (const command of ['error', 'warning', 'notice'] as const) {
    const all = annotations.filter((annotation) => annotation.command === command);
    const shown = all.length > mostPerLevel ? all.slice(0, mostPerLevel - 1) : all;
    lines.push(...shown.map((annotation) => lineOf(annotation, context)));
    if (shown.length < all.length) {
      const message = `${all.length - shown.length} more of this level; GitHub shows ${mostPerLevel}. The other formats list them all.`;
      lines.push(lineOf({ command, title: 'keyturn', message }, context));
    }
  }
  return lines.map((line) => `${line}\n`).join('');
}

function lineOf({ command, title, message, place }: Annotation, context: FormatContext): string {
  const properties: Record<string, string | number> = {
    ...(place === undefined
      ? {}
      : {
          file: placeIn(place.file, context.prefix),
          line: place.line,
          ...(place.endLine === undefined ? {} : { endLine: place.endLine }),
          // GitHub refuses a column on an annotation of several lines.
          ...(place.column === undefined || (place.endLine ?? place.line) !== place.line ? {} : { col: place.column }),
        }),
    title,
  };
  const written = Object.entries(properties).map(([key, value]) => `${key}=${property(String(value))}`);
  return `::${command} ${written.join(',')}::${data(message)}`;
}

function data(text: string): string {
  const lines = text.split(/\r?\n/).map(printable).join('\n');
  return lines.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
