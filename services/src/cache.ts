import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';

/**
 * The folder for what was fetched from a package registry: `KEYTURN_CACHE`, else `.cache/keyturn` in the outermost folder above the
 * current one that has a `package.json`. Made when it does not exist.
 */
export function cacheFolder(...below: readonly string[]): string {
  const folder = path.join(
    process.env['KEYTURN_CACHE'] ?? path.join(outermostPackage(process.cwd()), '.cache', 'keyturn'),
    ...below,
  );
  mkdirSync(folder, { recursive: true });
  return folder;
}

function outermostPackage(from: string): string {
  let outermost = from;
  for (let current = path.resolve(from); current !== path.dirname(current); current = path.dirname(current)) {
    if (existsSync(path.join(current, 'package.json'))) outermost = current;
  }
  return outermost;
}
