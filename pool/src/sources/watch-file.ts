import { type FSWatcher, watch } from 'node:fs';
import { stat } from 'node:fs/promises';
import nodePath from 'node:path';

import { poll } from './poll.js';

/** Several events belong to one replacement: temporary file, rename, mode. */
const settleMillis = 10;

/**
 * Calls back when a file may have changed: rewritten, replaced by a rename, or reached through a symbolic link that was swapped, as
 * Kubernetes does. The folder is watched, for a watch on the file ends with a rename; where the system announces nothing (network file
 * systems), the file is looked at every `pollMillis`. Does not keep the process alive.
 */
export function watchFile(path: string, pollMillis: number, onChange: () => void): () => void {
  const folder = nodePath.dirname(nodePath.resolve(path));
  let settling: NodeJS.Timeout | undefined;
  const changed = (): void => {
    clearTimeout(settling);
    settling = setTimeout(onChange, settleMillis).unref();
  };

  let watcher: FSWatcher | undefined;
  const listen = (): void => {
    try {
      watcher = watch(folder, { persistent: false }, changed);
      watcher.on('error', () => {
        watcher?.close();
        watcher = undefined;
      });
    } catch {
      watcher = undefined;
    }
  };
  listen();

  let seen: string | undefined;
  const look = async (): Promise<void> => {
    if (!watcher) listen();
    const now = await identity(path);
    if (seen !== undefined && now !== seen) changed();
    seen = now;
  };
  void look();
  const stopPolling = poll(pollMillis, () => void look());

  return () => {
    stopPolling();
    clearTimeout(settling);
    watcher?.close();
  };
}

async function identity(path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs } = await stat(path, { bigint: true });
    return [dev, ino, size, mtimeNs].join(':');
  } catch {
    return 'absent';
  }
}
