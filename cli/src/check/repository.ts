import { existsSync } from 'node:fs';
import path from 'node:path';

/** The folder of the git repository that a folder belongs to. */
export function repositoryOf(folder: string): string | undefined {
  for (let current = folder; ; current = path.dirname(current)) {
    if (existsSync(path.join(current, '.git'))) return current;
    if (current === path.dirname(current)) return undefined;
  }
}
