const inPlace = /\bsed\s+(?:(?:-\S+|(?:'[^']*'|"[^"]*")+)\s+)*(?:-[nrEsuz]*i\S*|--in-place\S*)\s/;
/** `s/search/replacement/` where a command may begin; the mark is any of the characters that scripts use. */
const substitutions =
  /(?<![\w$.\\-])s(?<mark>[|/#,@~:!])(?<search>(?:\\.|(?!\k<mark>)[^\\])*)\k<mark>(?<put>(?:\\.|(?!\k<mark>)[^\\])*)\k<mark>/g;

const named = /(?<![\w./-])[\w.-]*(?:password|passwd|secret)[\w.-]*(?!\/)/gi;
/** Settings about a password, and names of where one is. */
const aboutOne =
  /authenticat|encryption|(?:file|path|name|ref|arn|url|uri|id|length|policy|hash|manager|store|provider|login|prompt|enabled|required|type|class|mount|version)s?$|(?:min|max|allow|require|expir|valid|reset|existing|secretkeyref|secretname)/i;
const wildcard = /[*+?[]|\\[({|wWsS<>]/;
const variable = /\$(?:\w|\{|\()|`/;

/** `/PASSWORD=$/s/…/`: the command is run on lines only that hold nothing yet. */
const emptyLine = /[:=]\s*\$\/$/;

/**
 * Whether a statement replaces a password in a file with `sed -i`. Not meant are settings that are only named after passwords, lines that are taken
 * out, and a fixed text that a value is put in for: that fills in a template, and finds nothing the second time.
 */
export function replacesPassword(statement: string): boolean {
  if (!inPlace.test(statement)) return false;
  for (const { groups, index } of statement.matchAll(substitutions)) {
    const { search = '', put = '' } = groups ?? {};
    if (emptyLine.test(statement.slice(0, index))) continue;
    if (put === '' || !(search.match(named) ?? []).some((name) => !aboutOne.test(name))) continue;
    if (/^(?:yes|no|true|false|on|off|\d{1,3})$/i.test(put.slice(commonStart(search, put)))) continue;
    if (isFixed(search, statement.charAt(index - 1) === "'") && variable.test(put)) continue;
    return true;
  }
  return false;
}

/** A shell puts a variable in for `$OLD`, unless it is quoted; `${OLD}` in single quotes, or after a backslash, is a text. */
function isFixed(search: string, quoted: boolean): boolean {
  if (wildcard.test(search.replace(/^\^/, '').replaceAll(/\{\{[^{}]*\}\}/g, ''))) return false;
  return quoted || !variable.test(search.replaceAll(/\\[$`]/g, '').replace(/\$$/, ''));
}

function commonStart(one: string, other: string): number {
  let length = 0;
  while (length < one.length && one.charAt(length) === other.charAt(length)) length += 1;
  return length;
}
