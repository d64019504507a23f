import type { TSESTree } from '@typescript-eslint/utils';
import { type Callable, type Node, classAround, isFunction, keyOf, nameOf, returnsOf, unwrap, walk } from './ast.js';
import { type Source, initialValueOf, variableOf } from './origin.js';

/** Sources may refer to themselves, so each way ends after so many steps. */
const deepest = 8;

/** True for what a caller chooses: a parameter of a function, a member of one, and what a class keeps of one. */
export function comesFromParameter(source: Source, node: Node, depth = 0): boolean {
  if (depth > deepest) return false;
  const bare = unwrap(node);
  switch (bare.type) {
    case 'MemberExpression':
      if (isOfEnvironment(bare)) return false;
      return bare.object.type === 'ThisExpression'
        ? isKeptParameter(source, bare, depth)
        : comesFromParameter(source, bare.object, depth + 1);
    case 'ThisExpression':
      return true;
    case 'LogicalExpression':
      // `given ?? process.env.DATABASE_URL` is a text that was read once, unless somebody gives another.
      if (isEnvironment(bare.right)) return false;
      return comesFromParameter(source, bare.left, depth + 1) || comesFromParameter(source, bare.right, depth + 1);
    case 'ObjectExpression':
      return bare.properties.some(
        (each) => each.type === 'SpreadElement' && comesFromParameter(source, each.argument, depth + 1),
      );
    case 'CallExpression':
    case 'NewExpression':
      return (
        (isParsing(bare) && bare.arguments.some((each) => comesFromParameter(source, each, depth + 1))) ||
        givesKeptParameter(source, bare, depth)
      );
    case 'Identifier':
      return isNameOfParameter(source, bare, depth);
    default:
      return false;
  }
}

/** `fastify.config.DATABASE_URL`: a variable of the environment, which a plugin has read when the process started. */
function isOfEnvironment({ object, property }: TSESTree.MemberExpression): boolean {
  return (
    property.type === 'Identifier' &&
    /^[A-Z][A-Z0-9]*_[A-Z0-9_]+$/.test(property.name) &&
    object.type === 'MemberExpression' &&
    /^(?:env)?conf(?:ig)?$/i.test(nameOf(object) ?? '')
  );
}

/** `process.env`, and what is read from it. */
function isEnvironment(node: Node): boolean {
  const bare = unwrap(node);
  if (bare.type !== 'MemberExpression') return false;
  const { object } = bare;
  if (object.type === 'Identifier' && object.name === 'env') return true;
  return (nameOf(bare) === 'env' && object.type !== 'ThisExpression') || isEnvironment(object);
}

/** `(url = process.env.DATABASE_URL) => …` is called without it. */
export function hasDefaultOfEnvironment(name: Node): boolean {
  const { parent } = name;
  return parent?.type === 'AssignmentPattern' && parent.left === name && isEnvironment(parent.right);
}

function isNameOfParameter(source: Source, node: TSESTree.Identifier, depth: number): boolean {
  const variable = variableOf(source, node);
  const definition = variable?.defs[0];
  if (!variable || !definition) return false;
  if (definition.type === ('Parameter' as typeof definition.type)) {
    if (isOfProvider(definition.node as Node)) return false;
    if (hasDefaultOfEnvironment(definition.name)) return false;
    const given = isFunction(definition.node as Node)
      ? argumentsFor(source, definition.node as Callable, definition.name)
      : undefined;
    return given === undefined || given.some((each) => comesFromParameter(source, each, depth + 1));
  }
  const initial = initialValueOf(variable);
  return initial !== undefined && initial.value !== node && comesFromParameter(source, initial.value, depth + 1);
}

/** `{ provide: 'CACHE', useFactory: (settings) => … }`: called once, with parts of this program. */
export function isOfProvider(node: Node): boolean {
  const property = node.parent;
  return property?.type === 'Property' && property.value === node && keyOf(property) === 'useFactory';
}

/** `new URL(given)`, `parseUrl(given)` and `formatUrl(given)` are what was given in another form. */
export function isParsing(node: TSESTree.CallExpression | TSESTree.NewExpression): boolean {
  return /^(?:URL|.*(?:[pP]arse|[fF]ormat|[nN]ormali[sz]e|[eE]ncode).*)$/.test(nameOf(node.callee) ?? '');
}

/** What the class assigns to a member of itself; where it assigns nothing, somebody else does. */
function isKeptParameter(source: Source, member: TSESTree.MemberExpression, depth: number): boolean {
  const name = nameOf(member);
  const body = classAround(member)?.body;
  if (name === undefined || !body) return true;
  const given: Node[] = [];
  let isGiven = false;
  walk(body, (node) => {
    if (node.type === 'TSParameterProperty') {
      const { parameter } = node;
      isGiven ||= nameOf(parameter.type === 'AssignmentPattern' ? parameter.left : parameter) === name;
    } else if (node.type === 'PropertyDefinition' && keyOf(node) === name && node.value) given.push(node.value);
    else if (node.type === 'AssignmentExpression' && isMemberOfThis(node.left, name)) given.push(node.right);
    return true;
  });
  return isGiven || given.length === 0 || given.some((each) => comesFromParameter(source, each, depth + 1));
}

