import { issuedPairs, issuers, oneWord, owners, passwords, secretPairs, shortPasswords } from './words.js';
import { connections, identities, lists, notCredentials, places, suffixes } from './words-around.js';

/**
 * `password`: what a person or an account logs in with. `secret`: what this program makes up for itself, to sign or encrypt.
 * `issued`: what somebody else hands out, so that only a value they could have made is one.
 */
export type CredentialKind = 'password' | 'secret' | 'issued';

/** `dbPassword`, `DB_PASSWORD` and `db-password` are the words `db`, `password`. */
export function wordsOf(name: string): string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((each) => each !== '');
}

/** True for a name that could promise one, however short. A cheap look before any work. */
export function mayPromiseCredential(name: string): boolean {
  return mayEndInCredential.test(name);
}

/** What kind of credential a name promises, if any. Only the end of a name says what a thing is. */
export function kindOf(name: string): CredentialKind | undefined {
  if (!mayEndInCredential.test(name)) return undefined;
  const known = remembered.get(name);
  if (known !== undefined) return known || undefined;
  const kind = kindOfWords(name);
  if (remembered.size > 5_000) remembered.clear();
  remembered.set(name, kind ?? '');
  return kind;
}

const mayEndInCredential = /pass|pwd|pw|psw|secret|token|key|salt|senha|contrasena|sign/i;
const remembered = new Map<string, CredentialKind | ''>();

function kindOfWords(name: string): CredentialKind | undefined {
  const words = wordsOf(name);
  while (words.length > 1 && (suffixes.has(words.at(-1) ?? '') || /^\d+$/.test(words.at(-1) ?? ''))) words.pop();
  const last = (words.at(-1) ?? '').replace(/\d+$/, '');
  const before = words.at(-2) ?? '';
  const pair = `${before} ${last}`;
  if (words.length === 1 && name === 'PWD') return undefined;
  const rest = words.slice(0, -1);
  if (pair === 'client token') return undefined;
  if (pair === 'access key' && words.at(-3) === 'secret') return 'issued';
  const isOfAPlace = passwords.has(last) || last === 'secret' || secretPairs.has(pair);
  const isAnother = rest.some((each) => notCredentials.has(each) && !(isOfAPlace && places.has(each)));
  const signsTokens = pair === 'token secret' && rest.length > 1;
  if (isAnother && !signsTokens && !(rest.length > 0 && pair === 'verify token')) return undefined;

  if (passwords.has(last)) return 'password';
  if (shortPasswords.has(last)) return owners.has(before) ? 'password' : undefined;
  if ((last === 'secret' || pair === 'secret key') && rest.some((each) => issuers.has(each))) return 'issued';
  if (secretPairs.has(pair)) return 'secret';
  if (issuedPairs.has(pair)) return 'issued';
  return oneWord.get(last);
}

const publicPrefix = /^(?:NEXT_PUBLIC|VITE|REACT_APP|EXPO_PUBLIC|NUXT_PUBLIC|GATSBY|PUBLIC|VUE_APP|STORYBOOK)_/;

/** True for an environment variable that a bundler writes into what browsers get. */
export function isPublicVariable(name: string): boolean {
  return publicPrefix.test(name);
}

/** The bare `pass`, which is a password only beside a user. */
export function isShortPassword(name: string): boolean {
  return shortPasswords.has(name.toLowerCase());
}

/** True for a property that says whose credential stands beside it. */
export function isIdentity(name: string): boolean {
  return identities.has(wordsOf(name).join(''));
}

/** True for a property that says where a credential beside it is used. */
export function isConnectionDetail(name: string): boolean {
  return connections.has(wordsOf(name).join(''));
}

/** True for a property that is found beside keys that browsers may know. */
export function isPublicKeySibling(name: string): boolean {
  return [
    'authdomain',
    'measurementid',
    'messagingsenderid',
    'storagebucket',
    'indexname',
    'sitekey',
    'publishablekey',
  ].includes(wordsOf(name).join(''));
}

/** True for the name of a collection whose entries are about credentials and are none. */
export function isAboutCredentials(name: string): boolean {
  return wordsOf(name).some((each) => lists.has(each));
}
