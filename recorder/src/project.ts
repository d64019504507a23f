import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

import { isMap, isNode, isScalar, parseDocument } from 'yaml';

import type { Aliases } from './preload/messages.cjs';
import { aliasesOf, compilerOptionsOf } from './tsconfig.js';

/** A Pulumi project that cannot be run, with the file to look at. */
export class ProjectError extends Error {
  override readonly name = 'ProjectError';
  readonly file: string;
  constructor(file: string, message: string, cause?: unknown) {
    super(message, { cause });
    this.file = file;
  }
}

/** One key of `Pulumi.<stack>.yaml` or of `config:` in `Pulumi.yaml`. */
export interface ConfigEntry {
  /** Full, `project:key`. */
  readonly key: string;
  /** Encrypted, in whole or in part. */
  readonly secret: boolean;
  /** Text as Pulumi hands it to the program; encrypted parts are gone. */
  readonly value: string | undefined;
  /** Given by the user in place of the real value. */
  readonly sample?: boolean;
}

export interface Project {
  readonly name: string;
  readonly stack: string;
  /** Nobody said which stack it is, and there are no files of stacks. */
  readonly stackIsGuessed: boolean;
  readonly directory: string;
  /** Where the program is run, and what is run there. */
  readonly workingDirectory: string;
  readonly entry: string;
  /** It is an ES module. */
  readonly esm: boolean;
  /** The package does not say that it is, so Pulumi requires it. */
  readonly importsEntry: boolean;
  /** `esModuleInterop` is off: `import * as x` means the module itself. */
  readonly legacyInterop: boolean;
  /** Where its `tsconfig.json` sends imports. */
  readonly aliases: Aliases;
  readonly config: readonly ConfigEntry[];
  /** Folder of the `@pulumi/pulumi` that runs it. */
  readonly sdk: string;
}

/**
 * Reads what `pulumi` would read before it starts a Node program.
 * @throws {ProjectError} No project file, a broken one, another runtime, or no entry point.
 */
export function readProject(directory: string, stackName?: string): Project {
  const projectFile = ['Pulumi.yaml', 'Pulumi.yml']
    .map((name) => path.join(directory, name))
    .find((file) => existsSync(file));
  if (projectFile === undefined) {
    throw new ProjectError(
      'Pulumi.yaml',
      `There is no Pulumi.yaml in ${directory}. Give the folder of a Pulumi project.`,
    );
  }
  const project = readYaml(projectFile);
  const name = textOf(project['name']) ?? path.basename(directory);
  const runtime = textOf(project['runtime']) ?? textOf(recordOf(project['runtime'])['name']);
  if (runtime !== 'nodejs') {
    throw new ProjectError(
      path.basename(projectFile),
      `The runtime is ${runtime ?? 'not given'}, and only nodejs programs can be run. Check this program with the policy pack instead.`,
    );
  }
  const stacks = stacksOf(directory);
  const stack = stackName ?? defaultStack(stacks);
  const main = textOf(project['main']) ?? '.';
  const target = mainOf(path.resolve(directory, main), directory);
  const isFolder = !existsSync(target) || statSync(target).isDirectory();
  const workingDirectory = isFolder && existsSync(target) ? target : path.dirname(target);
  const manifest = nearestManifest(workingDirectory);
  const options = compilerOptionsOf(workingDirectory);
  const entry = isFolder ? sourceOfMain(workingDirectory, manifest, options) : path.basename(target);
  const esm =
    manifest['type'] === 'module' || /\.m[jt]s$/.test(entry === '.' ? (textOf(manifest['main']) ?? '') : entry);
  return {
    name,
    stack,
    stackIsGuessed: stackName === undefined && stacks.length === 0,
    directory,
    workingDirectory,
    entry,
    esm,
    importsEntry: esm && manifest['type'] !== 'module',
    legacyInterop: options['esModuleInterop'] !== true,
    aliases: aliasesOf(workingDirectory),
    config: readConfig(name, project, directory, stack),
    sdk: findSdk(workingDirectory),
  };
}

type Plain = Readonly<Record<string, unknown>>;

function recordOf(data: unknown): Plain {
  return typeof data === 'object' && data !== null && !Array.isArray(data)
    ? Object.fromEntries(Object.entries(data))
    : {};
}

function textOf(data: unknown): string | undefined {
  return typeof data === 'string' ? data : undefined;
}

function readYaml(file: string): Plain {
  const document = parseDocument(readFileSync(file, 'utf8'));
  const [error] = document.errors;
  if (error !== undefined) {
    const line = error.linePos?.[0].line;
    const where = line === undefined ? '' : ` (line ${line})`;
    throw new ProjectError(
      path.basename(file),
      `${path.basename(file)} is not valid YAML${where}: ${error.code}. Correct it.`,
      error,
    );
  }
  return recordOf(document.toJS() as unknown);
}

