import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import path from 'node:path';

/** Why one program has not what it needs. */
export type Missing = ReadonlyMap<string, string>;

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
export function installFor(corpus: string, programs: readonly string[], say: (text: string) => void): Installed {
  const missing = new Map<string, string>();
  const links: string[] = [];
  for (const { packages, programs: sharing } of wishes(corpus, programs)) {
    const { folder, absent } = install(packages, say);
    for (const program of sharing) {
      const own = manifestOf(corpus, program);
      if (own === undefined) continue;
      const lacking = [...own.packages.keys()].filter((name) => absent.has(name));
      if (lacking.length > 0) missing.set(program, `the registry has no ${lacking.join(', ')}`);
      const link = path.join(own.folder, 'node_modules');
      if (existsSync(link)) continue;
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
function install(
  packages: ReadonlyMap<string, string>,
  say: (text: string) => void,
): { folder: string; absent: Set<string> } {
  const wanted = new Map([...packages].sort(([a], [b]) => (a < b ? -1 : 1)));
  const folder = path.join(
    cache,
    createHash('sha256')
      .update(JSON.stringify([...wanted]))
      .digest('hex')
      .slice(0, 16),
  );
  const done = path.join(folder, 'absent.json');
  if (existsSync(done)) return { folder, absent: new Set(JSON.parse(readFileSync(done, 'utf8')) as string[]) };
  const absent = new Set<string>();
  mkdirSync(folder, { recursive: true });
  for (;;) {
    say(`installing ${wanted.size} packages`);
    writeFileSync(
      path.join(folder, 'package.json'),
      JSON.stringify({ name: 'corpus', private: true, dependencies: Object.fromEntries(wanted) }),
    );
    // Scripts of packages never run, and a peer that a program does not name is not needed to run it.
    const flags = [
      '--ignore-scripts',
      '--legacy-peer-deps',
      '--no-audit',
      '--no-fund',
      '--no-package-lock',
      '--prefer-offline',
    ];
    const { status, stderr } = spawnSync('npm', ['install', ...flags], { cwd: folder, encoding: 'utf8' });
    if (status === 0) break;
    const refused = [...wanted.keys()].find((name) =>
      new RegExp(`(?:'|/|for |target )${name.replace('/', '(?:/|%2f)')}(?:@|'| |$)`, 'im').test(stderr),
    );
    if (refused === undefined)
      throw new Error(`npm could not install ${[...wanted.keys()].join(', ')}: ${stderr.slice(-800)}`);
    say(`the registry has no ${refused}@${wanted.get(refused) ?? ''}`);
    wanted.delete(refused);
    absent.add(refused);
  }
  writeFileSync(done, JSON.stringify([...absent]));
  return { folder, absent };
}
