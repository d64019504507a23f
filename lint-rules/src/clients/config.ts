import type { TSESTree } from '@typescript-eslint/utils';
import { type Node, findProperty, textOf } from '../ast.js';
import type { Source } from '../origin.js';
import { objectBehind } from '../value.js';
import type { Client } from './clients.js';

/** The objects inside the options that may hold the credential. */
export function nestedIn(
  source: Source,
  config: TSESTree.ObjectExpression,
  client: Client,
): TSESTree.ObjectExpression[] {
  return (client.nested ?? []).flatMap((path) => {
    const value = at(source, config, path.split('.'));
    const object = value && objectBehind(source, value);
    return object ? [object] : [];
  });
}

/** The value at a path inside an object, through constants. */
export function at(source: Source, config: TSESTree.ObjectExpression, path: readonly string[]): Node | undefined {
  let object: TSESTree.ObjectExpression | undefined = config;
  let value: Node | undefined;
  for (const name of path) {
    const property: TSESTree.Property | undefined = object && findProperty(object, name);
    if (!property) return undefined;
    value = property.value;
    object = objectBehind(source, value);
  }
  return value;
}

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
  const pieces = value.type === 'TemplateLiteral' ? value.quasis.map((each) => each.value.raw) : [textOf(value) ?? ''];
  const [authority] = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]+/i.exec(pieces.join('\0')) ?? [''];
  return authority !== '' && !authority.includes('@') && !authority.includes('://\0');
}
