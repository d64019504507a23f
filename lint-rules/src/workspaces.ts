import { type Dirent, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { statsOf } from './file-stats.js';
import { foldersAbove } from './folders.js';
import { type Manifest, manifestIn, rangesIn } from './manifest.js';

/** In an editor other files change under us; within this time nobody looks again. */
const freshMs = 30_000;
const most = 500;
const deepest = 4;
const found = new Map<string, { readonly at: number; readonly packages: ReadonlyMap<string, string> }>();

/** The folders of the packages of a monorepo, by their names; from the nearest root of workspaces at or above the file. */
export function workspacesOf(place: { readonly filename: string; readonly cwd: string }): ReadonlyMap<string, string> {
  for (const folder of foldersAbove(place)) {
    const patterns = patternsIn(folder);
    if (patterns.length > 0) return packagesIn(folder, patterns);
  }
  return new Map();
}

/** The folders of the packages that ask for one of them, by its name. */
export function dependentsOf(place: { readonly filename: string; readonly cwd: string }, name: string): string[] {
  return [...workspacesOf(place).values()].filter((each) => Object.hasOwn(rangesIn(manifestIn(each)), name));
}

/** The paths that a module of such a package may mean, its sources first: what is built may not be there. */
export function placesInPackage(folder: string, below: string): string[] {
  const manifest = manifestIn(folder);
  const said = textsIn(exportOf(manifest, below)).map((each) => path.join(folder, sourceOf(each)));
  return [...said, ...['src', '', 'lib'].map((each) => path.join(folder, each, below))];
}

/** What is built stands in `src` as a source. */
function sourceOf(file: string): string {
  return file.replace(/^\.?\/?(?:dist|build|lib|out)\/(?:src\/)?/, 'src/').replace(/\.d\.([cm]?)ts$/, '.$1ts');
}

function exportOf({ exports, main, types, source }: Manifest, below: string): unknown {
  const isMap = typeof exports === 'object' && exports !== null;
  const own = isMap ? (exports as Manifest)[below === '' ? '.' : `./${below}`] : undefined;
  return below === '' ? [own, source, main, types, isMap ? undefined : exports] : own;
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

function patternsIn(folder: string): string[] {
  const { workspaces } = manifestIn(folder);
  const said = textsIn(
    Array.isArray(workspaces) ? workspaces : (workspaces as { readonly packages?: unknown } | undefined)?.packages,
  );
  return said.length > 0 ? said : patternsOfPnpm(path.join(folder, 'pnpm-workspace.yaml'));
}

function patternsOfPnpm(file: string): string[] {
  if (!statsOf(file)?.isFile()) return [];
  const [, list = ''] = /^packages:[ \t]*\n((?:[ \t]*(?:-.*|#.*)?\n?)*)/m.exec(readFileSync(file, 'utf8')) ?? [];
  return [...list.matchAll(/^[ \t]*-[ \t]*['"]?([^'"#\n]+?)['"]?[ \t]*(?:#.*)?$/gm)].map(([, each = '']) => each);
}

function packagesIn(root: string, patterns: readonly string[]): ReadonlyMap<string, string> {
  const known = found.get(root);
  if (known && Date.now() - known.at < freshMs) return known.packages;
  const packages = new Map<string, string>();
  for (const pattern of patterns) {
    if (pattern.startsWith('!')) continue;
    for (const folder of foldersFor(
      root,
      pattern.split('/').filter((each) => each !== '' && each !== '.'),
    )) {
      const { name } = manifestIn(folder);
      if (typeof name === 'string' && packages.size < most) packages.set(name, folder);
    }
  }
  found.set(root, { at: Date.now(), packages });
  return packages;
}

function foldersFor(folder: string, segments: readonly string[], depth = 0): string[] {
  const [first, ...rest] = segments;
  if (first === undefined) return [folder];
  if (!first.includes('*')) return foldersFor(path.join(folder, first), rest, depth);
  const inside = foldersIn(folder);
  if (first !== '**') return inside.flatMap((each) => foldersFor(each, rest, depth));
  const deeper = depth < deepest ? inside.flatMap((each) => foldersFor(each, segments, depth + 1)) : [];
  return [...foldersFor(folder, rest, depth), ...deeper];
}

function foldersIn(folder: string): string[] {
  return entriesOf(folder)
    .filter((each) => each.isDirectory() && !/^(?:node_modules|\..*)$/.test(each.name))
    .map((each) => path.join(folder, each.name));
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    // A folder that cannot be read holds nothing for us.
    return [];
  }
}
