import { type ChildProcess, spawn } from 'node:child_process';

import { PartMissing } from './part-missing.js';
import { type Reaper, reap } from './reaper.js';

/** A server process that answers HTTP on loopback once it is up. */
export interface HttpService {
  readonly url: string;
  /** Everything it printed so far. */
  log(): string;
  stop(): Promise<void>;
}

export interface HttpServiceOptions {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly url: string;
  /** Path that answers with any status once the server is up. Default: `/`. */
  readonly ready?: string;
  /** Removed when the server ends, however it ends. */
  readonly folders?: readonly string[];
}

/**
 * Starts the program and waits until it answers. It does not outlive this process.
 *
 * @throws PartMissing when it ends early or does not answer within 60 s.
 */
export async function startHttpService(options: HttpServiceOptions): Promise<HttpService> {
  let log = '';
  const child = spawn(options.command, options.args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'] ?? '', ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(`it ended with ${signal ?? `status ${String(code)}`}`));
  });
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (log += chunk.toString()));
  const reaper = child.pid === undefined ? undefined : reap(child.pid, 'SIGTERM', options.folders ?? []);
  const because = await Promise.race([ended, answered(`${options.url}${options.ready ?? '/'}`)]);
  if (because !== undefined) {
    await end(child, reaper);
    throw new PartMissing(options.name, `${because}. Its last words: ${log.slice(-500)}`);
  }
  return { url: options.url, log: () => log, stop: async () => await end(child, reaper) };
}

async function answered(url: string): Promise<string | undefined> {
  for (let tries = 0; tries < 600; tries += 1) {
    const response = await fetch(url, { signal: AbortSignal.timeout(1_000) }).catch(() => undefined);
    await response?.body?.cancel();
    if (response) return undefined;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return 'it did not answer within 60 s';
}

async function end(child: ChildProcess, reaper: Reaper | undefined): Promise<void> {
  if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), 5_000);
    await gone;
    clearTimeout(late);
  }
  reaper?.release();
}
