import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import type { Place } from '@keyturn/resources';

import type { Frame } from './monitor.js';

const own = path.dirname(fileURLToPath(new URL('.', import.meta.url)));
const preload = path.join(own, 'dist', 'preload');

/** A frame's file. In ES modules old SDKs put a file URL behind the working folder: the last one is the right one. */
export function fileOf(uri: string): string | undefined {
  const start = uri.lastIndexOf('file:/');
  if (start < 0) return path.isAbsolute(uri) ? uri : undefined;
  const tail = uri.slice(start).replace(/^file:\/{0,2}(?=\/)/, 'file://');
  try {
    return fileURLToPath(tail);
  } catch {
    return undefined;
  }
}

function isPackage(file: string): boolean {
  return file.includes(`${path.sep}node_modules${path.sep}`) || file.startsWith(preload);
}

/** As people open it: relative to the program's folder where it is inside, absolute where not. */
export function shownPath(file: string, directory: string): string {
  const relative = path.relative(directory, file);
  return relative.startsWith('..') ? file : relative.split(path.sep).join('/');
}

/** The innermost frame that somebody wrote for this program. */
export function placeOf(frames: readonly Frame[], directory: string): Place | undefined {
  for (const { uri, line, column } of frames) {
    const file = fileOf(uri);
    if (file === undefined || isPackage(file)) continue;
    return column > 0 ? { file: shownPath(file, directory), line, column } : { file: shownPath(file, directory), line };
  }
  return undefined;
}

/** The place a printed stack trace, or an error message of Node or TypeScript, speaks of. */
export function placeInStack(stack: string, directory: string): Place | undefined {
  for (const match of stack.matchAll(
    /(?:file:\/\/)?(?<file>(?:\/|[A-Za-z]:\\)[^\s():]+):(?<line>\d+)(?::(?<column>\d+))?/g,
  )) {
    const { file = '', line = '1', column } = match.groups ?? {};
    if (isPackage(file) || !existsSync(file)) continue;
    const place = { file: shownPath(file, directory), line: Number(line) };
    return column === undefined ? place : { ...place, column: Number(column) };
  }
  return undefined;
}