/** `this.settings()` of a class whose method answers with what the class was given. */
function givesKeptParameter(
  source: Source,
  call: TSESTree.CallExpression | TSESTree.NewExpression,
  depth: number,
): boolean {
  if (call.callee.type !== 'MemberExpression' || call.callee.object.type !== 'ThisExpression') return false;
  const name = nameOf(call.callee);
  const method = classAround(call)?.body.body.find(
    (each) => each.type === 'MethodDefinition' && nameOf(each.key) === name,
  );
  if (method?.type !== 'MethodDefinition' || !isFunction(method.value)) return false;
  const { params } = method.value;
  return returnsOf(method.value).some((each) => {
    const own = params.findIndex((parameter) => nameOf(parameter) === nameOf(each) && each.type === 'Identifier');
    // What it was called with, and not what the class keeps.
    if (own >= 0)
      return call.arguments[own] !== undefined && comesFromParameter(source, call.arguments[own], depth + 1);
    const values =
      each.type === 'ObjectExpression'
        ? each.properties.map((property) => (property.type === 'Property' ? property.value : property.argument))
        : [each];
    return values.some((value) => comesFromParameter(source, value, depth + 1));
  });
}

function isMemberOfThis(node: Node, name: string): boolean {
  const bare = unwrap(node);
  return bare.type === 'MemberExpression' && bare.object.type === 'ThisExpression' && nameOf(bare) === name;
}

/** What this file itself calls the function with that a name is a parameter of, whoever else may call it. */
export function callsHere(source: Source, node: Node): Node[] {
  const bare = unwrap(node);
  const definition = bare.type === 'Identifier' ? variableOf(source, bare)?.defs[0] : undefined;
  const around = definition?.node as Node | undefined;
  if (!definition || !around || !isFunction(around)) return [];
  return usesOf(source, around, definition.name).flatMap((each) => each ?? []);
}

/** What a function of this file is called with, where nobody else can call it; nothing where somebody could. */
function argumentsFor(source: Source, callable: Callable, name: Node): readonly Node[] | undefined {
  const holder = callable.type === 'FunctionDeclaration' ? callable : callable.parent;
  if (holder.type === 'MethodDefinition' && isPrivate(holder)) return givenAlways(usesOf(source, callable, name));
  const statement = holder.type === 'VariableDeclarator' ? holder.parent : holder;
  if (statement.parent?.type !== 'Program') return undefined;
  return givenAlways(usesOf(source, callable, name));
}

function givenAlways(given: readonly (Node | undefined)[]): readonly Node[] | undefined {
  return given.length > 0 && given.every((each) => each !== undefined) ? given : undefined;
}

/** For each use of a function that has a name, or of a class by its constructor: what it is called with, or nothing where it is not called. */
function usesOf(source: Source, callable: Callable, name: Node): readonly (Node | undefined)[] {
  const index = indexOfParameter(callable, name);
  const id = nameFor(callable);
  if (index < 0) return [];
  const method = callable.parent;
  if (method.type === 'MethodDefinition' && isPrivate(method)) return callsInClass(method, index);
  if (id?.type !== 'Identifier') return [];
  // A class has its own name inside of itself, too.
  const own = id.parent.type === 'ClassDeclaration' ? source.getDeclaredVariables?.(id.parent) : undefined;
  const variables = own ?? [variableOf(source, id)];
  const uses = variables.flatMap((each) => each?.references ?? []).filter((each) => each.isRead());
  return uses.map(({ identifier }) => {
    const call = identifier.parent;
    const isCall = call.type === 'CallExpression' || call.type === 'NewExpression';
    return isCall && call.callee === identifier ? call.arguments[index] : undefined;
  });
}

function isPrivate({ accessibility, key }: TSESTree.MethodDefinition): boolean {
  return accessibility === 'private' || key.type === 'PrivateIdentifier';
}

/** What a class calls a private method of itself with, which nobody else can. */
function callsInClass(method: TSESTree.MethodDefinition, index: number): (Node | undefined)[] {
  const found: (Node | undefined)[] = [];
  walk(method.parent, (node) => {
    if (node.type !== 'MemberExpression' || node.object.type !== 'ThisExpression') return true;
    if (nameOf(node) !== nameOf(method.key)) return true;
    const call = node.parent;
    found.push(call.type === 'CallExpression' && call.callee === node ? call.arguments[index] : undefined);
    return true;
  });
  return found;
}

/** Where a function takes what it calls by a name; -1 where it takes no such thing. */
export function indexOfParameter({ params }: Callable, name: Node): number {
  return params.findIndex((each) => isAround(each, name));
}

/** `private readonly url: string`, and a parameter with a default. */
function isAround(parameter: Node, name: Node): boolean {
  if (parameter.type === 'TSParameterProperty') return isAround(parameter.parameter, name);
  return parameter === name || (parameter.type === 'AssignmentPattern' && parameter.left === name);
}

function nameFor(callable: Callable): Node | null {
  const holder = callable.type === 'FunctionDeclaration' ? callable : callable.parent;
  if (holder.type === 'FunctionDeclaration' || holder.type === 'VariableDeclarator') return holder.id;
  if (holder.type !== 'MethodDefinition' || holder.kind !== 'constructor') return null;
  return classAround(holder)?.id ?? null;
}
