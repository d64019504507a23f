import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

import { printable, type NotAnalysed } from '@keyturn/findings';
import { isJsonManifest, textReaderOf } from '@keyturn/resources';
import picomatch from 'picomatch';
import { parse } from 'yaml';

import { codeOf } from '../config/config.js';
import { filesBelow } from './files-below.js';

/** What there is to read, as absolute paths, each once and in order. */
export interface Inputs {
  /** Folders that hold a `Pulumi.yaml` with the runtime `nodejs`. */
  readonly programs: readonly string[];
  /** `Pulumi.yaml` files with the runtime `yaml`, which hold the program. */
  readonly yamlPrograms: readonly string[];
  /** JSON that was asked for by name: output of `pulumi preview --json` or `pulumi stack export`. */
  readonly states: readonly string[];
  readonly sources: readonly string[];
  /** Files that are read as text: YAML that may hold manifests, compose files, workflows, `.env` files, templates and scripts. */
  readonly documents: readonly string[];
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
const yaml = /\.ya?ml(\.(tmpl|template|envsubst))?$/;
/** What a build wrote is checked where it was made from. */
const built = /(^|\/)dist\//;
const json = /\.json$/;
/** A state may well be larger, and is no manifest. */
const mostBytes = 2_000_000;
const project = /^Pulumi\.ya?ml$/;
const stackConfig = /^Pulumi\..+\.ya?ml$/;

const slashed = (file: string): string => file.split(path.sep).join('/');
const isKnown = (file: string): boolean => script.test(file) || /\.ya?ml$/.test(file);

/** Finds programs, sources and what is read as text. Every path that gives nothing to read is said, because silence would look like a pass. */
export async function findInputs(paths: readonly string[], options: FindOptions): Promise<Inputs> {
  const { cwd, ignore = [], ignoreFrom = cwd, shown } = options;
  const programs = new Set<string>();
  const yamlPrograms = new Set<string>();
  const states = new Set<string>();
  const sources = new Set<string>();
  const documents = new Set<string>();
  const notAnalysed: NotAnalysed[] = [];
  const ignored = picomatch([...ignore], { dot: true });
  const isIgnored = (file: string) => ignore.length > 0 && ignored(slashed(path.relative(ignoreFrom, file)));

  const take = (file: string): 'taken' | 'left' | 'other' => {
    const name = path.basename(file);
    if (isIgnored(file)) return 'left';
    if (project.test(name)) {
      const found = runtimeOf(file);
      if (found.runtime === 'nodejs') programs.add(path.dirname(file));
      else if (found.runtime === 'yaml') yamlPrograms.add(file);
      else {
        const place = { file: shown(file), line: 1 };
        notAnalysed.push({ what: shown(file), because: found.because, place, extent: 'whole' });
      }
      return 'taken';
    }
    if (stackConfig.test(name) || declaration.test(name)) return 'left';
    if (script.test(name)) sources.add(file);
    else if (yaml.test(name) || textReaderOf(slashed(file)) || (json.test(name) && holdsManifest(file)))
      documents.add(file);
    else return 'other';
    return 'taken';
  };

  for (const given of paths) {
    const full = path.resolve(cwd, given);
    const problem = unreadable(full);
    if (problem !== undefined) {
      notAnalysed.push({ what: printable(given), because: problem, extent: 'whole' });
    } else if (statSync(full).isDirectory()) {
      const isRead = (file: string) =>
        !isIgnored(file) && (isKnown(file) || !built.test(slashed(path.relative(full, file))));
      const { files, closed } = await filesBelow(full);
      for (const { folder, because } of closed) {
        const what = printable(folder === full ? given : shown(folder));
        notAnalysed.push({ what, because, extent: 'whole' });
      }
      const taken = files.filter((file) => isRead(file) && take(file) === 'taken').length;
      if (taken === 0 && closed.length === 0) {
        const because = 'it holds nothing that keyturn reads and that is not ignored';
        notAnalysed.push({ what: printable(given), because, extent: 'whole' });
      }
    } else {
      const isState = json.test(full) && !isIgnored(full) && !holdsManifest(full);
      if (isState) states.add(full);
      const answer = isState ? 'taken' : take(full);
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
  return {
    programs: sorted(programs),
    yamlPrograms: sorted(yamlPrograms),
    states: sorted(states),
    sources: sorted(sources),
    documents: sorted(documents),
    notAnalysed,
  };
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

/** Most JSON is none, so it is looked into before it counts as read. */
function holdsManifest(file: string): boolean {
  try {
    return statSync(file).size <= mostBytes && isJsonManifest(readFileSync(file, 'utf8'));
  } catch {
    return false;
  }
}

type Runtime =
  | { readonly runtime: 'nodejs' }
  | { readonly runtime: 'yaml' }
  | { readonly runtime: 'other'; readonly because: string };

function runtimeOf(file: string): Runtime {
  const other = (because: string): Runtime => ({ runtime: 'other', because });
  let content: unknown;
  try {
    content = parse(readFileSync(file, 'utf8'), { logLevel: 'error' });
  } catch {
    return other('it is not valid YAML');
  }
  const runtime: unknown = isRecord(content) ? content['runtime'] : undefined;
  const name: unknown = isRecord(runtime) ? runtime['name'] : runtime;
  if (name === 'nodejs' || name === 'yaml') return { runtime: name };
  if (typeof name !== 'string') return other('it names no runtime');
  return other(`programs of the runtime "${printable(name)}" cannot be read, only those of "nodejs" and "yaml"`);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
