/** Imports that `paths` and `baseUrl` of a `tsconfig.json` give another place. TypeScript's loaders resolve them; Node does not. */
import fs from 'node:fs';
import path from 'node:path';

import type { Aliases } from './messages.cjs';

const endings = ['.ts', '.tsx', '.mts', '.cts', '.js', '.jsx', '.mjs', '.cjs', '.json'];

/** The file that `paths` mean by an import; an exact name goes before patterns, and the longest pattern before others. */
export function aliasedFile(request: string, { paths }: Aliases): string | undefined {
  if (isPlace(request)) return undefined;
  let best: { readonly length: number; readonly rest: string; readonly targets: readonly string[] } | undefined;
  for (const { pattern, targets } of paths) {
    const rest = matched(request, pattern);
    const length = pattern.includes('*') ? pattern.indexOf('*') : Infinity;
    if (rest !== undefined && length > (best?.length ?? -1)) best = { length, rest, targets };
  }
  const { rest = '', targets = [] } = best ?? {};
  for (const target of targets) {
    const found = fileAt(target.replace('*', () => rest));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The file that an import means from `baseUrl`. Asked last: Node's packages go first. */
export function fileFromBase(request: string, { baseUrl }: Aliases): string | undefined {
  return baseUrl === undefined || isPlace(request) ? undefined : fileAt(path.resolve(baseUrl, request));
}

function isPlace(request: string): boolean {
  return /^(?:\.{1,2}(?:[\\/]|$)|[a-z]+:)/.test(request) || path.isAbsolute(request);
}

function matched(request: string, pattern: string): string | undefined {
  const star = pattern.indexOf('*');
  if (star === -1) return request === pattern ? '' : undefined;
  const [before, after] = [pattern.slice(0, star), pattern.slice(star + 1)];
  const fits = request.length >= before.length + after.length && request.startsWith(before) && request.endsWith(after);
  return fits ? request.slice(before.length, request.length - after.length) : undefined;
}

function fileAt(target: string): string | undefined {
  const source = target.replace(/\.([cm]?)js(x?)$/, '.$1ts$2');
  const candidates = [
    ...new Set([source, target]),
    ...endings.map((ending) => target + ending),
    ...endings.map((ending) => path.join(target, `index${ending}`)),
  ];
  return candidates.find((file) => fs.statSync(file, { throwIfNoEntry: false })?.isFile() === true);
}