function stacksOf(directory: string): readonly string[] {
  return readdirSync(directory)
    .map((file) => /^Pulumi\.(?<stack>[^.]+(?:\.[^.]+)*)\.ya?ml$/.exec(file)?.groups?.['stack'])
    .filter((stack) => stack !== undefined)
    .sort();
}

function defaultStack(stacks: readonly string[]): string {
  return stacks.length === 1 || !stacks.includes('dev') ? (stacks[0] ?? 'dev') : 'dev';
}

function nearestManifest(from: string): Plain {
  for (let folder = from; ; folder = path.dirname(folder)) {
    const file = path.join(folder, 'package.json');
    if (existsSync(file)) return parseJson(file);
    if (path.dirname(folder) === folder) return {};
  }
}

/** `main` of the project: a folder, or a file whose ending may be left out, or which a build would make. */
function mainOf(target: string, directory: string): string {
  if (existsSync(target)) return target;
  const withEnding = ['.ts', '.js', '.mts', '.mjs', '.cts', '.cjs']
    .map((ending) => target + ending)
    .find((file) => existsSync(file));
  if (withEnding !== undefined) return withEnding;
  const options = compilerOptionsOf(directory);
  const source = sourceOfMain(directory, { main: path.relative(directory, target) }, options);
  return source === '.' ? target : path.join(directory, source);
}

/** `main` may name what a build would make: then the source that it is made of is run. */
function sourceOfMain(folder: string, manifest: Plain, options: Plain): string {
  const main = textOf(manifest['main']);
  if (main === undefined || existsSync(path.join(folder, main)) || existsSync(path.join(folder, `${main}.js`)))
    return '.';
  const built = path.normalize(main).replace(/\.[cm]?js$/, '');
  const out = path.normalize(textOf(options['outDir']) ?? built.split(path.sep)[0] ?? '');
  const inside = built.startsWith(out + path.sep) ? built.slice(out.length + 1) : built;
  const candidates = [textOf(options['rootDir']) ?? '.', 'src', '.'].map((root) => path.join(root, `${inside}.ts`));
  return [...candidates, 'src/index.ts', 'index.ts'].find((file) => existsSync(path.join(folder, file))) ?? '.';
}

function parseJson(file: string): Plain {
  try {
    return recordOf(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    throw new ProjectError(path.basename(file), `${path.basename(file)} is not valid JSON. Correct it.`, error);
  }
}

function readConfig(project: string, projectFile: Plain, directory: string, stack: string): readonly ConfigEntry[] {
  const entries = new Map<string, ConfigEntry>();
  const qualified = (key: string): string =>
    key.includes(':') ? key.replace(/^([^:]+):config:/, '$1:') : `${project}:${key}`;
  for (const [key, declared] of Object.entries(recordOf(projectFile['config']))) {
    const fields = recordOf(declared);
    const value = Object.keys(fields).length === 0 ? declared : (fields['value'] ?? fields['default']);
    if (value === undefined && fields['secret'] !== true) continue;
    entries.set(qualified(key), { key: qualified(key), secret: fields['secret'] === true, value: configText(value) });
  }
  const stackFile = ['yaml', 'yml']
    .map((end) => path.join(directory, `Pulumi.${stack}.${end}`))
    .find((file) => existsSync(file));
  if (stackFile === undefined) return [...entries.values()];
  const document = parseDocument(readFileSync(stackFile, 'utf8'));
  if (document.errors.length > 0) readYaml(stackFile);
  const { contents } = document;
  const config: unknown = isMap(contents) ? contents.get('config', true) : undefined;
  if (!isMap(config)) return [...entries.values()];
  for (const { key, value } of config.items) {
    const full = qualified(String(isScalar(key) ? key.value : key));
    const data: unknown = isScalar(value)
      ? (value.source ?? value.value)
      : isNode(value)
        ? value.toJS(document)
        : undefined;
    const secret = hasSecure(data);
    entries.set(full, { key: full, secret, value: secret ? undefined : configText(data) });
  }
  return [...entries.values()];
}

function hasSecure(data: unknown): boolean {
  if (Array.isArray(data)) return data.some(hasSecure);
  if (typeof data !== 'object' || data === null) return false;
  return 'secure' in data || Object.values(data).some(hasSecure);
}

function configText(data: unknown): string | undefined {
  if (data === undefined || data === null) return undefined;
  return typeof data === 'string' ? data : JSON.stringify(data);
}

function findSdk(from: string): string {
  const own = createRequire(import.meta.url);
  for (const require of [createRequire(path.join(from, 'index.js')), own]) {
    try {
      return path.dirname(require.resolve('@pulumi/pulumi/package.json'));
    } catch {
      continue;
    }
  }
  throw new ProjectError(
    'package.json',
    'The package @pulumi/pulumi was not found. Install the dependencies of the program.',
  );
}
