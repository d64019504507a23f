import type { TSESTree } from '@typescript-eslint/utils';
import { type Node, findProperty, nameOf, textOf, unwrap } from '../ast.js';

/** The names of the functions that declare one. */
export const optionMakers = /^(?:option|requiredOption|Option)$/;

/** What an option of a command line is called, and what it is when nobody gives it: of yargs, and of commander. */
export function optionIn(
  call: TSESTree.CallExpression | TSESTree.NewExpression,
): { readonly name: string; readonly fallback: Node } | undefined {
  if (!optionMakers.test(nameOf(call.callee) ?? '')) return undefined;
  const [first, second, third] = call.arguments;
  const flags = textOf(first);
  if (flags === undefined || !second) return undefined;
  const settings = unwrap(second);
  if (settings.type === 'ObjectExpression') {
    const fallback = findProperty(settings, 'default');
    return fallback && { name: flags, fallback: fallback.value };
  }
  const name = /--([a-z][\w-]*)/i.exec(flags)?.[1];
  return name !== undefined && third ? { name, fallback: third } : undefined;
}
