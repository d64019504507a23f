import { readFileSync } from 'node:fs';
import path from 'node:path';
import { globSync } from 'tinyglobby';
import { parse } from 'yaml';
import { statsOf } from './file-stats.js';
import { foldersAbove } from './folders.js';
import { type Manifest, manifestIn, rangesIn, sourceOf, textsIn } from './manifest.js';

interface Place {
  readonly filename: string;
  readonly cwd: string;
}

/** In an editor other files change under us; within this time nobody looks again. */
const freshMs = 30_000;
const found = new Map<string, { readonly at: number; readonly packages: ReadonlyMap<string, string> }>();

/** The folders of the packages of a monorepo, by their names; from the nearest root of workspaces at or above the file. */
export function workspacesOf(place: Place): ReadonlyMap<string, string> {
  const folder = path.dirname(place.filename);
  const known = found.get(folder);
  if (known && Date.now() - known.at < freshMs) return known.packages;
  const packages = lookUp(place);
  found.set(folder, { at: Date.now(), packages });
  return packages;
}

/** The folders of the packages that ask for one of them, by its name. */
export function dependentsOf(place: Place, name: string): string[] {
  return [...workspacesOf(place).values()].filter((each) => Object.hasOwn(rangesIn(manifestIn(each)), name));
}

/** The paths that a module of such a package may mean, its sources first: what is built may not be there. */
export function placesInPackage(folder: string, below: string): string[] {
  const said = textsIn(exportOf(manifestIn(folder), below)).map((each) => path.join(folder, sourceOf(each)));
  return [...said, ...['src', '', 'lib'].map((each) => path.join(folder, each, below))];
}

function exportOf({ exports, main, types, source }: Manifest, below: string): unknown {
  const isMap = typeof exports === 'object' && exports !== null;
  const own = isMap ? (exports as Manifest)[below === '' ? '.' : `./${below}`] : undefined;
  return below === '' ? [own, source, main, types, isMap ? undefined : exports] : own;
}

function lookUp(place: Place): ReadonlyMap<string, string> {
  for (const root of foldersAbove(place)) {
    const patterns = patternsIn(root);
    if (patterns.length > 0) return packagesIn(root, patterns);
  }
  return new Map();
}

function packagesIn(root: string, patterns: readonly string[]): ReadonlyMap<string, string> {
  const manifests = globSync(
    patterns.map((each) => `${each.replace(/\/+$/, '')}/package.json`),
    { cwd: root, absolute: true, ignore: '**/node_modules/**' },
  );
  const packages = new Map<string, string>();
  for (const file of manifests) {
    const folder = path.dirname(file);
    const { name } = manifestIn(folder);
    if (typeof name === 'string') packages.set(name, folder);
  }
  return packages;
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
  try {
    return textsIn((parse(readFileSync(file, 'utf8')) as { readonly packages?: unknown } | null)?.packages);
  } catch {
    // What cannot be read, or is being written just now, names no packages.
    return [];
  }
}
