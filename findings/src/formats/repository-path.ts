/** A place's file as a path from the root of the repository, with `/`; an absolute path stays what it is. */
export function placeIn(file: string, prefix = ''): string {
  const path = file.replaceAll('\\', '/');
  if (isAbsolute(path)) return path;
  const segments: string[] = [];
  for (const segment of `${prefix}/${path}`.split('/')) {
    if (segment === '' || segment === '.') continue;
    if (segment === '..' && segments.length > 0 && segments.at(-1) !== '..') segments.pop();
    else segments.push(segment);
  }
  return segments.join('/');
}

export function isAbsolute(file: string): boolean {
  return /^(?:\/|[A-Za-z]:[\\/])/.test(file);
}
