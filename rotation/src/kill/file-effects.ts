import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

import type { KillPoint } from './point.js';

/**
 * Counts the renames of this process, which are what changes a file for others, and dies at one of them. Runs in the process that is
 * killed, before anything imports the functions.
 */
export function countRenames(kill: { readonly effect: number; readonly point: KillPoint } | undefined): () => number {
  const rename = fs.promises.rename;
  let seen = 0;
  fs.promises.rename = async (from, to) => {
    seen += 1;
    const here = seen === kill?.effect ? kill.point : undefined;
    if (here === 'before') die();
    if (here === 'withheld') {
      fs.renameSync(from, to);
      die();
    }
    await rename(from, to);
    if (here === 'after') setImmediate(die);
  };
  syncBuiltinESMExports();
  return () => seen;
}

function die(): void {
  process.kill(process.pid, 'SIGKILL');
}
