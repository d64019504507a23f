import type { Source } from './origin.js';

const remembered = new WeakMap<object, string>();

/** The text of a file without its comments: what they promise is not done. */
export function textWithoutComments(source: Source): string {
  const known = remembered.get(source.ast);
  if (known !== undefined) return known;
  let text = '';
  let from = 0;
  for (const { range } of source.getAllComments()) {
    text += source.text.slice(from, range[0]);
    [, from] = range;
  }
  text += source.text.slice(from);
  remembered.set(source.ast, text);
  return text;
}
