import path from 'node:path';
import { createPathsMatcher, parseTsconfig } from 'get-tsconfig';
import { statsOf } from './file-stats.js';
import { foldersAbove } from './folders.js';
import { manifestIn, rangesIn, sourceOf, textsIn } from './manifest.js';
import { placesInPackage, workspacesOf } from './workspaces.js';

interface Place {
  readonly filename: string;
  readonly cwd: string;
}

/** Where the module that a file names may stand in the project: by its path, by `paths` and `imports` of the project, or by convention. */
export function placesOf(context: Place, module: string): string[] {
  const { filename, cwd } = context;
  if (/^\.\.?(?:\/|$)/.test(module)) return [path.resolve(path.dirname(filename), module)];
  if (module.includes(':')) return [];
  const folders = [...foldersAbove(context)];
  const name = /^(?:@[^/]+\/)?[^/]+/.exec(module)?.[0] ?? module;
  if (folders.some((each) => Object.hasOwn(rangesIn(manifestIn(each)), name))) {
    const folder = workspacesOf(context).get(name);
    return folder === undefined ? [] : placesInPackage(folder, module.slice(name.length + 1));
  }
  const said = folders.flatMap((each) => [...byPaths(each, module), ...byImports(each, module)]);
  return [...said, ...byConvention(filename, cwd, folders, module)];
}

/** `@/config` and `~/config` stand in the folder of the sources, `@libs/env` and `#libs/env` in a folder of that name. */
function byConvention(filename: string, cwd: string, folders: readonly string[], module: string): string[] {
  const src = /^(.*[\\/]src)[\\/]/.exec(filename)?.[1];
  const sources = src?.startsWith(cwd) ? [src] : [];
  const inside = /^(?:[@~#]|[@~]{2})\/(.+)$/.exec(module)?.[1] ?? /^src\/(.+)$/.exec(module)?.[1];
  if (inside !== undefined)
    return [...sources, ...(module.startsWith('src/') ? [] : folders)].map((each) => path.join(each, inside));
  const [, name = '', rest = ''] = /^[@#~]([\w-]+)((?:\/.+)?)$/.exec(module) ?? [];
  if (name === '') return [];
  return [...sources, ...folders, ...folders.map((each) => path.join(each, 'src'))]
    .map((each) => path.join(each, name, rest))
    .concat(
      cwd === '' ? [] : [path.join(cwd, 'libs', name, 'src', rest), path.join(cwd, 'packages', name, 'src', rest)],
    );
}

/** The targets of a pattern with at most one `*`. */
function targetsOf(pattern: string, targets: readonly string[], module: string): string[] {
  const [before = '', after] = pattern.split('*');
  if (after === undefined) return pattern === module ? [...targets] : [];
  if (!module.startsWith(before) || !module.endsWith(after) || module.length < before.length + after.length) return [];
  const middle = module.slice(before.length, module.length - after.length);
  return targets.map((each) => each.replace('*', () => middle));
}

/** `imports` of a `package.json`; what is built stands in `src` as a source. */
function byImports(folder: string, module: string): string[] {
  if (!module.startsWith('#')) return [];
  const { imports } = manifestIn(folder);
  return Object.entries(Object.assign({}, imports) as Record<string, unknown>).flatMap(([pattern, target]) => {
    const sources = textsIn(target).flatMap((each) => [sourceOf(each), each]);
    return targetsOf(pattern, sources, module).map((each) => path.resolve(folder, each));
  });
}

interface Matching {
  readonly changed: number;
  readonly matches: PathsMatcher;
}
const remembered = new Map<string, Matching>();

function byPaths(folder: string, module: string): string[] {
  for (const name of ['tsconfig.json', 'jsconfig.json']) {
    const found = matcherOf(path.join(folder, name))(module);
    if (found.length > 0) return found;
  }
  return [];
}

function matcherOf(file: string): PathsMatcher {
  const stats = statsOf(file);
  if (!stats?.isFile()) return matchesNothing;
  const known = remembered.get(file);
  if (known?.changed === stats.mtimeMs) return known.matches;
  const matches = read(file);
  remembered.set(file, { changed: stats.mtimeMs, matches });
  return matches;
}

type PathsMatcher = NonNullable<ReturnType<typeof createPathsMatcher>>;
const matchesNothing: PathsMatcher = () => [];

function read(file: string): PathsMatcher {
  try {
    return createPathsMatcher({ path: file, config: parseTsconfig(file) }) ?? matchesNothing;
  } catch {
    // What cannot be read, or extends what is not there, names no paths.
    return matchesNothing;
  }
}
