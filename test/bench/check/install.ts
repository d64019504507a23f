import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import path from 'node:path';

/** Why one program has not what it needs. */
export type Missing = ReadonlyMap<string, string>;

type Say = (text: string) => void;

export interface Installed {
  /** By the folder of the program: the packages that the registry does not have. */
  readonly missing: Missing;
  /** Takes the links out of the corpus again. The packages stay in the cache. */
  readonly unlink: () => void;
}

interface Wish {
  readonly programs: string[];
  readonly packages: Map<string, string>;
}

const cache = path.join(import.meta.dirname, '..', '..', '..', '.cache', 'corpus');

/**
 * Gives each program the packages that its own `package.json` names. Programs that do not contradict each other share a folder of
 * packages, because a provider's SDK takes a minute to unpack. What is there already is left as it is.
 */
export async function installFor(corpus: string, programs: readonly string[], say: Say): Promise<Installed> {
  const missing = new Map<string, string>();
  const links: string[] = [];
  for (const { packages, programs: sharing } of wishes(corpus, programs)) {
    const { folder, absent } = await install(packages, say);
    for (const program of sharing) {
      const own = manifestOf(corpus, program);
      if (own === undefined) continue;
      const lacking = [...own.packages.keys()].filter((name) => absent.has(name));
      if (lacking.length > 0) missing.set(program, `the registry has no ${lacking.join(', ')}`);
      const link = path.join(own.folder, 'node_modules');
      if (existsSync(link)) continue;
      // A run that was ended leaves links, and the packages behind them may be gone.
      rmSync(link, { force: true });
      symlinkSync(path.join(folder, 'node_modules'), link, 'dir');
      links.push(link);
    }
  }
  return {
    missing,
    unlink: () => {
      for (const link of links) unlinkSync(link);
    },
  };
}

function wishes(corpus: string, programs: readonly string[]): Wish[] {
  const shared: Wish[] = [];
  for (const program of programs) {
    const own = manifestOf(corpus, program);
    if (own === undefined || existsSync(path.join(own.folder, 'node_modules'))) continue;
    let place = shared.find(({ packages }) =>
      [...own.packages].every(([name, range]) => (packages.get(name) ?? range) === range),
    );
    if (place === undefined) shared.push((place = { programs: [], packages: new Map() }));
    place.programs.push(program);
    for (const [name, range] of own.packages) place.packages.set(name, range);
  }
  return shared;
}

/** The nearest `package.json`, within the corpus. Types are not loaded by a program that runs. */
function manifestOf(corpus: string, program: string): { folder: string; packages: Map<string, string> } | undefined {
  const root = path.resolve(corpus);
  for (let folder = path.resolve(root, program); ; folder = path.dirname(folder)) {
    const file = path.join(folder, 'package.json');
    if (existsSync(file)) return { folder, packages: packagesIn(file) };
    if (folder === root || path.dirname(folder) === folder) return undefined;
  }
}

function packagesIn(file: string): Map<string, string> {
  const data: unknown = JSON.parse(readFileSync(file, 'utf8'));
  const lists = typeof data === 'object' && data !== null ? Object.entries(data) : [];
  return new Map(
    lists
      .filter(([list]) => list === 'dependencies' || list === 'devDependencies')
      .flatMap(([, packages]) => Object.entries(packages as object))
      .filter((entry): entry is [string, string] => typeof entry[1] === 'string')
      .filter(([name, range]) => !name.startsWith('@types/') && !/^(?:file|link|workspace):/.test(range)),
  );
}

/** One folder with all of them; what the registry does not have is left out, and named. */
async function install(
  packages: ReadonlyMap<string, string>,
  say: Say,
): Promise<{ folder: string; absent: Set<string> }> {
  const wanted = [...packages].sort(([a], [b]) => (a < b ? -1 : 1));
  const folder = path.join(cache, createHash('sha256').update(JSON.stringify(wanted)).digest('hex').slice(0, 16));
  const done = path.join(folder, 'absent.json');
  if (existsSync(done)) return { folder, absent: new Set(JSON.parse(readFileSync(done, 'utf8')) as string[]) };
  mkdirSync(folder, { recursive: true });
  // npm stops at the first package that is not there, so each is asked for before.
  const absent: string[] = [];
  const dependencies: Record<string, string> = {};
  for (const [name, range] of wanted) {
    const found = await nearest(folder, name, range);
    if (found === undefined) absent.push(name);
    else dependencies[name] = found;
    if (found !== undefined && found !== range) say(`${name}: ${found}, because the registry has no ${range}`);
  }
  say(`installing ${Object.keys(dependencies).length} packages`);
  if (absent.length > 0) say(`the registry has no ${absent.join(', ')}`);
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ name: 'corpus', private: true, dependencies }));
  // Scripts of packages never run, and a peer that a program does not name is not needed to run it.
  const flags = [
    '--ignore-scripts',
    '--legacy-peer-deps',
    '--no-audit',
    '--no-fund',
    '--no-package-lock',
    '--prefer-offline',
  ];
  const error = await npm(folder, 'install', ...flags);
  if (error !== '') throw new Error(`npm could not install the packages in ${folder}: ${error}`);
  writeFileSync(done, JSON.stringify(absent));
  return { folder, absent: new Set(absent) };
}

/** The range itself, else its major version, else the newest there is. A registry may have lost a version that a program pins. */
async function nearest(folder: string, name: string, range: string): Promise<string | undefined> {
  const major = /\d+/.exec(range)?.[0];
  for (const tried of [range, ...(major === undefined ? [] : [`^${major}`]), 'latest'])
    if ((await npm(folder, 'view', `${name}@${tried}`, 'name')) === '') return tried;
  return undefined;
}

/** What npm said went wrong, or nothing. */
function npm(cwd: string, ...args: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile('npm', [...args], { cwd, maxBuffer: 16 << 20 }, (error, _stdout, stderr) =>
      resolve(error === null ? '' : stderr.slice(-800) || error.message),
    );
  });
}
