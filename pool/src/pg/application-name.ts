/** PostgreSQL cuts an application name after this many bytes. */
const longest = 63;

/** The name with the generation at its end, so that it shows in `pg_stat_activity`: `orders g7`. A long name is cut, the generation never. */
export function withGeneration(name: string, generation: number): string {
  const suffix = `${name === '' ? '' : ' '}g${generation}`;
  let kept = name;
  while (Buffer.byteLength(kept + suffix) > longest) kept = [...kept].slice(0, -1).join('');
  return kept + suffix;
}
