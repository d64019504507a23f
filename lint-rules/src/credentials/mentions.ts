import type { Source } from '../origin.js';

const words =
  /pass|secret|credential|token|[a-z_-]key|\bkeys\s*[:=]|authorization|authentication_string|identified|pwd|senha|contrasena|salt|\bp[sw]w?\b/i;
const remembered = new WeakMap<object, boolean>();

/** True when the text of a file has a word for a credential in it. A cheap look before any work, once for all rules. */
export function mentionsCredential({ ast, text }: Source): boolean {
  const known = remembered.get(ast);
  if (known !== undefined) return known;
  const found = words.test(text);
  remembered.set(ast, found);
  return found;
}
