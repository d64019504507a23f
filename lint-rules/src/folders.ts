import path from 'node:path';

/** The folder of a file and those above it, up to the one that ESLint runs in. */
export function* foldersAbove({
  filename,
  cwd,
}: {
  readonly filename: string;
  readonly cwd: string;
}): Generator<string> {
  let folder = path.dirname(filename);
  for (; folder.startsWith(cwd) && folder !== cwd; folder = path.dirname(folder)) yield folder;
  yield folder;
}

/** A file without the ending of a source. */
export function bareOf(file: string): string {
  return file.replace(/\.[cm]?[jt]sx?$/, '');
}
