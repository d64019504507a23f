import type { TSESTree } from '@typescript-eslint/utils';
import {
  type Callable,
  type Node,
  classAround,
  isFunction,
  keyOf,
  nameOf,
  returnsOf,
  textOf,
  unwrap,
  walk,
} from './ast.js';
import { type Source, initialValueOf, membersTo, variableOf } from './origin.js';

/** Sources may refer to themselves, so each way ends after so many steps. */
const deepest = 8;
const mostSteps = 100;

/** True for what a caller chooses: a parameter of a function, a member of one, and what a class keeps of one. */
export function comesFromParameter(source: Source, node: Node, seen = new Set<Node>()): boolean {
  const bare = unwrap(node);
  // What was looked at before would have said so.
  if (seen.has(bare) || seen.size > mostSteps) return false;
  seen.add(bare);
  switch (bare.type) {
    case 'MemberExpression':
      if (isOfEnvironment(bare) || isOfSettings(source, bare)) return false;
      return bare.object.type === 'ThisExpression'
        ? isKeptParameter(source, bare, seen)
        : comesFromParameter(source, bare.object, seen);
    case 'ThisExpression':
      return true;
    case 'LogicalExpression':
      // `given ?? process.env.DATABASE_URL` is a text that was read once, unless somebody gives another.
      if (isEnvironment(bare.right)) return false;
      return comesFromParameter(source, bare.left, seen) || comesFromParameter(source, bare.right, seen);
    case 'ObjectExpression':
      return bare.properties.some(
        (each) => each.type === 'SpreadElement' && comesFromParameter(source, each.argument, seen),
      );
    case 'CallExpression':
    case 'NewExpression':
      return (
        (isParsing(bare) && bare.arguments.some((each) => comesFromParameter(source, each, seen))) ||
        givesKeptParameter(source, bare, seen)
      );
    case 'Identifier':
      return isNameOfParameter(source, bare, seen);
    default:
      return false;
  }
}

/** Workers are given their environment with each request: `context.env`. */
const ofRequest = /^(?:c|ctx|context|event|platform|locals|req(?:uest)?|args?|params)$/i;

/** `fastify.config.DATABASE_URL`: a variable of the environment, which a plugin has read when the process started. */
function isOfEnvironment({ object, property }: TSESTree.MemberExpression): boolean {
  return (
    property.type === 'Identifier' &&
    /^[A-Z][A-Z0-9]*_[A-Z0-9_]+$/.test(property.name) &&
    object.type === 'MemberExpression' &&
    (/^(?:(?:env)?conf(?:ig)?|secrets|settings)$/i.test(nameOf(object) ?? '') ||
      (nameOf(object) === 'env' && !ofRequest.test(nameOf(object.object) ?? '')))
  );
}

/** What the settings of a whole program are called. */
export const settingsName =
  /^(?:(?:app|application|server|global|main|full)_?)?(?:conf(?:ig|igs|iguration)?|settings|env)$/i;
/** Parts of the options of one client. */
const ofOneClient = /^(?:connection|auth|authentication|credentials|options|sasl|params|pool|ssl|tls)$/i;

/** `config.redis.password`: the settings of a whole program have parts, and it has read them when it started. */
function isOfSettings(source: Source, node: Node): boolean {
  const names = namesTo(source, node);
  const settings = names.findIndex((each) => settingsName.test(each));
  return settings >= 0 && settings < names.length - 2 && !ofOneClient.test(names[settings + 1] ?? '');
}

