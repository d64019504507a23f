import { type Stats, readFileSync, statSync } from 'node:fs';

/** What stands at a path; nothing where nothing does, also where a part of the path is a file: Node throws then. */
export function statsOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/** What a file says; nothing where it cannot be read. */
export function textIn(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
