/** Loaded into the process that runs the program, before everything else. */
import fs from 'node:fs';
import Module from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { isMainThread } from 'node:worker_threads';
import { settings } from './settings.cjs';
import { report } from './report.cjs';
import { frames, isProgramFile, printFrame, programCaller } from './frames.cjs';
import { refuseNetwork } from './network.cjs';
import { watchEnvironment } from './environment.cjs';
import { patchSdkFile, reportUnreached } from './sdk.cjs';
import { requireTypeScript, useSourceMap } from './sources.cjs';
import { moduleStandIn, providerOf, withMissingMembers } from './stand-ins.cjs';
import { isHardlyNeeded, lazily, withPartsOnDemand } from './lazy.cjs';
import { aliasedFile, fileFromBase } from './aliases.cjs';
import { answerSurroundings } from './answers.cjs';

function reportError(error: unknown): void {
  const { name, message, stack, code } =
    error instanceof Error
      ? { code: undefined, ...error, name: error.name, message: error.message, stack: error.stack }
      : { name: 'Error', message: String(error), stack: '', code: undefined };
  report({ type: 'error', name, message, stack: stack ?? '', code: typeof code === 'string' ? code : undefined });
}

/** Listens first: Pulumi's own listener prints the error with every object it can reach, which has taken minutes and gigabytes. */
function endOnError(): void {
  const end = (error: unknown): void => {
    reportError(error);
    reallyExit(70);
  };
  process.on('uncaughtException', end);
  process.on('unhandledRejection', end);
}

const exit = process.exit.bind(process);
function reallyExit(code: number): never {
  reportUnreached();
  return exit(code);
}

function reportExits(): void {
  process.exit = (code?: number | string | null): never => {
    const number = Number(code ?? process.exitCode ?? 0);
    report({ type: 'exit-called', code: number, stack: new Error('exit').stack ?? '' });
    return reallyExit(number);
  };
  process.on('exit', reportUnreached);
}

interface Loader {
  _load(request: string, parent: unknown, isMain: boolean): unknown;
  _resolveFilename(request: string, parent: unknown, isMain: boolean, options?: unknown): string;
}

function isLoader(value: unknown): value is Loader {
  return typeof value === 'function' && '_load' in value && '_resolveFilename' in value;
}

function isFromProgram(parent: unknown): boolean {
  return (
    typeof parent === 'object' && parent !== null && 'filename' in parent && isProgramFile(String(parent.filename))
  );
}

function loadOrStandIn(load: () => unknown, request: string, parent: unknown): unknown {
  try {
    return load();
  } catch (error) {
    const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
    const lacks = code === 'MODULE_NOT_FOUND' && error instanceof Error && error.message.includes(`'${request}'`);
    if (!lacks || !settings.answered.includes('modules') || !isFromProgram(parent)) throw error;
    return moduleStandIn(request);
  }
}

/** The SDKs refuse a resource without a property that it needs, and with it the rest of the program; that is written down instead. */
function notePropertiesThatAreMissing(): void {
  Reflect.set(globalThis, Symbol.for('keyturn.missing'), (property: string, resource: unknown): void => {
    const caller = frames(30).find(({ file }) => isProgramFile(file));
    report({
      type: 'missing-property',
      property,
      resource: String(resource),
      at: caller === undefined ? '' : printFrame(caller),
    });
  });
}

/** ES modules are loaded in another thread, which asks for a stand-in by this name. */
function lendModules(): void {
  Reflect.set(globalThis, Symbol.for('keyturn.module'), moduleStandIn);
  Reflect.set(globalThis, Symbol.for('keyturn.answered'), settings.answered);
  Reflect.set(globalThis, Symbol.for('keyturn.aliases'), settings.aliases);
}

const refusal = /throw new Error\("Missing required property '(\w+)'"\)/g;

