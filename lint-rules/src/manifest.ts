import { readFileSync } from 'node:fs';
import path from 'node:path';
import { statsOf } from './file-stats.js';

/** What stands in a `package.json`, unchecked. */
export type Manifest = Readonly<Record<string, unknown>>;

const remembered = new Map<string, { readonly changed: number; readonly manifest: Manifest }>();

/** The `package.json` of a folder; empty where there is none, and where it cannot be read. */
export function manifestIn(folder: string): Manifest {
  const file = path.join(folder, 'package.json');
  const stats = statsOf(file);
  if (!stats?.isFile()) return {};
  const known = remembered.get(file);
  if (known?.changed === stats.mtimeMs) return known.manifest;
  const manifest = read(file);
  remembered.set(file, { changed: stats.mtimeMs, manifest });
  return manifest;
}

function read(file: string): Manifest {
  try {
    return Object.assign({}, JSON.parse(readFileSync(file, 'utf8'))) as Manifest;
  } catch {
    // What cannot be read, or is being written just now, asks for nothing.
    return {};
  }
}

/** Every text of a value, however deep. */
export function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

/** What is built stands in `src` as a source: `./dist/index.d.ts` of a manifest is `src/index.ts`. */
export function sourceOf(file: string): string {
  return file.replace(/^(?:\.\/)?(?:dist|build|lib|out)\/(?:src\/)?/, 'src/').replace(/\.d\.([cm]?)ts$/, '.$1ts');
}

const kinds = ['dependencies', 'devDependencies', 'peerDependencies', 'optionalDependencies'];

/** The packages that a manifest asks for, and their ranges. */
export function rangesIn(manifest: Manifest): Readonly<Record<string, unknown>> {
  return Object.assign({}, ...kinds.toReversed().map((each) => manifest[each])) as Manifest;
}
