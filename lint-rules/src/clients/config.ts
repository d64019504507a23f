import type { TSESTree } from '@typescript-eslint/utils';
import { type Node, findProperty, keyOf, nameOf, textOf } from '../ast.js';
import type { Source } from '../origin.js';
import { environmentName, objectsBehind, traced } from '../value.js';
import type { Client } from './client.js';

/** The objects inside the options that may hold the credential. */
export function nestedIn(
  source: Source,
  config: TSESTree.ObjectExpression,
  client: Client,
  behind = objectsBehind,
): TSESTree.ObjectExpression[] {
  return (client.nested ?? []).flatMap((path) => {
    const value = at(source, config, path.split('.'), behind);
    if (value?.type === 'ArrayExpression')
      return value.elements.flatMap((each) => (each && each.type !== 'SpreadElement' ? behind(source, each) : []));
    return value ? behind(source, value) : [];
  });
}

/** The value at a path inside an object, through constants. */
export function at(
  source: Source,
  config: TSESTree.ObjectExpression,
  path: readonly string[],
  behind = objectsBehind,
): Node | undefined {
  let object: TSESTree.ObjectExpression | undefined = config;
  let value: Node | undefined;
  for (const name of path) {
    const property: TSESTree.Property | undefined = object && findProperty(object, name);
    if (!property) return undefined;
    value = property.value;
    [object] = behind(source, value);
  }
  return value;
}

/** The last property of one of these names, of the object or of what is spread into it. */
export function propertyThrough(
  source: Source,
  object: TSESTree.ObjectExpression,
  names: readonly string[],
  behind = objectsBehind,
  depth = 0,
): TSESTree.Property | undefined {
  for (const each of object.properties.toReversed()) {
    if (each.type === 'Property') {
      if (names.includes(keyOf(each) ?? '')) return each;
      continue;
    }
    if (depth > deepest) continue;
    for (const inside of behind(source, each.argument)) {
      const found = propertyThrough(source, inside, names, behind, depth + 1);
      if (found) return found;
    }
  }
  return undefined;
}

/** Objects may be spread into themselves. */
const deepest = 4;

/** True for `scheme://user:password@host`. */
export function holdsCredential(text: string): boolean {
  const start = text.indexOf('://');
  if (start < 0) return false;
  const authority = text.slice(start + 3).split(/[/?#]/, 1)[0] ?? '';
  const at = authority.lastIndexOf('@');
  return at > 0 && authority.slice(0, at).includes(':');
}

/** True for a URL, put together or whole, that names its server and no credential. An expression at its start may bring one along. */
export function isPlainUrl(value: Node): boolean {
  // `${protocol}${host}` and `${protocol}://${host}`
  const text = textWithHoles(value).replace(/^scheme:\/\/:\/\//, 'scheme://');
  const [authority] = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]+/i.exec(text) ?? [''];
  return authority !== '' && !authority.includes('@') && !authority.includes('://\0');
}

/** The URL of a client, where it brings user and password along. */
export function credentialUrlIn(
  source: Source,
  config: TSESTree.ObjectExpression,
  client: Client,
): TSESTree.Property | undefined {
  const property = findProperty(config, ...client.urlKeys);
  if (!property) return undefined;
  const value = traced(source, property.value);
  const text = textOf(value);
  if (text !== undefined) return holdsCredential(text) ? property : undefined;
  const pieces = value.type === 'TemplateLiteral' ? value.quasis.map((each) => each.value.raw).join('x') : '';
  return holdsCredential(pieces) ? property : undefined;
}

const hosts = /host|server|addr|domain|endpoint|^ip$/i;

/** The text of a value, with `\0` for what may be anything; an expression that is called a host is one. */
function textWithHoles(value: Node): string {
  if (value.type === 'BinaryExpression' && value.operator === '+')
    return [value.left, value.right].map((each) => textWithHoles(each) || textOfHole(each)).join('');
  if (value.type !== 'TemplateLiteral') return textOf(value) ?? '';
  return value.quasis
    .map((each, index) => {
      const hole = value.expressions[index];
      return each.value.raw + (hole ? textOfHole(hole) : '');
    })
    .join('');
}

function textOfHole(hole: Node): string {
  const name = environmentName(hole) ?? nameOf(hole) ?? '';
  if (/^(?:protocol|scheme)$/i.test(name)) return 'scheme://';
  return hosts.test(name) ? 'host' : '\0';
}