/** The names that lead to a value, through constants: `this`, `config`, `redis`, `password`. */
function namesTo(source: Source, node: Node, depth = 0): readonly string[] {
  const bare = unwrap(node);
  if (depth > deepest) return [];
  if (bare.type === 'ThisExpression') return ['this'];
  if (bare.type === 'MemberExpression')
    return [...namesTo(source, bare.object, depth + 1), (bare.computed ? textOf(bare.property) : nameOf(bare)) ?? '*'];
  if (bare.type !== 'Identifier') return [];
  const variable = variableOf(source, bare);
  const initial = variable && initialValueOf(variable);
  return initial ? [...namesTo(source, initial.value, depth + 1), ...initial.members] : [bare.name];
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

function isNameOfParameter(source: Source, node: TSESTree.Identifier, seen: Set<Node>): boolean {
  const variable = variableOf(source, node);
  const definition = variable?.defs[0];
  if (!variable || !definition) return false;
  if (definition.type === ('Parameter' as typeof definition.type)) {
    if (isOfProvider(definition.node as Node)) return false;
    if (hasDefaultOfEnvironment(definition.name)) return false;
    const given = isFunction(definition.node as Node)
      ? argumentsFor(source, definition.node as Callable, definition.name)
      : undefined;
    return given === undefined || given.some((each) => comesFromParameter(source, each, seen));
  }
  const initial = initialValueOf(variable);
  return initial !== undefined && initial.value !== node && comesFromParameter(source, initial.value, seen);
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
function isKeptParameter(source: Source, member: TSESTree.MemberExpression, seen: Set<Node>): boolean {
  const name = nameOf(member);
  const body = classAround(member)?.body;
  if (name === undefined || !body) return true;
  let isGiven = false;
  walk(body, (node) => {
    isGiven ||= node.type === 'TSParameterProperty' && isCalled(node, name);
    return !isGiven;
  });
  const given = assignedToMember(member);
  return isGiven || given.length === 0 || given.some((each) => comesFromParameter(source, each, seen));
}

/** `this.settings()` of a class whose method answers with what the class was given. */
function givesKeptParameter(
  source: Source,
  call: TSESTree.CallExpression | TSESTree.NewExpression,
  seen: Set<Node>,
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
    if (own >= 0) return call.arguments[own] !== undefined && comesFromParameter(source, call.arguments[own], seen);
    const values =
      each.type === 'ObjectExpression'
        ? each.properties.map((property) => (property.type === 'Property' ? property.value : property.argument))
        : [each];
    return values.some((value) => comesFromParameter(source, value, seen));
  });
}

function isMemberOfThis(node: Node, name: string): boolean {
  const bare = unwrap(node);
  return bare.type === 'MemberExpression' && bare.object.type === 'ThisExpression' && nameOf(bare) === name;
}

/** A parameter that a value is taken from: of which function, where among its parameters, and the members that lead to the value. */
export interface Taken {
  readonly callable: Callable;
  readonly index: number;
  readonly members: readonly string[];
}

/** The parameter behind a value, through constants, patterns, what a class keeps, and what is used where nothing else is given. */
export function takenBy(source: Source, node: Node, seen = new Set<Node>()): Taken | undefined {
  const bare = unwrap(node);
  if (seen.has(bare) || seen.size > mostSteps) return undefined;
  seen.add(bare);
  const inside = (each: Node) => takenBy(source, each, seen);
  switch (bare.type) {
    case 'LogicalExpression':
      return inside(bare.left) ?? inside(bare.right);
    case 'CallExpression':
    case 'NewExpression':
      if (isParsing(bare)) return bare.arguments[0] && inside(bare.arguments[0]);
      return isMerge(bare) ? firstOf(bare.arguments, inside) : undefined;
    case 'ObjectExpression':
      return firstOf(bare.properties, (each) => (each.type === 'SpreadElement' ? inside(each.argument) : undefined));
    case 'MemberExpression': {
      const name = nameOf(bare);
      if (name === undefined) return undefined;
      if (bare.object.type === 'ThisExpression') return takenByMember(bare, name, inside);
      return withMembers(inside(bare.object), [name]);
    }
    case 'Identifier': {
      const variable = variableOf(source, bare);
      const definition = variable?.defs[0];
      if (!variable || !definition) return undefined;
      const around = definition.node as Node;
      if (isFunction(around)) {
        const list = listFor(around);
        return list ? inside(list) : takenAs(around, definition.name);
      }
      const initial = initialValueOf(variable);
      return initial && initial.value !== bare ? withMembers(inside(initial.value), initial.members) : undefined;
    }
    default:
      return undefined;
  }
}

/** `Object.assign(options, { … })`, `_.merge({}, defaults, { … })`, `Object.freeze({ … })` and copies. */
export function isMerge({ callee }: TSESTree.CallExpression | TSESTree.NewExpression): boolean {
  return /^(?:deep)?(?:assign|merge|extend|defaults|freeze|defineConfig|clone|structuredClone)(?:Deep|Objects?)?$/i.test(
    nameOf(callee) ?? '',
  );
}

