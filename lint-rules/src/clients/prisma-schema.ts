import { readFileSync } from 'node:fs';
import path from 'node:path';
import { statsOf } from '../file-stats.js';
import { foldersAbove } from '../folders.js';

const places = ['prisma/schema.prisma', 'schema.prisma', 'src/prisma/schema.prisma', 'prisma/schema/schema.prisma'];
const remembered = new Map<string, { readonly changed: number; readonly isEmbedded: boolean }>();

/** True where the nearest Prisma schema above the file names SQLite, which has no credential. */
export function isEmbeddedPrisma(context: { readonly filename: string; readonly cwd: string }): boolean {
  for (const folder of foldersAbove(context)) {
    for (const place of places) {
      const file = path.join(folder, place);
      const stats = statsOf(file);
      if (stats?.isFile()) return isEmbedded(file, stats.mtimeMs);
    }
  }
  return false;
}

function isEmbedded(file: string, changed: number): boolean {
  const known = remembered.get(file);
  if (known?.changed === changed) return known.isEmbedded;
  const found = /^datasource\s[^}]*\bprovider\s*=\s*"sqlite"/m.test(readFileSync(file, 'utf8'));
  remembered.set(file, { changed, isEmbedded: found });
  return found;
}
