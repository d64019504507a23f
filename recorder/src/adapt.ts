import type { Observed } from './model.js';
import type { ConfigEntry } from './project.js';
import { sentinelFor } from './sentinels.js';

/** What the next run does differently, because a sentinel was not what the program could use. */
export interface Adaptation {
  readonly environment: boolean;
  readonly optional: boolean;
  /** Texts with the sentinel in them, by key: `SENTINEL` is replaced in each run. */
  readonly shapes: ReadonlyMap<string, string>;
  readonly paths: ReadonlyMap<string, 'file' | 'folder'>;
}

export const unadapted: Adaptation = { environment: true, optional: false, shapes: new Map(), paths: new Map() };

/** What stands for the sentinel in a shape. */
export const hole = 'SENTINEL';

const shapes: readonly (readonly [RegExp, string])[] = [
  [/invalid url|\bscheme\b|\bprotocol\b/i, `https://${hole}.example.com/`],
  [/\bTLD\b|domain|host ?name|\bzone\b/i, `${hole}.example.com`],
  [/cidr|ip.?address|\bsubnet\b/i, '10.0.0.0/16'],
  [/\bnumber\b|numeric|\bNaN\b|integer/i, '2'],
  [/\bboolean\b|true or false/i, 'true'],
];

/**
 * The next thing to try after a run that failed; `undefined` when the failure has nothing to do with what was made up.
 * Each answer changes one thing that was not changed before, so this comes to an end.
 */
export function adapt(current: Adaptation, failed: Observed, config: readonly ConfigEntry[]): Adaptation | undefined {
  const { reports } = failed.output;
  const error = reports.find((report) => report.type === 'error');
  if (error?.type !== 'error' || error.name === 'SyntaxError') return undefined;
  if (error.code === 'MODULE_NOT_FOUND' || error.code === 'ERR_MODULE_NOT_FOUND') return undefined;

  const asked = reports.flatMap((report) => (report.type === 'config' && report.missing ? [report.key] : []));
  const madeUp = [...asked, ...config.filter(({ value }) => value === undefined).map(({ key }) => key)];
  const open = madeUp.filter((key) => !current.shapes.has(key) && !current.paths.has(key));
  const key = open.find((candidate) => error.message.includes(sentinelFor(failed.prefix, 'config', candidate)));
  if (key !== undefined) {
    if (/ENOENT|ENOTDIR|no such file|not exist/i.test(error.message)) {
      const kind = /scandir|opendir|directory '|folder|ENOTDIR/.test(error.message) ? 'folder' : 'file';
      return { ...current, paths: new Map([...current.paths, [key, kind]]) };
    }
    const shape = shapes.find(([pattern]) => pattern.test(error.message))?.[1] ?? `${hole}.example.com`;
    return { ...current, shapes: new Map([...current.shapes, [key, shape]]) };
  }
  if (current.environment && reports.some(({ type }) => type === 'environment'))
    return { ...current, environment: false };
  return current.optional ? undefined : { ...current, optional: true };
}
