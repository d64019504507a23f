import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

import { printable, type NotAnalysed } from '@keyturn/findings';
import { globby } from 'globby';
import picomatch from 'picomatch';
import { parse } from 'yaml';

import { codeOf } from '../config/config.js';

/** What there is to read, as absolute paths, each once and in order. */
export interface Inputs {
  /** Folders that hold a `Pulumi.yaml` with the runtime `nodejs`. */
  readonly programs: readonly string[];
  readonly sources: readonly string[];
  /** YAML that may hold manifests. */
  readonly manifests: readonly string[];
  readonly notAnalysed: readonly NotAnalysed[];
}

export interface FindOptions {
  readonly cwd: string;
  /** Globs that are left out, relative to `ignoreFrom`. */
  readonly ignore?: readonly string[];
  readonly ignoreFrom?: string;
  /** How a path is written in the report. */
  readonly shown: (file: string) => string;
}

const script = /\.[cm]?[jt]sx?$/;
const declaration = /\.d\.[cm]?ts$/;
const yaml = /\.ya?ml$/;
const project = /^Pulumi\.ya?ml$/;
const stackConfig = /^Pulumi\..+\.ya?ml$/;
const neverRead = ['**/node_modules/**', '**/.git/**', '**/.pulumi/**', '**/package-lock.json'];

/** Finds programs, sources and manifests. Every path that gives nothing to read is said, because silence would look like a pass. */
export async function findInputs(paths: readonly string[], options: FindOptions): Promise<Inputs> {
  const { cwd, ignore = [], ignoreFrom = cwd, shown } = options;
  const programs = new Set<string>();
  const sources = new Set<string>();
  const manifests = new Set<string>();
  const notAnalysed: NotAnalysed[] = [];
  const ignored = picomatch([...ignore], { dot: true });
  const isIgnored = (file: string) =>
    ignore.length > 0 && ignored(path.relative(ignoreFrom, file).split(path.sep).join('/'));

  const take = (file: string): 'taken' | 'left' | 'other' => {
    const name = path.basename(file);
    if (isIgnored(file)) return 'left';
    if (project.test(name)) {
      const reason = unsupported(file);
      if (reason === undefined) programs.add(path.dirname(file));
      else
        notAnalysed.push({
          what: shown(file),
          because: reason,
          place: { file: shown(file), line: 1 },
          extent: 'whole',
        });
      return 'taken';
    }
    if (stackConfig.test(name) || declaration.test(name)) return 'left';
    if (script.test(name)) sources.add(file);
    else if (yaml.test(name)) manifests.add(file);
    else return 'other';
    return 'taken';
  };

  for (const given of paths) {
    const full = path.resolve(cwd, given);
    const problem = unreadable(full);
    if (problem !== undefined) {
      notAnalysed.push({ what: printable(given), because: problem, extent: 'whole' });
    } else if (statSync(full).isDirectory()) {
      const taken = await filesBelow(full, isIgnored, (file) => take(file) === 'taken');
      if (taken instanceof Error) {
        notAnalysed.push({ what: printable(given), because: `it cannot be read (${codeOf(taken)})`, extent: 'whole' });
      } else if (taken === 0) {
        const because = 'it holds no Pulumi program, no YAML and no JavaScript or TypeScript that is not ignored';
        notAnalysed.push({ what: printable(given), because, extent: 'whole' });
      }
    } else {
      const answer = take(full);
      if (answer === 'other') {
        notAnalysed.push({
          what: printable(given),
          because: 'it is not a kind of file that keyturn reads',
          extent: 'whole',
        });
      } else if (answer === 'left') {
        notAnalysed.push({ what: printable(given), because: 'it is ignored', extent: 'part' });
      }
    }
  }
  const sorted = (files: ReadonlySet<string>) => [...files].sort();
  return { programs: sorted(programs), sources: sorted(sources), manifests: sorted(manifests), notAnalysed };
}

async function filesBelow(
  folder: string,
  isIgnored: (file: string) => boolean,
  take: (file: string) => boolean,
): Promise<number | Error> {
  try {
    const files = await globby(['**/*.{js,cjs,mjs,jsx,ts,cts,mts,tsx,yaml,yml}'], {
      cwd: folder,
      absolute: true,
      dot: true,
      gitignore: true,
      ignore: neverRead,
      followSymbolicLinks: false,
    });
    return files.map((file) => path.normalize(file)).filter((file) => !isIgnored(file) && take(file)).length;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function unreadable(file: string): string | undefined {
  try {
    accessSync(file, constants.R_OK);
    return undefined;
  } catch (error) {
    const code = codeOf(error);
    return code === 'ENOENT' ? 'it does not exist' : `it cannot be read (${code})`;
  }
}

function unsupported(file: string): string | undefined {
  let content: unknown;
  try {
    content = parse(readFileSync(file, 'utf8'));
  } catch {
    return 'it is not valid YAML';
  }
  const runtime: unknown = isRecord(content) ? content['runtime'] : undefined;
  const name: unknown = isRecord(runtime) ? runtime['name'] : runtime;
  if (name === 'nodejs') return undefined;
  if (typeof name !== 'string') return 'it names no runtime';
  return `programs of the runtime "${printable(name)}" cannot be recorded, only those of "nodejs"`;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
