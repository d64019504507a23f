import { spawn } from 'node:child_process';

/**
 * Runs in a process of its own, in its own process group, and waits for the end of its standard input: that comes when the process
 * that started the server ends, however it ends (Ctrl-C, SIGKILL, crash). Then it stops the server and removes its folder.
 */
const source = `
const [pid, signal, ...folders] = process.argv.slice(1);
const alive = () => { try { process.kill(Number(pid), 0); return true; } catch { return false; } };
const kill = (name) => { try { process.kill(Number(pid), name); } catch {} };
const remove = () => { for (const folder of folders) require('node:fs').rmSync(folder, { recursive: true, force: true, maxRetries: 3 }); };
process.on('SIGINT', () => {}); process.on('SIGTERM', () => {}); process.on('SIGHUP', () => {});
process.stdin.resume();
process.stdin.on('close', () => {
  kill(signal);
  const started = Date.now();
  const timer = setInterval(() => {
    if (alive() && Date.now() - started < 5000) return;
    if (alive()) kill('SIGKILL');
    clearInterval(timer);
    remove();
  }, 25);
});
`;

/** Sees to it that a server and its folders do not outlive this process. */
export interface Reaper {
  /** Call when the server was stopped and its folders removed in the ordinary way. */
  release(): void;
}

/** @param pid of the server; negative for a process group */
export function reap(pid: number, signal: NodeJS.Signals, folders: readonly string[]): Reaper {
  const child = spawn(process.execPath, ['-e', source, '--', String(pid), signal, ...folders], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    env: {},
  });
  child.unref();
  const input = child.stdin;
  if ('unref' in input && typeof input.unref === 'function') input.unref();
  input.on('error', () => undefined);
  return { release: () => void child.kill('SIGKILL') };
}
