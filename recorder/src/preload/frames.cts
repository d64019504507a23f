import { findSourceMap } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Frame {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

const own = path.resolve(__dirname);

/** The frames above this call, innermost first, without the recorder's own. Costs no source map look-ups. */
export function frames(limit: number): readonly Frame[] {
  const { prepareStackTrace, stackTraceLimit } = Error;
  try {
    Error.stackTraceLimit = limit + 6;
    Error.prepareStackTrace = (_error, sites) => sites;
    const holder: { stack?: unknown } = {};
    Error.captureStackTrace(holder, frames);
    const sites = holder.stack;
    if (!Array.isArray(sites)) return [];
    return sites
      .map((site: NodeJS.CallSite) => ({
        file: fileOf(site.getFileName() ?? ''),
        line: site.getLineNumber() ?? 0,
        column: site.getColumnNumber() ?? 0,
      }))
      .filter(({ file }) => !file.startsWith(own))
      .slice(0, limit);
  } finally {
    Error.prepareStackTrace = prepareStackTrace;
    Error.stackTraceLimit = stackTraceLimit;
  }
}

function fileOf(name: string): string {
  return name.startsWith('file:') ? fileURLToPath(name) : name;
}

/** Code that somebody wrote for this program: neither a package nor Node itself. */
export function isProgramFile(file: string): boolean {
  return path.isAbsolute(file) && !file.includes(`${path.sep}node_modules${path.sep}`) && !file.startsWith(own);
}

/** The frame that called into the recorder, when the program itself did. */
export function programCaller(): Frame | undefined {
  const [caller] = frames(1);
  return caller !== undefined && isProgramFile(caller.file) ? caller : undefined;
}

/** A stack trace as V8 prints it, with files instead of URLs. */
export function printFrame({ file, line, column }: Frame): string {
  const entry = findSourceMap(file)?.findEntry(line - 1, column - 1);
  if (entry === undefined || !('originalSource' in entry)) return `${file}:${line}:${column}`;
  const source = entry.originalSource.startsWith('file:') ? fileURLToPath(entry.originalSource) : entry.originalSource;
  return `${path.resolve(path.dirname(file), source)}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
}
