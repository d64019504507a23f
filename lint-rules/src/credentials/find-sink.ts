import type { TSESTree } from '@typescript-eslint/utils';
import { type Node, findProperty, isFunction, nameOf, returnsOf } from '../ast.js';
import { type Origin, type Source, originOf } from '../origin.js';
import { objectBehind, traced } from '../value.js';
import { type Sink, sinks } from './sinks.js';

/** The packages whose functions take a credential. */
export const sinkModules = new Set(sinks.flatMap((each) => each.modules));

/** What a call gives credentials to: a function of a library, or a plugin that is registered with options. */
export function sinksOf(source: Source, node: TSESTree.CallExpression | TSESTree.NewExpression): Sink[] {
  const origin = originOf(source, node.callee);
  if (origin && sinkModules.has(origin.module)) return sinksFor(origin);
  const [plugin, options] = node.arguments;
  if (!plugin || !options || nameOf(node.callee) !== 'register') return [];
  const registered = originOf(source, plugin);
  return registered ? sinksFor(registered).map((each) => ({ ...each, argument: each.argument + 1 })) : [];
}

function sinksFor({ module, members }: Origin): Sink[] {
  const member = members.join('.');
  return sinks.filter(
    (each) => each.modules.includes(module) && each.members.some((name) => name === '*' || mayMean(name, member)),
  );
}

/** `SignJWT.*.sign` is the last method of a chain. */
function mayMean(name: string, member: string): boolean {
  const [start = '', end] = name.split('*');
  return end === undefined ? name === member : member.startsWith(start) && member.endsWith(end);
}

/** The options of a library, also where a factory of its module makes them. */
export function optionsOf(source: Source, argument: Node): TSESTree.ObjectExpression | undefined {
  const object = objectBehind(source, argument);
  const factory = object && findProperty(object, 'useFactory');
  const made = factory && traced(source, factory.value);
  if (!made || !isFunction(made)) return object;
  return returnsOf(made)
    .map((each) => objectBehind(source, each))
    .find((each) => each !== undefined);
}
