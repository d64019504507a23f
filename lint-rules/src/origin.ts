import type { TSESLint, TSESTree } from '@typescript-eslint/utils';
import { type Node, classAround, nameOf, textOf, unwrap } from './ast.js';

export type Source = Readonly<TSESLint.SourceCode>;

/** Where a value was imported from: `pg`, then the members taken from it. `default` and namespace objects add no member; a call adds `()`. */
export interface Origin {
  readonly module: string;
  readonly members: readonly string[];
}

const deepest = 8;

/** A file beside the one that is linted. */
export interface OtherFile {
  readonly source: Source;
  readonly filename: string;
}

const others = new WeakMap<object, OtherFile>();
let hasOthers = false;

/** From now on the nodes of this file are looked up in it, whichever file is linted. */
export function ofOtherFile(source: Source, filename: string): void {
  others.set(source.ast, { source, filename });
  hasOthers = true;
}

/** The other file that a node stands in, and where that is; nothing for a node of the file that is linted. */
export function placeOf(node: Node): OtherFile | undefined {
  if (!hasOthers) return undefined;
  let root = node;
  while (root.parent) root = root.parent;
  return others.get(root);
}

/** The other file that a node stands in; nothing for a node of the file that is linted. */
export function otherFileOf(node: Node): Source | undefined {
  return placeOf(node)?.source;
}

/** The variable that an identifier means. */
export function variableOf(source: Source, node: TSESTree.Identifier): TSESLint.Scope.Variable | undefined {
  const own = otherFileOf(node) ?? source;
  for (let scope: TSESLint.Scope.Scope | null = own.getScope(node); scope; scope = scope.upper) {
    const variable = scope.set.get(node.name);
    if (variable) return variable;
  }
  return undefined;
}

/** The expression a variable holds, when it is given one and never another; with the members a pattern takes from it. */
export function initialValueOf(
  variable: TSESLint.Scope.Variable,
): { readonly value: Node; readonly members: readonly string[] } | undefined {
  const definition = variable.defs[0];
  if (variable.defs.length !== 1 || definition?.node.type !== 'VariableDeclarator') return undefined;
  const declarator = definition.node;
  const writes = variable.references.filter((each) => each.isWrite());
  if (writes.length > 1) return undefined;
  const value = declarator.init ?? writes[0]?.writeExpr;
  if (!value) return undefined;
  if (declarator.id.type === 'Identifier') return { value, members: [] };
  const members = membersTo(declarator.id, definition.name);
  return members && { value, members };
}

/** The names that lead from a pattern to a variable inside of it. */
export function membersTo(pattern: Node, name: Node): readonly string[] | undefined {
  if (pattern === name) return [];
  if (pattern.type === 'AssignmentPattern') return membersTo(pattern.left, name);
  if (pattern.type === 'ArrayPattern') return membersToElement(pattern, name);
  if (pattern.type !== 'ObjectPattern') return undefined;
  for (const property of pattern.properties) {
    if (property.type !== 'Property') continue;
    const rest = membersTo(property.value, name);
    const key = property.computed ? textOf(property.key) : nameOf(property.key);
    if (rest && key !== undefined) return [key, ...rest];
  }
  return undefined;
}

function membersToElement({ elements }: TSESTree.ArrayPattern, name: Node): readonly string[] | undefined {
  for (const [index, element] of elements.entries()) {
    const rest = element ? membersTo(element, name) : undefined;
    if (rest) return [String(index), ...rest];
  }
  return undefined;
}

/** Follows names, members, `require`, `import()` and calls to the package they come from. */
export function originOf(source: Source, node: Node, depth = 0): Origin | undefined {
  if (depth > deepest) return undefined;
  const bare = unwrap(node);
  switch (bare.type) {
    case 'AwaitExpression':
      return originOf(source, bare.argument, depth + 1);
    case 'ImportExpression':
      return fromModule(textOf(bare.source));
    case 'MemberExpression': {
      const name = nameOf(bare);
      return name === undefined ? undefined : taking([name], originOf(source, bare.object, depth + 1));
    }
    case 'CallExpression':
      if (bare.callee.type === 'Identifier' && bare.callee.name === 'require')
        return fromModule(moduleIn(bare.arguments[0]));
      if (isInteropHelper(bare.callee)) return bare.arguments[0] && originOf(source, bare.arguments[0], depth + 1);
      return taking(['()'], originOf(source, bare.callee, depth + 1));
    case 'NewExpression':
      return taking(['()'], originOf(source, bare.callee, depth + 1));
    case 'Identifier':
      return originOfName(source, bare, depth);
    // `enabled ? require('redis') : null`
    case 'ConditionalExpression':
      return (
        (isNothing(bare.alternate) ? originOf(source, bare.consequent, depth + 1) : undefined) ??
        (isNothing(bare.consequent) ? originOf(source, bare.alternate, depth + 1) : undefined)
      );
    // `pg.Pool || pg.default.Pool`
    case 'LogicalExpression':
      return bare.operator === '&&'
        ? undefined
        : (originOf(source, bare.left, depth + 1) ?? originOf(source, bare.right, depth + 1));
    case 'Super': {
      const extended = classAround(bare)?.superClass;
      return extended ? originOf(source, extended, depth + 1) : undefined;
    }
    default:
      return undefined;
  }
}

