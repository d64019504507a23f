import { distance } from 'fastest-levenshtein';

/** The word of a list that was probably meant: at most a third of its letters differ. */
export function closest(word: string, words: readonly string[]): string | undefined {
  const [best] = words
    .map((candidate) => ({ candidate, changes: distance(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ candidate, changes }) => changes <= Math.max(1, candidate.length / 3))
    .sort((a, b) => a.changes - b.changes);
  return best?.candidate;
}
