import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import module from 'node:module';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { Monitor, type Registration } from './monitor.js';
import type { Answered, Report, Settings } from './preload/messages.cjs';
import type { Project } from './project.js';
import type { NetworkGuard, Recording } from './recording.js';
import { sentinelFor } from './sentinels.js';
import { watchdog } from './watchdog.js';

export interface RunInput {
  readonly project: Project;
  readonly config: ReadonlyMap<string, string>;
  readonly secretKeys: readonly string[];
  /** Begins every sentinel of this run. */
  readonly prefix: string;
  /** Answer the program's look-ups of unset environment variables. */
  readonly environment: boolean;
  /** What look-ups of these variables get instead of a bare sentinel. */
  readonly environmentTexts: Readonly<Record<string, string>>;
  /** Answer optional configuration that is missing. */
  readonly optional: boolean;
  /** What is made up where the program asks in vain. */
  readonly answered: readonly Answered[];
  /** Configuration keys whose value is the path of something that exists; the path has the key's sentinel in it. */
  readonly paths: ReadonlyMap<string, 'file' | 'folder'>;
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly memoryMb: number;
  readonly signal: AbortSignal;
  readonly onResource?: () => void;
}

export interface RunOutput {
  readonly ended: Recording['ended'];
  readonly reason?: string;
  /** Stack trace of the error that ended it. */
  readonly stack?: string;
  readonly registrations: readonly Registration[];
  readonly reports: readonly Report[];
  readonly networkGuard: NetworkGuard;
}

const preload = fileURLToPath(new URL('../dist/preload/main.cjs', import.meta.url));
const hooks = fileURLToPath(new URL('../dist/preload/esm.mjs', import.meta.url));

/** Only these of the caller's variables reach the program. None of them is a credential or leads to one. */
export const passedOn = ['PATH', 'LANG', 'LC_ALL', 'TZ', 'SystemRoot', 'ComSpec', 'PATHEXT'];

let namespaceCommand: readonly string[] | undefined;

/** `unshare` with the options that work here; nothing where it does not. The monitor listens at a socket file, so no loopback is needed. */
function namespace(): readonly string[] {
  if (namespaceCommand !== undefined) return namespaceCommand;
  const candidates = [
    ['unshare', '--net'],
    ['unshare', '--user', '--map-current-user', '--net'],
    ['unshare', '--user', '--map-root-user', '--net'],
  ];
  namespaceCommand =
    process.platform === 'linux'
      ? (candidates.find(([command = '', ...rest]) => spawnSync(command, [...rest, 'true']).status === 0) ?? [])
      : [];
  return namespaceCommand;
}