/** The first that a look at each brings. */
export function firstOf<Item, Found>(
  items: readonly Item[],
  look: (item: Item) => Found | undefined,
): Found | undefined {
  for (const each of items) {
    const found = look(each);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The list whose elements a callback gets: `urls.map((url) => …)`. */
function listFor({ parent: call }: Callable): Node | undefined {
  if (call.type !== 'CallExpression' || call.callee.type !== 'MemberExpression') return undefined;
  return /^(?:map|forEach|flatMap)$/.test(nameOf(call.callee) ?? '') ? call.callee.object : undefined;
}

function withMembers(taken: Taken | undefined, members: readonly string[]): Taken | undefined {
  return taken && { ...taken, members: [...taken.members, ...members] };
}

function takenAs(callable: Callable, name: Node): Taken | undefined {
  for (const [index, parameter] of callable.params.entries()) {
    const members = membersTo(parameter.type === 'TSParameterProperty' ? parameter.parameter : parameter, name);
    if (members) return { callable, index, members };
  }
  return undefined;
}

/** What a class assigns to a member of itself, and what that is at first. */
export function assignedToMember(member: TSESTree.MemberExpression): Node[] {
  const name = nameOf(member);
  const body = member.object.type === 'ThisExpression' ? classAround(member)?.body : undefined;
  const given: Node[] = [];
  if (name === undefined || !body) return given;
  walk(body, (node) => {
    if (node.type === 'AssignmentExpression' && isMemberOfThis(node.left, name)) given.push(node.right);
    else if (node.type === 'PropertyDefinition' && keyOf(node) === name && node.value) given.push(node.value);
    return true;
  });
  return given;
}

/** What the class around keeps under a name: a property of its constructor, or what it assigns. */
function takenByMember(
  member: TSESTree.MemberExpression,
  name: string,
  inside: (node: Node) => Taken | undefined,
): Taken | undefined {
  const body = classAround(member)?.body;
  const maker = body?.body.find((each) => each.type === 'MethodDefinition' && each.kind === 'constructor');
  const callable = maker?.type === 'MethodDefinition' && isFunction(maker.value) ? maker.value : undefined;
  const own = callable?.params.find((each) => each.type === 'TSParameterProperty' && isCalled(each, name));
  if (callable && own?.type === 'TSParameterProperty')
    return { callable, index: callable.params.indexOf(own), members: [] };
  return firstOf(assignedToMember(member), inside);
}

function isCalled({ parameter }: TSESTree.TSParameterProperty, name: string): boolean {
  return nameOf(parameter.type === 'AssignmentPattern' ? parameter.left : parameter) === name;
}

/** What this file itself calls a function with, whoever else may call it. */
export function callsHere(source: Source, { callable, index }: Taken): Node[] {
  return usesOf(source, callable, index).flatMap((each) => each ?? []);
}

/** What a function of this file is called with, where nobody else can call it; nothing where somebody could. */
function argumentsFor(source: Source, callable: Callable, name: Node): readonly Node[] | undefined {
  const holder = callable.type === 'FunctionDeclaration' ? callable : callable.parent;
  const index = indexOfParameter(callable, name);
  if (holder.type === 'MethodDefinition' && isPrivate(holder)) return givenAlways(usesOf(source, callable, index));
  const statement = holder.type === 'VariableDeclarator' ? holder.parent : holder;
  if (statement.parent?.type !== 'Program') return undefined;
  return givenAlways(usesOf(source, callable, index));
}

function givenAlways(given: readonly (Node | undefined)[]): readonly Node[] | undefined {
  return given.length > 0 && given.every((each) => each !== undefined) ? given : undefined;
}

/** For each use of a function that has a name, or of a class by its constructor: what it is called with, or nothing where it is not called. */
function usesOf(source: Source, callable: Callable, index: number): readonly (Node | undefined)[] {
  const id = nameFor(callable);
  if (index < 0) return [];
  const method = callable.parent;
  if (method.type === 'MethodDefinition' && isPrivate(method)) return callsInClass(method, index);
  if (id?.type !== 'Identifier') return [];
  const member = staticNameOf(callable);
  // A class has its own name inside of itself, too.
  const own = id.parent.type === 'ClassDeclaration' ? source.getDeclaredVariables?.(id.parent) : undefined;
  const variables = own ?? [variableOf(source, id)];
  const uses = variables.flatMap((each) => each?.references ?? []).filter((each) => each.isRead());
  return uses.map(({ identifier }) => {
    const used = member !== undefined && nameOf(identifier.parent) === member ? identifier.parent : identifier;
    if (member !== undefined && used === identifier) return undefined;
    const call = used.parent;
    const isCall = call?.type === 'CallExpression' || call?.type === 'NewExpression';
    return isCall && call.callee === used ? call.arguments[index] : undefined;
  });
}

/** The name of a static method, which is called on its class. */
export function staticNameOf({ parent }: Callable): string | undefined {
  return parent.type === 'MethodDefinition' && parent.static ? nameOf(parent.key) : undefined;
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
function indexOfParameter({ params }: Callable, name: Node): number {
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
  if (holder.type !== 'MethodDefinition' || (holder.kind !== 'constructor' && !holder.static)) return null;
  return classAround(holder)?.id ?? null;
}
