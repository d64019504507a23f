import { randomUUID } from 'node:crypto';
import { link, readFile, rename, stat, unlink, writeFile } from 'node:fs/promises';

import { hostname } from 'node:os';

import { StoreError } from '../../store.js';

/** How long to wait for another process, in milliseconds. */
const patienceMs = 5_000;

/**
 * Runs `work` while no other process works on the same file. The lock of a process that is gone is taken over at once; a process of
 * another machine or container is taken at its word.
 *
 * @throws StoreError when another process keeps the lock for more than 5 s.
 */
export async function withFileLock<T>(file: string, work: () => Promise<T>): Promise<T> {
  const started = Date.now();
  const mine = `${hostname()} ${process.pid}`;
  while (!(await take(file, mine))) {
    const owner = await readFile(file, 'utf8').catch(() => undefined);
    if (owner !== undefined && (await isGone(file, owner))) {
      await takeAway(file, owner);
    } else if (Date.now() - started > patienceMs) {
      throw new StoreError(
        `${file} is held by process "${owner ?? 'unknown'}". When that one is gone, remove the file.`,
      );
    } else {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  try {
    return await work();
  } finally {
    await unlink(file);
  }
}

async function take(file: string, owner: string): Promise<boolean> {
  try {
    await writeFile(file, owner, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Milliseconds after which a lock without a name belongs to a process that was killed before it wrote it. */
const namelessMs = 1_000;

async function isGone(file: string, owner: string): Promise<boolean> {
  if (owner === '') {
    const found = await stat(file).catch(() => undefined);
    return found !== undefined && Date.now() - found.mtimeMs > namelessMs;
  }
  const [host, pid] = owner.split(' ');
  if (host !== hostname() || Number(pid) === process.pid) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

/** Of two that see the same dead owner, one may find the lock of the other; it gives that one back. */
async function takeAway(file: string, dead: string): Promise<void> {
  const aside = `${file}.${randomUUID()}`;
  try {
    await rename(file, aside);
  } catch {
    return;
  }
  const found = await readFile(aside, 'utf8').catch(() => dead);
  if (found !== dead) await link(aside, file).catch(() => undefined);
  await unlink(aside).catch(() => undefined);
}
