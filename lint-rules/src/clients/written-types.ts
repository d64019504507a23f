import type { TSESTree } from '@typescript-eslint/utils';
import { type Node, isFunction, nameOf, unwrap } from '../ast.js';
import { inOtherFile, passedOnBy } from '../imports.js';
import { type OtherFile, type Source, initialValueOf, membersTo, otherFileOf, placeOf, variableOf } from '../origin.js';
import { firstOf } from '../parameters.js';
import { type FileContext, programWith } from '../project-file.js';
import { declarationOf } from './settings.js';

/** What a caller gives to a client. */
export interface Given {
  readonly node: Node;
  /** What the password is called inside of the value; none when the value is the password. */
  readonly keys: readonly string[];
  /** The options of the client that ask again. */
  readonly hooks: readonly string[];
  /** It is a URL, which is a text in any case: only that it is of the configuration says that it was read once. */
  readonly isUrl?: boolean;
}
/** A type, and the file that it is written in. */
interface Written {
  readonly type: TSESTree.TypeNode;
  readonly context: FileContext;
}

const deepest = 8;
const sameMembers = new Set(['Pick', 'Partial', 'Required', 'Readonly', 'NonNullable']);

/**
 * True when the type of a parameter says that its password is a text, so no caller can give a function.
 * The type is written in this file, or in a file of the project that it is imported from.
 */
