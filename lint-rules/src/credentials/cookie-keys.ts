import type { TSESTree } from '@typescript-eslint/utils';
import { type Node, keyOf, nameOf, unwrap } from '../ast.js';
import { type Source, originOf } from '../origin.js';

/** The keys that cookies are signed with, where a value is given to `app.keys` of Koa, or stands beside the settings of a session. */
export function cookieKeysIn(source: Source, node: TSESTree.Property | TSESTree.AssignmentExpression): Node[] {
  if (node.type === 'AssignmentExpression') {
    const { left, right } = node;
    if (left.type !== 'MemberExpression' || nameOf(left) !== 'keys') return [];
    const value = unwrap(right);
    if (value.type === 'BinaryExpression') return nameOf(left.object) === 'config' ? suffixOf(value) : [];
    return originOf(source, left.object)?.module === 'koa' ? elementsOf(value) : [];
  }
  if (keyOf(node) !== 'keys' || node.parent.type !== 'ObjectExpression') return [];
  const value = unwrap(node.value);
  if (value.type === 'BinaryExpression') return suffixOf(value);
  return node.parent.properties.some(isOfSession) ? elementsOf(value) : [];
}

/** `session: { … }` and `cookie: { … }` beside it. */
function isOfSession(property: TSESTree.ObjectLiteralElement): boolean {
  return (
    property.type === 'Property' &&
    /^(?:session|cookies?)$/.test(keyOf(property) ?? '') &&
    unwrap(property.value).type === 'ObjectExpression'
  );
}

function elementsOf(value: Node): Node[] {
  return value.type === 'ArrayExpression' ? value.elements.flatMap((each) => each ?? []) : [];
}

/** `appInfo.name + '_1532…'`, which Egg writes into each new program. */
function suffixOf({ left, right }: TSESTree.BinaryExpression): Node[] {
  const isName = left.type === 'MemberExpression' && nameOf(left) === 'name';
  return isName && right.type === 'Literal' ? [right] : [];
}
