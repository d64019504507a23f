import type { TSESLint, TSESTree } from '@typescript-eslint/utils';
import { type Node, findProperty, isFunction, nameOf, returnsOf, textOf, unwrap } from './ast.js';
import { type Source, initialValueOf, variableOf } from './origin.js';
import { comesFromParameter, hasDefaultOfEnvironment, isMerge, isOfProvider } from './parameters.js';
import { typedBinding } from './types.js';

/**
 * How a value comes to be, seen from the place that uses it:
 * `function` runs again at each use, `captured` was computed once, `parameter` is somebody else's choice.
 */
export type Binding = 'absent' | 'function' | 'captured' | 'parameter' | 'unknown';

/** Sources may refer to themselves, so each way ends after so many steps. */
const deepest = 8;

/** How far an expression is followed: through this file, or into the files that it imports. */
export type Trace = (source: Source, node: Node) => Node;

/** Follows constants to the expression behind them. */
export function traced(source: Source, node: Node, depth = 0): Node {
  const bare = unwrap(node);
  if (depth > 4) return bare;
  if (bare.type === 'Identifier') {
    const variable = variableOf(source, bare);
    const definition = variable?.defs[0];
    if (definition && isFunction(definition.node as Node)) {
      return definition.type === ('FunctionName' as typeof definition.type) ? (definition.node as Node) : bare;
    }
    const initial = variable && initialValueOf(variable);
    if (!initial) return bare;
    if (initial.members.length === 0) return traced(source, initial.value, depth + 1);
    const owner = traced(source, initial.value, depth + 1);
    return memberIn(source, owner, initial.members, depth) ?? bare;
  }
  if (bare.type === 'MemberExpression') {
    const name = nameOf(bare);
    const owner = traced(source, bare.object, depth + 1);
    if (name !== undefined) return memberIn(source, owner, [name], depth) ?? bare;
  }
  return bare;
}

function memberIn(source: Source, owner: Node, members: readonly string[], depth: number): Node | undefined {
  let current = owner;
  for (const name of members) {
    if (current.type !== 'ObjectExpression') return undefined;
    const property = findProperty(current, name);
    if (!property) return undefined;
    current = traced(source, property.value, depth + 1);
  }
  return current;
}

/** The object literal behind an expression, through constants and through one local function that returns it. */
export function objectBehind(
  source: Source,
  node: Node,
  depth = 0,
  trace: Trace = traced,
): TSESTree.ObjectExpression | undefined {
  if (depth > deepest) return undefined;
  const value = trace(source, node);
  if (value.type === 'ObjectExpression') return value;
  if (value.type === 'AwaitExpression') return objectBehind(source, value.argument, depth + 1, trace);
  if (value.type !== 'CallExpression') return undefined;
  if (isMerge(value)) return objectIn(source, value.arguments.toReversed(), depth, trace);
  const callee = trace(source, value.callee);
  if (!isFunction(callee)) return undefined;
  const returns = returnsOf(callee).map((each) => trace(source, each));
  return returns.find((each) => each.type === 'ObjectExpression');
}

function objectIn(
  source: Source,
  nodes: readonly Node[],
  depth: number,
  trace: Trace,
): TSESTree.ObjectExpression | undefined {
  for (const each of nodes) {
    const object = each.type === 'SpreadElement' ? undefined : objectBehind(source, each, depth + 1, trace);
    if (object && object.properties.length > 0) return object;
  }
  return undefined;
}

/** The object literals that an expression may be: of a variable that is given one in each of several branches, all of them. */
export function objectsBehind(source: Source, node: Node, trace: Trace = traced): TSESTree.ObjectExpression[] {
  const only = objectBehind(source, node, 0, trace);
  if (only) return [only];
  const behind = trace(source, node);
  const bare = behind.type === 'Identifier' ? behind : unwrap(node);
  const variable = bare.type === 'Identifier' ? variableOf(source, bare) : undefined;
  const given = variable ? variable.references.map((each) => wholeWriteOf(each)) : [bare];
  return given.flatMap((each) =>
    each ? branchesOf(source, each, trace).flatMap((branch) => objectBehind(source, branch, 0, trace) ?? []) : [],
  );
}

/** What a variable is given as it stands, and not a part that a pattern takes. */
function wholeWriteOf({ identifier, writeExpr }: TSESLint.Scope.Reference): Node | null | undefined {
  const { parent } = identifier;
  const isWhole =
    (parent.type === 'VariableDeclarator' && parent.id === identifier) ||
    (parent.type === 'AssignmentExpression' && parent.left === identifier);
  return isWhole ? writeExpr : undefined;
}

/** What an expression may be, by its conditions, its fallbacks and what the functions that it calls answer. */
export function branchesOf(source: Source, node: Node, trace: Trace, depth = 0): Node[] {
  const bare = unwrap(node);
  if (depth > deepest) return [bare];
  const inside = (each: Node) => branchesOf(source, each, trace, depth + 1);
  if (bare.type === 'ConditionalExpression') return [bare.consequent, bare.alternate].flatMap(inside);
  if (bare.type === 'LogicalExpression')
    return bare.operator === '&&' ? inside(bare.right) : [bare.left, bare.right].flatMap(inside);
  return entriesAt(source, bare, trace) ?? answersOf(source, bare, trace)?.flatMap(inside) ?? [bare];
}

