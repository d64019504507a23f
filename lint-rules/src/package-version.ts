import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { foldersAbove } from './folders.js';

type Ranges = Readonly<Record<string, unknown>>;

const kinds = ['dependencies', 'devDependencies', 'peerDependencies', 'optionalDependencies'];
const remembered = new Map<string, { readonly changed: number; readonly ranges: Ranges }>();

/**
 * The major version of packages that are released together, by the nearest `package.json` that asks for one of them.
 * Nothing where none does, where the range has room for several, and where it stands elsewhere: `workspace:*`, `catalog:`.
 */
export function majorOf(
  context: { readonly filename: string; readonly cwd: string },
  packages: readonly string[],
): number | undefined {
  for (const folder of foldersAbove(context)) {
    const ranges = rangesOf(path.join(folder, 'package.json'));
    const asked = packages.filter((each) => Object.hasOwn(ranges, each)).map((each) => majorOfRange(ranges[each]));
    if (asked.length > 0) return allSame(asked);
  }
  return undefined;
}

function rangesOf(file: string): Ranges {
  const stats = statSync(file, { throwIfNoEntry: false });
  if (!stats?.isFile()) return {};
  const known = remembered.get(file);
  if (known?.changed === stats.mtimeMs) return known.ranges;
  const ranges = read(file);
  remembered.set(file, { changed: stats.mtimeMs, ranges });
  return ranges;
}

function read(file: string): Ranges {
  try {
    const manifest = JSON.parse(readFileSync(file, 'utf8')) as Readonly<Record<string, Ranges | undefined>> | null;
    return Object.assign({}, ...kinds.toReversed().map((each) => manifest?.[each])) as Ranges;
  } catch {
    // What cannot be read, or is being written just now, asks for nothing.
    return {};
  }
}

/** `^6.4.0`, `~6.1`, `6.x`, `6` and `>=6.2 <7` have room for one major version. */
function majorOfRange(range: unknown): number | undefined {
  if (typeof range !== 'string' || range.length > 200) return undefined;
  return allSame(range.split('||').map((each) => majorOfPart(each.trim())));
}

function majorOfPart(part: string): number | undefined {
  const one = /^[\^~=v]?\s*(\d+)(?:\.[\w.*+-]*)?$/.exec(part);
  if (one) return Number(one[1]);
  const [, from, to] = /^>=?\s*(\d+)(?:\.[\w.-]*)?\s+<\s*(\d+)(?:\.0)*(?:-0)?$/.exec(part) ?? [];
  return from !== undefined && Number(to) === Number(from) + 1 ? Number(from) : undefined;
}

function allSame(majors: readonly (number | undefined)[]): number | undefined {
  return majors.every((each) => each === majors[0]) ? majors[0] : undefined;
}
