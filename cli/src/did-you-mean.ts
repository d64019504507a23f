import { closest, distance } from 'fastest-levenshtein';

/** ` Did you mean "x"?`, or nothing when no candidate is near. */
export function didYouMean(given: string, candidates: readonly string[]): string {
  if (candidates.length === 0) return '';
  const nearest = closest(given, candidates);
  const near = distance(given, nearest) <= Math.max(2, Math.floor(nearest.length * 0.4));
  return near ? ` Did you mean "${nearest}"?` : '';
}