/** The module that `require` is given: a text, or a path beside the file as `__dirname + '/../config'` and `path.join(__dirname, 'config')`. */
export function moduleIn(node: Node | undefined): string | undefined {
  const text = textOf(node);
  if (text !== undefined || !node) return text;
  const isHere = (each: Node | null | undefined) => nameOf(each) === '__dirname';
  if (node.type === 'BinaryExpression' && node.operator === '+' && isHere(node.left)) {
    const rest = textOf(node.right);
    return rest === undefined ? undefined : `.${rest}`;
  }
  if (node.type === 'TemplateLiteral' && node.expressions.length === 1 && isHere(node.expressions[0]))
    return node.quasis[0]?.value.raw === '' ? `.${node.quasis[1]?.value.raw ?? ''}` : undefined;
  if (node.type !== 'CallExpression' || !/^(?:join|resolve)$/.test(nameOf(node.callee) ?? '')) return undefined;
  const [first, ...rest] = node.arguments;
  const parts = rest.map((each) => textOf(each));
  return isHere(first) && parts.length > 0 && parts.every((each) => each !== undefined)
    ? ['.', ...parts].join('/')
    : undefined;
}

function isNothing(node: Node): boolean {
  return (node.type === 'Literal' && node.value === null) || (node.type === 'Identifier' && node.name === 'undefined');
}

const remembered = new WeakMap<TSESLint.Scope.Variable, { readonly origin: Origin | undefined }>();

function originOfName(source: Source, node: TSESTree.Identifier, depth: number): Origin | undefined {
  const variable = variableOf(source, node);
  const known = variable && remembered.get(variable);
  if (known) return known.origin;
  const origin = originOfVariable(source, variable, depth);
  if (variable && depth < deepest / 2) remembered.set(variable, { origin });
  return origin;
}

function originOfVariable(
  source: Source,
  variable: TSESLint.Scope.Variable | undefined,
  depth: number,
): Origin | undefined {
  const definition = variable?.defs[0];
  if (!variable || !definition) return undefined;
  if (definition.parent?.type === 'ImportDeclaration') {
    const specifier = definition.node as TSESTree.ImportClause;
    const members = specifier.type === 'ImportSpecifier' ? [nameOf(specifier.imported) ?? ''] : [];
    return taking(members, fromModule(definition.parent.source.value));
  }
  const initial = initialValueOf(variable);
  if (!initial) return undefined;
  const [index = '', ...rest] = initial.members;
  const element = /^\d+$/.test(index) ? elementOfAll(initial.value, Number(index)) : undefined;
  if (element) return taking(rest, originOf(source, element, depth + 1));
  return taking(initial.members, originOf(source, initial.value, depth + 1));
}

/** What `await Promise.all([import('pg'), …])` waits for at that place. */
function elementOfAll(value: Node, index: number): Node | undefined {
  const call = unwrap(value.type === 'AwaitExpression' ? value.argument : value);
  if (call.type !== 'CallExpression' || nameOf(call.callee) !== 'all') return undefined;
  const [list] = call.arguments;
  return list?.type === 'ArrayExpression' ? (list.elements[index] ?? undefined) : undefined;
}

const interopHelpers = ['__importDefault', '__importStar', '_interopRequireDefault', '_interopRequireWildcard'];

function isInteropHelper(callee: Node): boolean {
  return interopHelpers.includes(nameOf(callee) ?? '');
}

function fromModule(module: string | undefined): Origin | undefined {
  return module === undefined ? undefined : { module: module.replace(/^node:/, ''), members: [] };
}

function taking(members: readonly string[], origin: Origin | undefined): Origin | undefined {
  return (
    origin && { module: origin.module, members: [...origin.members, ...members.filter((each) => each !== 'default')] }
  );
}
