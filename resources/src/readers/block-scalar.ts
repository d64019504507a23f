import type { Place } from '../place.js';

/** The line that a text inside YAML begins at: behind `key: |`, it is the next one. */
export function firstLineIn(lines: readonly string[], place: Place): number {
  return /[|>][-+0-9]*\s*(?:#.*)?$/.test(lines[place.line - 1] ?? '') ? place.line + 1 : place.line;
}
