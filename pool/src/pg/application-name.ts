/** PostgreSQL cuts an application name after this many bytes. */
const longest = 63;

/** The name with the generation at its end, so that it shows in `pg_stat_activity`: `orders g7`. A long name is cut, the generation never. */
export function withGeneration(name: string, generation: number): string {
  const suffix = `${name === '' ? '' : ' '}g${generation}`;
  let kept = name;
  while (shownLength(kept + suffix) > longest) kept = [...kept].slice(0, -1).join('');
  return kept + suffix;
}

/** PostgreSQL 16 and later show each byte that is not printable ASCII as four characters (`\xc3`); older ones as one `?`. */
function shownLength(text: string): number {
  return Buffer.from(text).reduce((length, byte) => length + (byte >= 0x20 && byte <= 0x7e ? 1 : 4), 0);
}
