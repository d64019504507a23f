import type { TSESTree } from '@typescript-eslint/utils';
import { type Node, findProperty, functionAround, isFunction, nameOf, returnsOf } from '../ast.js';
import { type Source, variableOf } from '../origin.js';
import { tracedBeyond } from './imported.js';

/** What a function, or a class with a method for it, makes the options of a module of; nothing where none is given. */
export function factoryIn(
  source: Source,
  config: TSESTree.ObjectExpression,
  keys: readonly string[],
): Node[] | undefined {
  const property = findProperty(config, ...keys);
  if (!property) return undefined;
  const value = tracedBeyond(source, property.value);
  if (isFunction(value)) return returnsOf(value);
  const made = value.type === 'Identifier' ? (variableOf(source, value)?.defs[0]?.node as Node | undefined) : value;
  if (made?.type !== 'ClassDeclaration' && made?.type !== 'ClassExpression') return [];
  return made.body.body.flatMap((each) =>
    each.type === 'MethodDefinition' && isFunction(each.value) && /^create\w*Options$/.test(nameOf(each.key) ?? '')
      ? returnsOf(each.value)
      : [],
  );
}

/** `dataSourceFactory: async () => dataSource`: what was made elsewhere is judged there. */
export function handsOverMade(source: Source, config: TSESTree.ObjectExpression): boolean {
  const factory = findProperty(config, 'dataSourceFactory')?.value;
  const [answer, ...others] = factory && isFunction(factory) ? returnsOf(factory) : [];
  if (answer?.type !== 'Identifier' || others.length > 0) return false;
  const made = variableOf(source, answer)?.defs[0]?.node as Node | undefined;
  return made !== undefined && made !== factory && functionAround(made) !== factory;
}
