import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

import type { KillPoint } from './point.js';

/** What a process changed of files that others see. */
export interface FileChanges {
  readonly all: number;
  /** Of the store's file, and of those whose names begin with its name. */
  readonly ofStore: number;
}

/**
 * Counts what this process does to files that others read: renames, of whatever name, and writes to `file` itself; and dies at one of them.
 * Runs in the process that is killed, before anything imports the functions. A write is whole or not at all; a torn one is not played.
 */
export function countFileChanges(
  file: string | undefined,
  kill: { readonly effect: number; readonly point: KillPoint } | undefined,
): () => FileChanges {
  const { rename, writeFile } = fs.promises;
  const { renameSync, writeFileSync } = fs;
  let seen = 0;
  let ofStore = 0;

  function changing(to: unknown, change: () => void): void {
    const point = next(to);
    if (point === 'before') die();
    change();
    if (point === 'withheld') die();
    if (point === 'after') setImmediate(die);
  }
  async function changingLater(to: unknown, change: () => Promise<void>, now: () => void): Promise<void> {
    const point = next(to);
    if (point === 'before') die();
    if (point === 'withheld') {
      now();
      die();
    }
    await change();
    if (point === 'after') setImmediate(die);
  }
  function next(to: unknown): KillPoint | undefined {
    seen += 1;
    if (file !== undefined && String(to).startsWith(file)) ofStore += 1;
    return seen === kill?.effect ? kill.point : undefined;
  }

  fs.promises.rename = async (from, to) => {
    await changingLater(
      to,
      () => rename(from, to),
      () => renameSync(from, to),
    );
  };
  fs.renameSync = (from, to) => changing(to, () => renameSync(from, to));
  fs.promises.writeFile = async (to, data, options) => {
    if (to !== file) {
      await writeFile(to, data, options);
      return;
    }
    await changingLater(
      to,
      () => writeFile(to, data, options),
      () => writeFileSync(to, String(data)),
    );
  };
  fs.writeFileSync = (to, data, options) => {
    if (to === file) changing(to, () => writeFileSync(to, data, options));
    else writeFileSync(to, data, options);
  };
  syncBuiltinESMExports();
  return () => ({ all: seen, ofStore });
}

/** SIGKILL to oneself arrives before the next statement is run. */
function die(): void {
  process.kill(process.pid, 'SIGKILL');
}
