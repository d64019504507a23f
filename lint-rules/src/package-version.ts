import { foldersAbove } from './folders.js';
import { manifestIn, rangesIn } from './manifest.js';

/**
 * The major version of packages that are released together, by the nearest `package.json` that asks for one of them.
 * Nothing where none does, where the range has room for several, and where it stands elsewhere: `workspace:*`, `catalog:`.
 */
export function majorOf(
  context: { readonly filename: string; readonly cwd: string },
  packages: readonly string[],
): number | undefined {
  for (const folder of foldersAbove(context)) {
    const ranges = rangesIn(manifestIn(folder));
    const asked = packages.filter((each) => Object.hasOwn(ranges, each)).map((each) => majorOfRange(ranges[each]));
    if (asked.length > 0) return allSame(asked);
  }
  return undefined;
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