function compileLeniently(module: unknown): void {
  if (typeof module !== 'object' || module === null || !('_compile' in module)) return;
  const compile = module._compile as (code: string, file: string) => unknown;
  module._compile = (code: string, file: string): unknown => {
    const lenient = code.replace(refusal, 'globalThis[Symbol.for("keyturn.missing")]("$1", name)');
    return compile.call(module, withPartsOnDemand(lenient, file), file);
  };
}

/** Pulumi requires a program whose package does not say that it is an ES module. It waits for whatever it gets. */
function isEntry(request: string, parent: unknown): boolean {
  if (!settings.importsEntry || !path.isAbsolute(request)) return false;
  if (typeof parent !== 'object' || parent === null || !('filename' in parent)) return false;
  return (
    /[\\/]@pulumi[\\/]pulumi[\\/]cmd[\\/]run[\\/]/.test(String(parent.filename)) && !request.includes('node_modules')
  );
}

/** As Pulumi does it for packages that say so. */
async function importEntry(file: string): Promise<unknown> {
  const exported = (await import(pathToFileURL(file).href)) as Readonly<Record<string, unknown>>;
  const program = 'default' in exported && Object.keys(exported).length === 1 ? exported['default'] : exported;
  return typeof program === 'function' ? (program() as unknown) : program;
}

/** Sees each file as it loads, and lends the program our SDK packages where it has none. */
function watchModules(): void {
  if (!isLoader(Module)) throw new TypeError('This version of Node loads modules in a way the recorder does not know.');
  const loader: Loader = Module;
  const { _load: load, _resolveFilename: resolve } = loader;
  loader._load = function watched(request, parent, isMain) {
    if (request === 'source-map-support/register' || request === 'source-map-support')
      return { install: () => undefined };
    if (isEntry(request, parent)) return importEntry(this._resolveFilename(request, parent, isMain));
    if (isHardlyNeeded(request, parent)) return lazily(() => load.call(this, request, parent, isMain));
    const loaded = loadOrStandIn(() => load.call(this, request, parent, isMain), request, parent);
    return settings.answered.includes('members') && providerOf(request) !== undefined && isFromProgram(parent)
      ? withMissingMembers(loaded, request)
      : loaded;
  };
  loader._resolveFilename = function lent(request, parent, isMain, options) {
    const own = isFromProgram(parent) ? aliasedFile(request, settings.aliases) : undefined;
    if (own !== undefined) return own;
    try {
      return resolve.call(this, request, parent, isMain, options);
    } catch (error) {
      const based = isFromProgram(parent) ? fileFromBase(request, settings.aliases) : undefined;
      if (based !== undefined) return based;
      if (!/^@(?:pulumi|keyturn)\//.test(request)) throw error;
      try {
        const found = resolve.call(this, request, parent, isMain, { paths: [settings.fallbackRoot] });
        report({ type: 'sdk-borrowed', name: request });
        return found;
      } catch {
        throw error;
      }
    }
  };
  const javascript = require.extensions['.js'];
  require.extensions['.js'] = (module, file) => {
    if (isProgramFile(file)) {
      report({ type: 'loaded', path: file });
      useSourceMap(fs.readFileSync(file, 'utf8'));
    } else if (file.includes(`${path.sep}node_modules${path.sep}`)) compileLeniently(module);
    javascript?.(module, file);
    patchSdkFile(file, module.exports);
  };
  const typescript = require.extensions['.ts'];
  require.extensions['.ts'] = (module, file) => {
    if (isProgramFile(file)) report({ type: 'loaded', path: file });
    typescript?.(module, file);
  };
}

function watchFiles(): void {
  const { readFileSync } = fs;
  Reflect.set(fs, 'readFileSync', function watched(this: unknown, ...args: unknown[]): unknown {
    const [file] = args;
    if (typeof file === 'string' && programCaller() !== undefined) report({ type: 'file', path: file });
    return Reflect.apply(readFileSync, this, args) as unknown;
  });
}

refuseNetwork();
if (isMainThread) {
  endOnError();
  reportExits();
  requireTypeScript();
  watchModules();
  watchFiles();
  watchEnvironment();
  notePropertiesThatAreMissing();
  lendModules();
  answerSurroundings();
}
