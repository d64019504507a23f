import type { Source } from '../origin.js';
import { oncePerFile } from '../per-file.js';
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
const named = new RegExp(names, 'i');
const told = /credential|identified|authentication_string/i;
/** Where one of them may stand. Of a text it is looked for in a quarter of the time, and what is found is looked at closely. */
const likely =
  /p(?:ass|wd|w\b|sw?\b)|s(?:ecret|alt|enha)|token|key(?:(?<=[a-z_-]key)|s\s*[:=])|auth|c(?:red|ontrasena)|identified/gi;
const around = 24;

interface Mention {
  readonly isTold: boolean;
  readonly isNamed: boolean;
}

/** True when the text of a file has a word for a credential in it. A cheap look before any work, once for all rules. */
export function mentionsCredential(source: Source): boolean {
  return mentionIn(source).isTold;
}

/** True when it may name one that is given a value. */
export function mayNameCredential(source: Source): boolean {
  return mentionIn(source).isNamed;
}

const mentionIn = oncePerFile(({ text }: Source) => lookIn(text));

function lookIn(text: string): Mention {
  let isTold = false;
  likely.lastIndex = 0;
  for (let match = likely.exec(text); match; match = likely.exec(text)) {
    const near = text.slice(Math.max(0, match.index - around), match.index + around);
    if (named.test(near)) return { isTold: true, isNamed: true };
    isTold ||= told.test(near);
  }
  return { isTold, isNamed: false };
}
