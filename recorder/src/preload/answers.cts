/** Answers for what a program asks its surroundings while it loads, and is refused: a file, a command, a server. */
import childProcess from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { settings } from './settings.cjs';
import { report } from './report.cjs';
import { frames, isProgramFile } from './frames.cjs';
import { sayStandIn } from './environment.cjs';

type Method = (this: unknown, ...args: unknown[]) => unknown;

function replace(holder: object, name: string, make: (original: Method) => Method): void {
  const original: unknown = Reflect.get(holder, name);
  if (typeof original === 'function') Reflect.set(holder, name, make(original as Method));
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}

/** Only what the program or a package asks for by its own path: Node and npm look for files that need not be there. */
function fileAsked(target: unknown): string | undefined {
  if (typeof target !== 'string' && !(target instanceof URL)) return undefined;
  const file = path.resolve(target instanceof URL ? target.pathname : target);
  if (file.includes(`${path.sep}node_modules${path.sep}`) || /(?:package|tsconfig)[\w.]*\.json$/.test(file))
    return undefined;
  return frames(12).some((frame) => isProgramFile(frame.file)) ? file : undefined;
}

function named(file: string): string {
  const relative = path.relative(settings.directory, file);
  return relative.startsWith('..') ? file : relative;
}

function content(file: string, options: unknown): unknown {
  const text = sayStandIn('file', named(file));
  const encoding: unknown =
    typeof options === 'object' && options !== null ? Reflect.get(options, 'encoding') : options;
  return typeof encoding === 'string' ? text : Buffer.from(text);
}

const status = {
  isFile: () => true,
  isDirectory: () => false,
  isSymbolicLink: () => false,
  size: 1,
  mode: 0o644,
  mtimeMs: 0,
  mtime: new Date(0),
};

/** A file that is not there has its sentinel in it; a folder that is not there is empty. */
function answerFiles(): void {
  const answers: Readonly<Record<string, (file: string, options: unknown) => unknown>> = {
    readFileSync: content,
    readdirSync: (file) => {
      sayStandIn('file', named(file));
      return [];
    },
    statSync: () => status,
    lstatSync: () => status,
    realpathSync: (file) => file,
    accessSync: () => undefined,
  };
  for (const [name, answer] of Object.entries(answers)) {
    replace(
      fs,
      name,
      (original) =>
        function asked(...args) {
          try {
            return original.apply(this, args);
          } catch (error) {
            const file = isMissing(error) ? fileAsked(args[0]) : undefined;
            if (file === undefined) throw error;
            return answer(file, args[1]);
          }
        },
    );
    replace(
      fs.promises,
      name.replace(/Sync$/, ''),
      (original) =>
        async function asked(...args) {
          const file = fileAsked(args[0]);
          try {
            return await (original.apply(this, args) as Promise<unknown>);
          } catch (error) {
            if (file === undefined || !isMissing(error)) throw error;
            return answer(file, args[1]);
          }
        },
    );
  }
}

function commandAnswer(args: readonly unknown[]): unknown {
  const [command] = String(args[0]).trim().split(/\s+/);
  const name = path.basename(command ?? '');
  const options: unknown = args.findLast((arg) => typeof arg === 'object' && arg !== null && !Array.isArray(arg));
  const encoding: unknown =
    typeof options === 'object' && options !== null ? Reflect.get(options, 'encoding') : undefined;
  const text = sayStandIn('command', name);
  return typeof encoding === 'string' && encoding !== 'buffer' ? text : Buffer.from(text);
}

/** A command that fails here prints its sentinel instead. */
function answerCommands(): void {
  for (const name of ['execSync', 'execFileSync']) {
    replace(
      childProcess,
      name,
      (original) =>
        function run(...args) {
          try {
            return original.apply(this, args);
          } catch {
            return commandAnswer(args);
          }
        },
    );
  }
  replace(
    childProcess,
    'spawnSync',
    (original) =>
      function run(...args) {
        const result = original.apply(this, args) as { status: number | null };
        if (result.status === 0) return result;
        const stdout = commandAnswer(args);
        return { ...result, status: 0, error: undefined, stdout, output: [null, stdout, ''], stderr: '' };
      },
  );
}

/** What `fetch` would have got. */
function answerFetch(): void {
  globalThis.fetch = (input: string | URL | Request): Promise<Response> => {
    const url = typeof input === 'string' ? input : input instanceof URL ? input.href : input.url;
    const host = URL.canParse(url) ? new URL(url).host : 'a server';
    report({ type: 'blocked', what: host });
    const text = sayStandIn('network', host);
    const response = new Response(text, { status: 200 });
    // `JSON.parse` knows a sentinel, and answers with an object that nobody knows.
    Object.defineProperty(response, 'json', { value: () => Promise.resolve(JSON.parse(text) as unknown) });
    return Promise.resolve(response);
  };
}

/** Starts to answer what the settings ask for. */
export function answerSurroundings(): void {
  if (settings.answered.includes('files')) answerFiles();
  if (settings.answered.includes('commands')) answerCommands();
  if (settings.answered.includes('network')) answerFetch();
}
