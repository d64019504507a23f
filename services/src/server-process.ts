import { type ChildProcess, spawn } from 'node:child_process';

import type { Account } from './account.js';
import { reap } from './reaper.js';

export interface ServerProcessOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly account?: Account | undefined;
  /** Text in the log that says that the server takes connections. */
  readonly ready: string;
  readonly stopSignal: NodeJS.Signals;
  /** Removed when this process ends without stopping the server. */
  readonly folders: readonly string[];
}

/** A server that says in its log when it is ready. */
export interface ServerProcess {
  readonly pid: number;
  log(): string;
  /** Sends the signal and waits for the end. Default: the ordinary stop signal; SIGKILL after 10 s. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/**
 * Starts a server that does not outlive this process.
 *
 * @throws Error with the last log lines when it ends early or is not ready within 30 s.
 */
export async function startServerProcess(options: ServerProcessOptions): Promise<ServerProcess> {
  let log = '';
  const child = spawn(options.command, options.args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C', ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.account ? { uid: options.account.uid, gid: options.account.gid } : {}),
  });
  try {
    await new Promise<void>((resolve, reject) => {
      const read = (chunk: Buffer): void => {
        log += chunk.toString();
        if (log.includes(options.ready)) resolve();
      };
      child.stdout.on('data', read);
      child.stderr.on('data', read);
      child.once('error', reject);
      child.once('exit', (code, signal) =>
        reject(new Error(`${options.command} ended with ${signal ?? String(code)}: ${log.slice(-1_000)}`)),
      );
      setTimeout(
        () => reject(new Error(`${options.command} was not ready after 30 s: ${log.slice(-1_000)}`)),
        30_000,
      ).unref();
    });
  } catch (error) {
    await end(child, 'SIGKILL');
    throw error;
  }
  const pid = child.pid ?? 0;
  const reaper = reap(pid, options.stopSignal, options.folders);
  return {
    pid,
    log: () => log,
    stop: async (signal = options.stopSignal) => {
      await end(child, signal);
      reaper.release();
    },
  };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill(signal);
  const late = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await gone;
  clearTimeout(late);
}
