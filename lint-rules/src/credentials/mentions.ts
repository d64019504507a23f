import type { Source } from '../origin.js';
import { issuedPairs, oneWord, secretPairs } from './words.js';

/** The words before `key` that make a credential of it: `api` of `apiKey`, `API_KEY` and `api-key`. */
const beforeKey = [...secretPairs, ...issuedPairs, ...oneWord.keys()].flatMap(
  (each) => /^(\w+?) ?key$/.exec(each)?.[1] ?? [],
);
const names = [
  String.raw`pass(?:w|phrase|code|\b|_|\d)`,
  'secret|token|authorization|pwd|senha|contrasena|salt',
  String.raw`(?:${[...new Set(beforeKey)].join('|')})[ _-]?key`,
  String.raw`\bkeys\s*[:=]|\bp[sw]w?\b`,
].join('|');
const words = new RegExp(`${names}|credential|identified|authentication_string`, 'i');
const remembered = new WeakMap<object, boolean>();

/** True when the text of a file has a word for a credential in it. A cheap look before any work, once for all rules. */
export function mentionsCredential({ ast, text }: Source): boolean {
  const known = remembered.get(ast);
  if (known !== undefined) return known;
  const found = words.test(text);
  remembered.set(ast, found);
  return found;
}

const namesOnly = new RegExp(names, 'i');

/** True when it may name one that is given a value. */
export function mayNameCredential(source: Source): boolean {
  return mentionsCredential(source) && namesOnly.test(source.text);
}
