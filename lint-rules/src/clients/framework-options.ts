import type { TSESTree } from '@typescript-eslint/utils';
import { type Node, isFunction, nameOf, returnsOf } from '../ast.js';
import { type Source, otherFileOf, variableOf } from '../origin.js';

/** The options that `@fastify/autoload` gives to a plugin: those that its file exports as `autoConfig`. */
export function autoConfigFor(source: Source, node: TSESTree.Identifier): Node | undefined {
  const { ast } = otherFileOf(node) ?? source;
  if (ast.body.every((each) => !namesAutoConfig(each))) return undefined;
  const plugin = variableOf(source, node)?.defs[0]?.node as Node | undefined;
  if (!plugin || !isFunction(plugin) || plugin.params[1]?.type !== 'Identifier') return undefined;
  if (plugin.params[1].name !== node.name) return undefined;
  for (const each of ast.body) {
    const declaration = namesAutoConfig(each) ? each.declaration : undefined;
    const value = declaration?.type === 'VariableDeclaration' ? declaration.declarations[0]?.init : declaration;
    if (value) return isFunction(value) ? returnsOf(value)[0] : value;
  }
  return undefined;
}

function namesAutoConfig(
  statement: TSESTree.ProgramStatement,
): statement is TSESTree.ExportNamedDeclarationWithoutSource {
  if (statement.type !== 'ExportNamedDeclaration' || !statement.declaration) return false;
  const { declaration } = statement;
  const name =
    declaration.type === 'VariableDeclaration'
      ? declaration.declarations[0].id
      : 'id' in declaration
        ? declaration.id
        : null;
  return nameOf(name) === 'autoConfig';
}