export function isTextByType(context: FileContext, { node, keys, hooks, isUrl }: Given): boolean {
  const value = otherFileOf(node) ? undefined : typeOfGiven(context.sourceCode, node);
  if (!value) return false;
  if (isOfConfiguration(context.sourceCode, value.type)) return true;
  if (isUrl) return false;
  let current: Written | undefined = { type: value.type, context };
  for (const name of value.members) current = current && memberOf(current, name);
  if (!current || keys.length === 0) return current !== undefined && isText(current.type);
  for (const hook of hooks) if (memberOf(current, hook.split(/[.=(]/, 1)[0] ?? '')) return false;
  for (const key of keys) {
    const password = memberOf(current, key);
    if (password) return isText(password.type);
  }
  return false;
}

/** `ConfigType<typeof database>` of NestJS, and `typeof config`: what the program has read when it started. */
function isOfConfiguration(source: Source, type: TSESTree.TypeNode): boolean {
  if (type.type === 'TSTypeReference') return nameOf(type.typeName) === 'ConfigType';
  if (type.type !== 'TSTypeQuery' || type.exprName.type !== 'Identifier') return false;
  return /conf|settings|env/i.test(type.exprName.name);
}

function typeOfGiven(
  source: Source,
  node: Node,
  depth = 0,
): { readonly type: TSESTree.TypeNode; readonly members: readonly string[] } | undefined {
  if (depth > deepest) return undefined;
  const bare = unwrap(node);
  if (bare.type === 'MemberExpression') {
    const declared = declarationOf(source, bare);
    const type = declared && 'typeAnnotation' in declared ? declared.typeAnnotation : undefined;
    if (type?.type === 'TSTypeAnnotation') return { type: type.typeAnnotation, members: [] };
    const owner = typeOfGiven(source, bare.object, depth + 1);
    const name = nameOf(bare);
    return owner && name !== undefined ? { ...owner, members: [...owner.members, name] } : undefined;
  }
  const variable = bare.type === 'Identifier' ? variableOf(source, bare) : undefined;
  const definition = variable?.defs[0];
  if (!variable || !definition) return undefined;
  const around = definition.node as Node;
  if (!isFunction(around)) {
    const initial = initialValueOf(variable);
    const owner = initial && typeOfGiven(source, initial.value, depth + 1);
    return owner && { ...owner, members: [...owner.members, ...initial.members] };
  }
  for (const parameter of around.params) {
    const outer = parameter.type === 'TSParameterProperty' ? parameter.parameter : parameter;
    const pattern = outer.type === 'AssignmentPattern' ? outer.left : outer;
    const members = membersTo(pattern, definition.name);
    const type = 'typeAnnotation' in pattern ? pattern.typeAnnotation?.typeAnnotation : undefined;
    if (members && type) return { type, members };
  }
  return undefined;
}

function memberOf({ type, context }: Written, name: string, depth = 0): Written | undefined {
  if (depth > deepest) return undefined;
  const inside = (each: TSESTree.TypeNode) => memberOf({ type: each, context }, name, depth + 1);
  switch (type.type) {
    case 'TSTypeLiteral':
      return memberIn(type.members, context, name);
    case 'TSIntersectionType':
      return firstOf(type.types, inside);
    case 'TSUnionType': {
      const [only, ...more] = type.types.filter((each) => !isNothing(each));
      return only && more.length === 0 ? inside(only) : undefined;
    }
    case 'TSTypeReference': {
      if (type.typeName.type !== 'Identifier') return undefined;
      const argument = type.typeArguments?.params[0];
      if (argument && sameMembers.has(type.typeName.name)) return inside(argument);
      return memberOfNamed(context, type.typeName.name, name, depth);
    }
    default:
      return undefined;
  }
}

/** A member of a type that a file declares, imports or passes on under a name. */
function memberOfNamed(context: FileContext, typeName: string, name: string, depth: number): Written | undefined {
  if (depth > deepest) return undefined;
  for (const statement of context.sourceCode.ast.body) {
    const declared = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement;
    if (declared?.type === 'TSInterfaceDeclaration' && declared.id.name === typeName) {
      const own = memberIn(declared.body.body, context, name);
      const bases = declared.extends.flatMap(({ expression }) =>
        expression.type === 'Identifier' ? [expression.name] : [],
      );
      return own ?? firstOf(bases, (each) => memberOfNamed(context, each, name, depth + 1));
    }
    if (declared?.type === 'TSTypeAliasDeclaration' && declared.id.name === typeName)
      return memberOf({ type: declared.typeAnnotation, context }, name, depth + 1);
    const from = broughtBy(statement, typeName);
    const other = from && placeOfModule(context, from);
    const found = other && memberOfNamed(inOtherFile(context, other), from?.name ?? typeName, name, depth + 2);
    if (found) return found;
  }
  return undefined;
}

function placeOfModule(
  context: FileContext,
  { module, name }: { readonly module: string; readonly name: string },
): OtherFile | undefined {
  const program = programWith(context, module, name);
  return program && placeOf(program);
}

/** The module that a statement imports a type from, or passes it on from, and its name there. */
function broughtBy(
  statement: TSESTree.ProgramStatement,
  typeName: string,
): { readonly module: string; readonly name: string } | undefined {
  if (statement.type === 'ImportDeclaration') {
    const imported = statement.specifiers.find((each) => each.local.name === typeName);
    if (imported?.type !== 'ImportSpecifier') return undefined;
    return { module: statement.source.value, name: nameOf(imported.imported) ?? typeName };
  }
  return passedOnBy(statement, typeName);
}

function memberIn(members: readonly TSESTree.TypeElement[], context: FileContext, name: string): Written | undefined {
  for (const each of members) {
    if (each.type !== 'TSPropertySignature' || each.computed || nameOf(each.key) !== name) continue;
    return each.typeAnnotation && { type: each.typeAnnotation.typeAnnotation, context };
  }
  return undefined;
}

function isText(type: TSESTree.TypeNode): boolean {
  if (type.type !== 'TSUnionType') return type.type === 'TSStringKeyword';
  const parts = type.types.filter((each) => !isNothing(each));
  return parts.length > 0 && parts.every((each) => each.type === 'TSStringKeyword');
}

function isNothing(type: TSESTree.TypeNode): boolean {
  return type.type === 'TSUndefinedKeyword' || type.type === 'TSNullKeyword';
}
