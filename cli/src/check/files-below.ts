import fs from 'node:fs';
import path from 'node:path';

import { textFiles } from '@keyturn/resources';
import { convertPathToPattern, globby } from 'globby';

import { codeOf } from '../config/config.js';

const neverRead = ['**/node_modules/**', '**/.git/**', '**/.pulumi/**', '**/package-lock.json'];
const patterns = ['**/*.{js,cjs,mjs,jsx,ts,cts,mts,tsx,json}', ...textFiles];

/** Files that may be read, and folders that may not: one that is closed hides nothing of what is beside it. */
export async function filesBelow(folder: string): Promise<{
  readonly files: readonly string[];
  readonly closed: readonly { readonly folder: string; readonly because: string }[];
}> {
  const closed: { folder: string; because: string }[] = [];
  const broken = new Set<string>();
  const watching = { ...fs, readdir: watched(broken) };
  for (;;) {
    try {
      const files = await globby(patterns, {
        cwd: folder,
        absolute: true,
        dot: true,
        gitignore: true,
        ignore: [
          ...neverRead,
          ...closed.map((each) => `${convertPathToPattern(path.relative(folder, each.folder))}/**`),
        ],
        followSymbolicLinks: false,
        fs: watching,
      });
      const because = 'its name has a line break, which no pattern matches; check it by its name, or rename it';
      return {
        files: files.map((file) => path.normalize(file)),
        closed: [...closed, ...[...broken].sort().map((each) => ({ folder: each, because }))],
      };
    } catch (error) {
      const at = error instanceof Error && 'path' in error ? path.resolve(folder, String(error.path)) : folder;
      const isNew = at.startsWith(folder + path.sep) && !closed.some((each) => each.folder === at);
      closed.push({ folder: isNew ? at : folder, because: `it cannot be read (${codeOf(error)})` });
      if (!isNew) return { files: [], closed };
    }
  }
}

/** Sees folders and files on the way whose names have a line break; the file `Icon\r` of Finder is none that is read. */
function watched(broken: Set<string>) {
  return ((
    folder: string,
    options: { withFileTypes: true },
    done: (error: Error | null, entries: fs.Dirent[]) => void,
  ) =>
    fs.readdir(folder, options, (error, entries) => {
      for (const entry of error ? [] : entries)
        if (/[\n\r]/.test(entry.name) && (entry.isDirectory() || (entry.isFile() && entry.name.includes('.'))))
          broken.add(path.join(folder, entry.name));
      done(error, entries);
    })) as unknown as typeof fs.readdir;
}
