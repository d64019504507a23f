import type { TSESTree } from '@typescript-eslint/utils';
import { type Node, nameOf, textOf } from '../ast.js';
import { type Certainty, isCredential, looksIssued } from './literals.js';
import { isIdentity, kindOf } from './names.js';

/** The name of a credential that is compared with a literal which it has to be: whoever knows the literal gets in. */
export function comparedWith(node: TSESTree.BinaryExpression): string | undefined {
  const value = textOf(node.right);
  if (value === undefined || !/^[!=]==?$/.test(node.operator)) return undefined;
  const name = nameOf(node.left);
  const kind = name === undefined ? undefined : kindOf(name);
  if (name === undefined || kind === undefined) return undefined;
  if (kind !== 'password' && !(isOfRequest(node.left) && looksIssued(value))) return undefined;
  const certainty: Certainty = isBesideUser(node) ? 'beside' : 'named';
  if (certainty === 'named' && !/\d/.test(value)) return undefined;
  return isCredential(value, name, kind, certainty) ? name : undefined;
}

/** `request.headers['x-api-key']` */
function isOfRequest(node: Node): boolean {
  return node.type === 'MemberExpression' && /^(?:headers|query|body|params)$/.test(nameOf(node.object) ?? '');
}

/** `user === 'admin' && password === 'admin'` */
function isBesideUser({ parent }: TSESTree.BinaryExpression): boolean {
  if (parent.type !== 'LogicalExpression' || parent.operator !== '&&') return false;
  return [parent.left, parent.right].some(
    (each) =>
      each.type === 'BinaryExpression' && isIdentity(nameOf(each.left) ?? '') && textOf(each.right) !== undefined,
  );
}
