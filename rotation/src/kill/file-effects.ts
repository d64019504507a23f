import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

import type { KillPoint } from './point.js';

/**
 * Counts what this process does to files that others read: renames, of whatever name, and writes to `file` itself; and dies at one of them.
 * Runs in the process that is killed, before anything imports the functions. A write is whole or not at all; a torn one is not played.
 */
export function countFileChanges(
  file: string | undefined,
  kill: { readonly effect: number; readonly point: KillPoint } | undefined,
): () => number {
  const { rename, writeFile } = fs.promises;
  const { renameSync, writeFileSync } = fs;
  let seen = 0;

  function changing(change: () => void): void {
    const point = next();
    if (point === 'before') die();
    change();
    if (point === 'withheld') die();
    if (point === 'after') setImmediate(die);
  }
  async function changingLater(change: () => Promise<void>, now: () => void): Promise<void> {
    const point = next();
    if (point === 'before') die();
    if (point === 'withheld') {
      now();
      die();
    }
    await change();
    if (point === 'after') setImmediate(die);
  }
  function next(): KillPoint | undefined {
    seen += 1;
    return seen === kill?.effect ? kill.point : undefined;
  }

  fs.promises.rename = async (from, to) => {
    await changingLater(
      () => rename(from, to),
      () => renameSync(from, to),
    );
  };
  fs.renameSync = (from, to) => changing(() => renameSync(from, to));
  fs.promises.writeFile = async (to, data, options) => {
    if (to !== file) {
      await writeFile(to, data, options);
      return;
    }
    await changingLater(
      () => writeFile(to, data, options),
      () => writeFileSync(to, String(data)),
    );
  };
  fs.writeFileSync = (to, data, options) => {
    if (to === file) changing(() => writeFileSync(to, data, options));
    else writeFileSync(to, data, options);
  };
  syncBuiltinESMExports();
  return () => seen;
}

/** SIGKILL to oneself arrives before the next statement is run. */
function die(): void {
  process.kill(process.pid, 'SIGKILL');
}
