import { spawn, type ChildProcess } from 'node:child_process';

export interface Watchdog {
  /** Call when the process group has ended in the ordinary way. */
  release(): void;
}

/**
 * Ends a process group, and removes its folders, when this process ends, however it ends. A shell waits for the end of its standard
 * input in a group of its own: that costs a millisecond, and a program that loops for ever cannot keep it from acting.
 */
export function watchdog(child: ChildProcess, folders: readonly string[]): Watchdog {
  if (child.pid === undefined || process.platform === 'win32') return { release: () => undefined };
  const script = 'cat >/dev/null; kill -9 "-$1" 2>/dev/null; shift; rm -rf -- "$@"';
  const dog = spawn('/bin/sh', ['-c', script, 'keyturn-watchdog', String(child.pid), ...folders], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin' },
  });
  dog.on('error', () => undefined);
  dog.stdin.on('error', () => undefined);
  dog.unref();
  return { release: () => dog.stdin.end() };
}