/** What a function that is called here may answer. */
function answersOf(source: Source, node: Node, trace: Trace): Node[] | undefined {
  const call = node.type === 'AwaitExpression' ? unwrap(node.argument) : node;
  const callee = call.type === 'CallExpression' ? trace(source, call.callee) : undefined;
  return callee && isFunction(callee) ? returnsOf(callee) : undefined;
}

/** `configs[process.env.NODE_ENV]` may be any of its entries; where one is called production, that one matters. */
function entriesAt(source: Source, node: Node, trace: Trace): Node[] | undefined {
  if (node.type !== 'MemberExpression' || !node.computed || nameOf(node) !== undefined) return undefined;
  const owner = objectBehind(source, node.object, 0, trace);
  const production = owner && findProperty(owner, 'production', 'prod');
  if (production) return [production.value];
  return owner?.properties.flatMap((each) => (each.type === 'Property' ? [each.value] : []));
}

/** How the value of a credential property is bound. */
export function bindingOf(source: Source, node: Node, depth = 0, trace: Trace = traced): Binding {
  if (depth > deepest) return 'unknown';
  const value = trace(source, node);
  if (isFunction(value)) return 'function';
  switch (value.type) {
    case 'Literal':
      return value.value === null || value.value === '' ? 'absent' : 'captured';
    case 'TemplateLiteral':
    case 'BinaryExpression':
    case 'AwaitExpression':
      return 'captured';
    case 'LogicalExpression': {
      const sides = [bindingOf(source, value.left, depth + 1, trace), bindingOf(source, value.right, depth + 1, trace)];
      return sides.find((each) => each !== 'absent') ?? 'absent';
    }
    case 'ConditionalExpression': {
      const sides = [
        bindingOf(source, value.consequent, depth + 1, trace),
        bindingOf(source, value.alternate, depth + 1, trace),
      ];
      // `given ? given.url : process.env.REDIS_URL` is a text that was read once, unless somebody gives another.
      if (sides.includes('parameter') && [value.consequent, value.alternate].some(isReadOnce)) return 'captured';
      return sides.find((each) => each !== 'absent') ?? 'absent';
    }
    case 'CallExpression':
      return comesFromParameter(source, value) ? 'parameter' : bindingOfCall(source, value, depth, trace);
    case 'MemberExpression':
      if (comesFromParameter(source, value)) return 'parameter';
      return typedBinding(source, value) ?? 'captured';
    case 'Identifier':
      if (value.name === 'undefined') return 'absent';
      return bindingOfName(source, value);
    default:
      return 'unknown';
  }
}

function isReadOnce(node: Node): boolean {
  const bare = unwrap(node);
  return environmentName(bare.type === 'LogicalExpression' ? bare.left : bare) !== undefined;
}

function bindingOfCall(source: Source, call: TSESTree.CallExpression, depth: number, trace: Trace): Binding {
  const name = nameOf(call.callee);
  if (name === 'bind') return 'function';
  const callee = trace(source, call.callee);
  if (isFunction(callee)) {
    const kinds = returnsOf(callee).map((each) => bindingOf(source, each, depth + 1, trace));
    if (kinds.includes('function')) return 'function';
  }
  return 'captured';
}

function bindingOfName(source: Source, node: TSESTree.Identifier): Binding {
  const variable = variableOf(source, node);
  const definition = variable?.defs[0];
  if (!variable || !definition) return 'unknown';
  if (definition.type === ('Parameter' as typeof definition.type)) {
    const annotation = (definition.name as TSESTree.Identifier).typeAnnotation?.typeAnnotation;
    const isFixed =
      annotation?.type === 'TSStringKeyword' ||
      isOfProvider(definition.node as Node) ||
      hasDefaultOfEnvironment(definition.name);
    return isFixed ? 'captured' : 'parameter';
  }
  if (definition.parent?.type === 'ImportDeclaration')
    return typedBinding(source, node) ?? (/^[A-Z][A-Z0-9_]*$/.test(node.name) ? 'captured' : 'unknown');
  if (definition.type === ('Variable' as typeof definition.type)) {
    const given = [initialValueOf(variable)?.value, ...variable.references.map((each) => each.writeExpr)];
    return given.some((each) => each && comesFromParameter(source, each)) ? 'parameter' : 'captured';
  }
  return 'unknown';
}

/** The names of the functions that read one. */
export const environmentReaders = /^(?:get|getOrThrow|env|getenv|getEnv|string|str)$/i;

/** The name of the environment variable that an expression reads: `process.env.X`, `env.X`, `import.meta.env.X`, `config.get('X')`. */
export function environmentName(node: Node): string | undefined {
  const bare = unwrap(node);
  if (bare.type === 'MemberExpression') {
    const owner = unwrap(bare.object);
    return nameOf(owner) === 'env' ? nameOf(bare) : undefined;
  }
  if (bare.type === 'CallExpression') {
    const name = nameOf(bare.callee);
    const first = textOf(bare.arguments[0]);
    if (first !== undefined && /^[A-Z][A-Z0-9_]+$/.test(first) && environmentReaders.test(name ?? '')) {
      return first;
    }
  }
  return undefined;
}