/** Runs a program once, in a process group of its own that does not outlive this one. */
export async function run(input: RunInput): Promise<RunOutput> {
  const { project } = input;
  const folder = mkdtempSync(path.join(tmpdir(), 'keyturn-'));
  chmodSync(folder, 0o700);
  const monitor = new Monitor(project.name, project.stack, input.onResource);
  const reports: Report[] = [];
  try {
    const address = await monitor.listen(
      process.platform === 'win32' ? '127.0.0.1:0' : `unix:${path.join(folder, 'monitor.sock')}`,
    );
    const wrapper = namespace();
    const child = start(input, address, folder, wrapper);
    const dog = watchdog(child, [folder]);
    const channel = child.stdio[3];
    const said =
      channel !== undefined && channel !== null && 'read' in channel
        ? readReports(channel, (report) => void reports.push(report))
        : Promise.resolve();
    const output = collect(child);
    const end = await ending(child, input);
    await said;
    dog.release();
    return {
      ...judge(end, monitor, reports, output(), input),
      registrations: monitor.registrations,
      reports,
      networkGuard: wrapper.length > 0 ? 'namespace' : 'process',
    };
  } finally {
    monitor.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function start(input: RunInput, address: string, home: string, wrapper: readonly string[]): ChildProcess {
  const { project } = input;
  const settings: Settings = {
    monitor: address,
    directory: project.directory,
    fallbackRoot: path.dirname(fileURLToPath(import.meta.url)),
    prefix: input.prefix,
    environment: input.environment,
    environmentTexts: input.environmentTexts,
    optional: input.optional,
    answered: input.answered,
    legacyInterop: project.legacyInterop,
    importsEntry: project.importsEntry,
    aliases: project.aliases,
  };
  const env: Record<string, string> = {
    HOME: home,
    USERPROFILE: home,
    TMPDIR: home,
    ...input.env,
    PULUMI_CONFIG: JSON.stringify({ ...Object.fromEntries(input.config), ...makePaths(input, home) }),
    PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(input.secretKeys),
    PULUMI_NODEJS_TYPESCRIPT: 'false',
    KEYTURN_RECORDER: JSON.stringify(settings),
  };
  const compiled = (module as { getCompileCacheDir?: () => string | undefined }).getCompileCacheDir?.();
  if (compiled !== undefined) env['NODE_COMPILE_CACHE'] ??= compiled;
  for (const name of passedOn) {
    const value = process.env[name];
    if (value !== undefined && !(name in input.env)) env[name] = value;
  }
  const node = [
    process.execPath,
    `--max-old-space-size=${input.memoryMb}`,
    '--require',
    preload,
    ...(project.esm ? ['--import', hooks] : []),
    path.join(project.sdk, 'cmd', 'run'),
    ...['--monitor', address, '--engine', address, '--project', project.name, '--stack', project.stack],
    ...['--organization', 'organization', '--root-directory', project.directory, '--dry-run', '--parallel', '16'],
    ...['--pwd', project.workingDirectory, project.entry],
  ];
  const [command = process.execPath, ...args] = [...wrapper, ...node];
  return spawn(command, args, {
    cwd: project.workingDirectory,
    env,
    detached: process.platform !== 'win32',
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
}

/** Somewhere for a program to look that asks for a path. */
function makePaths({ paths, prefix, project }: RunInput, home: string): Readonly<Record<string, string>> {
  const made: Record<string, string> = {};
  for (const [key, kind] of paths) {
    const sentinel = sentinelFor(prefix, 'config', key);
    const target = path.join(home, sentinel);
    if (kind === 'folder') mkdirSync(target);
    writeFileSync(kind === 'folder' ? path.join(target, 'index.html') : target, sentinel);
    // Relative: programs join it to their own folder.
    made[key] = path.relative(project.workingDirectory, target);
  }
  return made;
}

function isReport(data: unknown): data is Report {
  return typeof data === 'object' && data !== null && 'type' in data;
}

async function readReports(channel: NodeJS.ReadableStream, add: (report: Report) => void): Promise<void> {
  for await (const line of createInterface({ input: channel })) {
    try {
      const data: unknown = JSON.parse(line);
      if (isReport(data)) add(data);
    } catch {
      // The process was killed in the middle of a line.
    }
  }
}

/** The end of what the program printed; programs print a lot. */
function collect(child: ChildProcess): () => string {
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => (text = (text + chunk.toString()).slice(-8_000)));
  }
  return () => text;
}

interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stopped?: 'timeout' | 'aborted';
  readonly error?: Error;
}

function ending(child: ChildProcess, { timeoutMs, signal }: RunInput): Promise<Ending> {
  return new Promise((resolve) => {
    let stopped: Ending['stopped'];
    const stop = (why: 'timeout' | 'aborted'): void => {
      stopped ??= why;
      killGroup(child);
    };
    const timer = setTimeout(() => stop('timeout'), timeoutMs);
    const abort = (): void => stop('aborted');
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    const done = (end: Ending): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      killGroup(child);
      resolve(stopped === undefined ? end : { ...end, stopped });
    };
    child.once('error', (error) => done({ code: null, signal: null, error }));
    child.once('exit', (code, name) => done({ code, signal: name }));
  });
}

/** Whatever the program started goes with it. */
export function killGroup(child: ChildProcess): void {
  try {
    if (child.pid !== undefined && process.platform !== 'win32') process.kill(-child.pid, 'SIGKILL');
    else child.kill('SIGKILL');
  } catch {
    // It has ended already.
  }
}

function judge(
  end: Ending,
  monitor: Monitor,
  reports: readonly Report[],
  output: string,
  input: RunInput,
): Pick<RunOutput, 'ended' | 'reason' | 'stack'> {
  if (end.stopped === 'timeout') {
    return { ended: 'timeout', reason: `The program did not end within ${input.timeoutMs / 1000} s.` };
  }
  if (end.stopped === 'aborted') return { ended: 'aborted', reason: 'The recording was stopped.' };
  if (end.error !== undefined) return { ended: 'failed', reason: `Node could not be started: ${end.error.message}.` };
  if (/heap out of memory|allocation failed/i.test(output)) {
    return { ended: 'out-of-memory', reason: `The program needed more than ${input.memoryMb} MB of memory.` };
  }
  const error = reports.find((report) => report.type === 'error');
  if (error?.type === 'error') {
    return { ended: 'failed', reason: `${error.name}: ${firstLine(error.message)}`, stack: error.stack };
  }
  const exit = reports.find((report) => report.type === 'exit-called');
  if (exit?.type === 'exit-called') {
    const [logged] = monitor.errors;
    const said = logged === undefined ? '' : `: ${firstLine(logged)}`;
    return { ended: 'failed', reason: `The program called process.exit(${exit.code})${said}.`, stack: exit.stack };
  }
  const [logged] = monitor.errors;
  if (logged !== undefined) return { ended: 'failed', reason: firstLine(logged), stack: logged };
  if (end.code !== 0) {
    return {
      ended: 'failed',
      reason: `The program ended with ${end.signal ?? `exit code ${String(end.code)}`}: ${lastLine(output)}`,
    };
  }
  return { ended: 'complete' };
}

function firstLine(text: string): string {
  const lines = text.split('\n').map((line) => line.trim());
  return lines.find((line) => line !== '') ?? 'no message';
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1)?.trim() ?? 'it printed nothing';
}
