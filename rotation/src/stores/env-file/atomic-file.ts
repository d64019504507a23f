import { randomBytes } from 'node:crypto';
import { open, readdir, rename, stat, unlink } from 'node:fs/promises';
import path from 'node:path';

const temporarySuffix = '.keyturn-new';

/**
 * Replaces a file in one step: a reader sees the whole old text or the whole new one, also after a crash. Mode 0600; the owner of the file
 * that is replaced stays the owner where this process may say so.
 *
 * @param changedAt what the file shows as the time of its last change; default: now.
 */
export async function replaceFile(file: string, text: string, changedAt?: Date): Promise<void> {
  const folder = path.dirname(file);
  const temporary = path.join(folder, `.${path.basename(file)}.${randomBytes(6).toString('hex')}${temporarySuffix}`);
  const before = await stat(file).catch(() => undefined);
  try {
    const handle = await open(temporary, 'wx', 0o600);
    try {
      if (before !== undefined && process.getuid?.() === 0) await handle.chown(before.uid, before.gid);
      await handle.writeFile(text);
      if (changedAt !== undefined) await handle.utimes(changedAt, changedAt);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
  await syncFolder(folder);
}

/** Makes the new name durable, where the file system lets a folder be opened. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  if (handle === undefined) return;
  try {
    await handle.sync();
  } catch {
    // Some file systems cannot sync a folder; the rename is in place all the same.
  } finally {
    await handle.close();
  }
}

/** Removes what a killed process left of its writing; it holds a password. */
export async function removeLeftovers(file: string): Promise<void> {
  const folder = path.dirname(file);
  const names = await readdir(folder);
  const ours = names.filter((name) => name.startsWith(`.${path.basename(file)}.`) && name.endsWith(temporarySuffix));
  for (const name of ours) await unlink(path.join(folder, name)).catch(() => undefined);
}
