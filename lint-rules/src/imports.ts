import type { TSESTree } from '@typescript-eslint/utils';
import { type Node, nameOf, unwrap } from './ast.js';
import { type OtherFile, type Source, initialValueOf, moduleIn, placeOf, variableOf } from './origin.js';
import { type FileContext, programOf, programWith } from './project-file.js';

/** What another file of the project exports under the name that is imported here, and that file. */
export function exportBehind(
  context: FileContext,
  node: Node,
): { readonly node: Node; readonly source: Source } | undefined {
  const found = importOf(context.sourceCode, node);
  return found && exportIn(context, found.module, found.name);
}

/** What a module exports under a name, and the file in which that stands. */
export function exportIn(
  context: FileContext,
  module: string,
  name: string,
  depth = 0,
): { readonly node: Node; readonly source: Source } | undefined {
  const program = depth === 0 ? programOf(context, module) : programWith(context, module, name);
  const other = program && placeOf(program);
  if (!other || depth > 4) return undefined;
  const exported = exportOf(program, name);
  if (exported) return { node: exported, source: other.source };
  const beside = inOtherFile(context, other);
  for (const statement of program.body) {
    const from = passedOnBy(statement, name);
    const found = from && exportIn(beside, from.module, from.name, depth + 1);
    if (found) return found;
  }
  return undefined;
}

/** The same project, seen from another of its files. */
export function inOtherFile({ cwd, languageOptions }: FileContext, { source, filename }: OtherFile): FileContext {
  return { cwd, languageOptions, filename, sourceCode: source };
}

/** `export * from './a'` and `export { name } from './a'` */
export function passedOnBy(
  statement: TSESTree.ProgramStatement,
  name: string,
): { readonly module: string; readonly name: string } | undefined {
  if (statement.type === 'ExportAllDeclaration')
    return statement.exported || name === 'default' ? undefined : { module: statement.source.value, name };
  if (statement.type !== 'ExportNamedDeclaration' || !statement.source) return undefined;
  const specifier = statement.specifiers.find((each) => nameOf(each.exported) === name);
  return specifier && { module: statement.source.value, name: nameOf(specifier.local) ?? name };
}

/** What a name stands for that is imported. */
export interface Import {
  readonly module: string;
  /** `default` for all of it, too. */
  readonly name: string;
  /** It has members, as `require` and `import * as` give. */
  readonly isWhole: boolean;
}

/** The module that an expression is imported from, and the name there. */
export function importOf(source: Source, node: Node, depth = 0): Import | undefined {
  if (depth > 4) return undefined;
  const bare = unwrap(node);
  if (bare.type === 'MemberExpression') return takenFrom(importOf(source, bare.object, depth + 1), [nameOf(bare)]);
  if (bare.type === 'CallExpression' && nameOf(bare.callee) === 'require') {
    const module = moduleIn(bare.arguments[0]);
    return module === undefined ? undefined : { module, name: 'default', isWhole: true };
  }
  const variable = bare.type === 'Identifier' ? variableOf(source, bare) : undefined;
  const definition = variable?.defs[0];
  if (!variable || !definition) return undefined;
  if (definition.parent?.type !== 'ImportDeclaration') {
    const initial = initialValueOf(variable);
    return initial && takenFrom(importOf(source, initial.value, depth + 1), initial.members);
  }
  const specifier = definition.node as TSESTree.ImportClause;
  const module = definition.parent.source.value;
  if (specifier.type === 'ImportSpecifier') return { module, name: nameOf(specifier.imported) ?? '', isWhole: false };
  return { module, name: 'default', isWhole: specifier.type === 'ImportNamespaceSpecifier' };
}

function takenFrom(whole: Import | undefined, members: readonly (string | undefined)[]): Import | undefined {
  const [name, ...deeper] = members;
  if (name === undefined || !whole) return members.length === 0 ? whole : undefined;
  return whole.isWhole && deeper.length === 0 ? { module: whole.module, name, isWhole: false } : undefined;
}

/** `export const name`, `export function name`, `export default`, `exports.name`, `module.exports` and `module.exports = { name }`. */
export function exportOf(program: TSESTree.Program, name: string): Node | undefined {
  for (const statement of program.body) {
    if (statement.type === 'ExportDefaultDeclaration' && name === 'default') return statement.declaration;
    if (statement.type === 'ExportNamedDeclaration' && !statement.source) {
      const found = declaredIn(statement, name);
      if (found) return found;
    }
    if (statement.type === 'TSExportAssignment' && name === 'default') return statement.expression;
    if (statement.type !== 'ExpressionStatement' || statement.expression.type !== 'AssignmentExpression') continue;
    const { left, right } = statement.expression;
    if (left.type !== 'MemberExpression') continue;
    const owner = nameOf(left.object);
    const isWhole = owner === 'module' && nameOf(left) === 'exports';
    if (isWhole && name === 'default') return right;
    if ((owner === 'exports' && nameOf(left) === name) || (isWhole && memberOf(right, name)))
      return isWhole ? memberOf(right, name) : right;
  }
  return undefined;
}

function declaredIn({ declaration, specifiers }: TSESTree.ExportNamedDeclaration, name: string): Node | undefined {
  if (declaration?.type === 'VariableDeclaration') {
    for (const { id } of declaration.declarations) {
      const found = id.type === 'ObjectPattern' ? namedIn(id, name) : id;
      if (nameOf(found) === name) return found;
    }
  }
  if (declaration?.type === 'FunctionDeclaration' && declaration.id?.name === name) return declaration;
  if (declaration?.type === 'ClassDeclaration' && declaration.id?.name === name) return declaration;
  return specifiers.find((each) => nameOf(each.exported) === name)?.local;
}

/** `export const { name } = process.env` */
function namedIn({ properties }: TSESTree.ObjectPattern, name: string): Node | undefined {
  for (const each of properties) {
    const value = each.type === 'Property' && each.value.type === 'AssignmentPattern' ? each.value.left : each.value;
    if (nameOf(value) === name) return value ?? undefined;
  }
  return undefined;
}

function memberOf(node: Node, name: string): Node | undefined {
  if (node.type !== 'ObjectExpression') return undefined;
  const property = node.properties.find((each) => each.type === 'Property' && nameOf(each.key) === name);
  return property?.type === 'Property' ? property.value : undefined;
}
