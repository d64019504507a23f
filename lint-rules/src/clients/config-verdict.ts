import type { TSESTree } from '@typescript-eslint/utils';
import {
  type Callable,
  type Node,
  findProperty,
  functionAround,
  isFunction,
  keyOf,
  nameOf,
  returnsOf,
  textOf,
  unwrap,
} from '../ast.js';
import { type Source, variableOf } from '../origin.js';
import { comesFromParameter, isParsing } from '../parameters.js';
import { type Binding, environmentName, traced } from '../value.js';
import type { Client } from './client.js';
import { at, holdsCredential, isPlainUrl, nestedIn } from './config.js';
import type { Making } from './find-client.js';
import { isHookedValue } from './hooks.js';
import {
  bindingBeyond,
  isOfAbsentSettings,
  objectBehindImport,
  objectsBehindImport,
  tracedBeyond,
} from './imported.js';
import { checkerOf, providerOf } from './knex.js';
import { isLookedUp } from './settings.js';
import type { Given } from './written-types.js';

export type RefreshProblem =
  | 'capturedCredential'
  | 'shadowedHook'
  | 'unsupportedFunction'
  | 'passwordOnly'
  | 'calledOnce'
  | 'passwordCalledOnce'
  | 'alwaysExpired'
  | 'unknown';

/** What keeps a client from asking again for its credential, and the parts that a suggestion changes. */
export interface Problem {
  readonly id: RefreshProblem;
  readonly node: Node;
  readonly data?: Readonly<Record<string, string>>;
  readonly config?: TSESTree.ObjectExpression;
  readonly url?: TSESTree.Property;
  readonly user?: TSESTree.Property | undefined;
  readonly password?: TSESTree.Property;
  readonly provider?: Callable;
  /** What somebody else gives: the whole configuration, or the password alone. */
  readonly given?: Given;
}
export type Verdict = Problem | undefined;

export interface RefreshOption {
  readonly rotation: 'same-user' | 'dual-user' | 'dynamic-user';
}

const embeddedUrl = /^(?:sqlite:|file:|:memory:)/;
const urlName = /ur[il]|dsn|conn(?:ection)?_?str|uri|database$|^db$|endpoint/i;

export function urlVerdict(
  source: Source,
  url: TSESTree.Expression,
  node: Making,
  config: TSESTree.ObjectExpression | undefined,
  client: Client,
  option: RefreshOption,
): Verdict {
  if (config && client.passwordFunction === 'yes') {
    const verdict = configVerdict(source, config, client, node, option);
    const password = findProperty(config, ...client.passwordKeys);
    if (verdict || (password && bindingBeyond(source, password.value) === 'function')) return verdict;
  }
  const value = tracedBeyond(source, url);
  const text = textOf(value);
  if (isPlainUrl(value) && !holdsCredential(text ?? ''))
    return config && configVerdict(source, config, client, node, option);
  if (text !== undefined && embeddedUrl.test(text)) return undefined;
  const bare = unwrap(url);
  if (isWholeConfig(source, bare)) return { id: 'capturedCredential', node };
  if (text === undefined && (bare.type === 'ObjectExpression' || isHookedValue(source, bare))) return undefined;
  if (!looksLikeUrl(source, bare) && !(client.firstIsUrl && bindingBeyond(source, url) === 'captured')) {
    const beside = config && configVerdict(source, config, client, node, option);
    return beside ?? (config && namesNoCredential(config, client) ? undefined : { id: 'unknown', node });
  }
  const binding = bindingOfUrl(source, url);
  return binding === 'parameter' ? unknownUrl(url, node) : verdictOf(binding, node);
}

/** No driver takes a function for a URL, so what an import brings is a text. */
export function bindingOfUrl(source: Source, url: Node): Binding {
  const binding = bindingBeyond(source, url);
  return binding === 'unknown' ? 'captured' : binding;
}

function unknownUrl(url: Node, node: Making): Problem {
  return { id: 'unknown', node, given: { node: url, keys: [], hooks: [], isUrl: true } };
}

/** A port and a host come first, and options without a password after them. */
function namesNoCredential(config: TSESTree.ObjectExpression, client: Client): boolean {
  return !findProperty(config, ...client.passwordKeys);
}

/** A whole configuration that was looked up or parsed, once: `config.get('db')`, `parse(process.env.DATABASE_URL)`. */
export function isWholeConfig(source: Source, node: Node): boolean {
  if (isLookedUp(source, node) || isOfAbsentSettings(source, node)) return true;
  const value = tracedBeyond(source, node);
  if (value.type !== 'CallExpression' && value.type !== 'NewExpression') return false;
  const [first] = value.arguments;
  return (
    isParsing(value) &&
    first !== undefined &&
    looksLikeUrl(source, first) &&
    bindingBeyond(source, first) === 'captured' &&
    !isPlainUrl(tracedBeyond(source, first))
  );
}

/** Functions may call themselves. */
const deepest = 4;
/** Methods of a text. */
const ofText = /^(?:split|trim|replace(?:All)?|toString)$/;

/** A whole configuration and a URL are told apart by what the value is called, and by its type where one is written. */
export function looksLikeUrl(source: Source, node: Node, depth = 0): boolean {
  const value = traced(source, node);
  if (depth > deepest) return false;
  const isMade = value.type === 'ObjectExpression' || value.type === 'NewExpression' || isFunction(value);
  if (!isMade && node.type === 'Identifier' && urlName.test(node.name)) return true;
  if (textOf(value) !== undefined || value.type === 'TemplateLiteral' || value.type === 'BinaryExpression') return true;
  const inside = (each: Node) => looksLikeUrl(source, each, depth + 1);
  if (value.type === 'LogicalExpression') return inside(value.left) || inside(value.right);
  if (value.type === 'ConditionalExpression') return inside(value.consequent);
  if (value.type === 'CallExpression') {
    const argument = textOf(value.arguments[0]);
    const name = nameOf(value.callee) ?? '';
    if (urlName.test(name) || (argument !== undefined && urlName.test(argument))) return true;
    if (value.callee.type === 'MemberExpression' && ofText.test(name)) return inside(value.callee.object);
    const callee = tracedBeyond(source, value.callee);
    return isFunction(callee) && returnsOf(callee).some(inside);
  }
  if (value.type === 'TSNonNullExpression') return inside(value.expression);
  const name = nameOf(node) ?? '';
  return urlName.test(name) || (bindingBeyond(source, node) === 'captured' && /url|uri|string/i.test(name));
}

export function configVerdict(
  source: Source,
  config: TSESTree.ObjectExpression,
  client: Client,
  node: Making,
  option: RefreshOption,
  depth = 0,
): Verdict {
  const nested = nestedIn(source, config, client, objectsBehindImport);
  const places = [config, ...nested, ...nested.flatMap((each) => spreadInto(source, each))];
  const url = places
    .map((each) => findProperty(each, ...client.urlKeys))
    .find((each) => each && mayBeUrl(source, each.value));
  const password = places.map((each) => findProperty(each, ...client.passwordKeys)).find((each) => each);
  const binding = password && (isGetter(password) ? 'captured' : bindingBeyond(source, password.value));
  const user = places.map((each) => findProperty(each, ...client.userKeys)).find((each) => each);

  if (user && isFunction(traced(source, user.value))) {
    return { id: 'unsupportedFunction', node: user, data: { key: keyOf(user) ?? 'user' } };
  }
  if (password && binding === 'function') {
    const isBelow = client.fixedNested?.some(
      (path) => at(source, config, [...path.split('.'), keyOf(password) ?? '']) === password.value,
    );
    if (client.passwordFunction === 'no' || isBelow || isOtherThan(client, config)) {
      return { id: 'unsupportedFunction', node: password, data: { key: keyOf(password) ?? 'password' } };
    }
    if (url && client.passwordFunction === 'not-with-url') {
      return {
        id: 'shadowedHook',
        node: password,
        data: { hook: keyOf(password) ?? 'password', shadow: keyOf(url) ?? 'url' },
        config: places.find((each) => each.properties.includes(url)) ?? config,
        url,
      };
    }
    const unchecked = client.passwordFunction === 'with-checker' ? checkerVerdict(source, password) : undefined;
    return unchecked ?? (option.rotation === 'same-user' ? undefined : { id: 'passwordOnly', node: password });
  }
  if (password && binding === 'captured') return { id: 'capturedCredential', node, config, user, password };
  if (url) {
    const place = firstOf(source, url.value);
    const value = tracedBeyond(source, place);
    const text = textOf(value);
    if (text !== undefined && embeddedUrl.test(text)) return undefined;
    const isBare = text === undefined ? isPlainUrl(value) : !holdsCredential(text);
    const isOpen = !password && config.properties.some((each) => each.type === 'SpreadElement');
    if (isBare && (!password || binding === 'absent'))
      return isOpen ? spreadVerdict(source, config, client, node, option, depth) : undefined;
    if (!isBare && bindingOfUrl(source, place) === 'captured') return { id: 'capturedCredential', node };
    if (!isBare) return unknownUrl(place, node);
  }
  if (password && binding !== 'absent')
    return { id: 'unknown', node, given: { node: password.value, keys: [], hooks: [] } };
  const later = password ? undefined : passwordGivenLater(source, places, client);
  if (later) {
    const how = bindingBeyond(source, later);
    if (how === 'captured') return { id: 'capturedCredential', node };
    if (how === 'parameter') return { id: 'unknown', node, given: { node: later, keys: [], hooks: [] } };
  }
  for (const path of client.nested ?? []) {
    const value = at(source, config, path.split('.'), objectsBehindImport);
    if (value && isWholeConfig(source, value)) return { id: 'capturedCredential', node };
    if (value && comesFromParameter(source, value) && objectsBehindImport(source, value).length === 0)
      return { id: 'unknown', node, given: { node: value, keys: client.passwordKeys, hooks: client.hooks } };
  }
  if (config.properties.some((each) => each.type === 'SpreadElement'))
    return spreadVerdict(source, config, client, node, option, depth);
  return client.name === 'prisma' ? { id: 'capturedCredential', node } : undefined;
}

/** A list of servers holds one credential for all of them. */
function firstOf(source: Source, value: Node): Node {
  const list = tracedBeyond(source, value);
  const first = list.type === 'ArrayExpression' ? list.elements[0] : undefined;
  return first && first.type !== 'SpreadElement' ? first : value;
}

/** Some options hold a URL or an object. */
function mayBeUrl(source: Source, value: Node): boolean {
  if (bindingBeyond(source, value) === 'absent') return false;
  const either = tracedBeyond(source, value);
  return (
    objectsBehindImport(source, value).length === 0 || (either.type === 'LogicalExpression' && isText(either.left))
  );
}

/** `process.env.DATABASE_URL ?? { host, password }` */
function isText(node: Node): boolean {
  return environmentName(node) !== undefined || textOf(node) !== undefined;
}

function spreadInto(source: Source, object: TSESTree.ObjectExpression): TSESTree.ObjectExpression[] {
  return object.properties.flatMap((each) =>
    each.type === 'SpreadElement' ? objectsBehindImport(source, each.argument) : [],
  );
}

function checkerVerdict(source: Source, password: TSESTree.Property): Verdict {
  const provider = providerOf(source, password.value);
  const checker = provider ? checkerOf(source, provider) : 'unknown';
  if (checker === 'unchecked')
    return { id: 'passwordCalledOnce', node: password, data: { key: keyOf(password) ?? 'password' } };
  if (checker === 'always') return { id: 'alwaysExpired', node: password };
  return checker === 'unknown' ? { id: 'unknown', node: password } : undefined;
}

/** The password that the function which makes the configuration assigns to it: `config.password = …`. */
function passwordGivenLater(
  source: Source,
  places: readonly TSESTree.ObjectExpression[],
  client: Client,
): Node | undefined {
  for (const place of places) {
    const declarator = place.parent;
    if (declarator.type !== 'VariableDeclarator' || declarator.id.type !== 'Identifier') continue;
    for (const { identifier } of variableOf(source, declarator.id)?.references ?? []) {
      const target = identifier.parent;
      const write = target.parent;
      if (target.type !== 'MemberExpression' || target.object !== identifier) continue;
      if (write?.type !== 'AssignmentExpression' || write.left !== target) continue;
      if (functionAround(write) !== functionAround(declarator)) continue;
      const name = nameOf(target) ?? '';
      if (client.passwordKeys.includes(name)) return write.right;
      const inside = client.nested?.includes(name) && objectBehindImport(source, write.right);
      const password = inside && findProperty(inside, ...client.passwordKeys);
      if (password) return password.value;
    }
  }
  return undefined;
}

function spreadVerdict(
  source: Source,
  config: TSESTree.ObjectExpression,
  client: Client,
  node: Making,
  option: RefreshOption,
  depth: number,
): Verdict {
  let given: Node | undefined;
  for (const each of config.properties) {
    if (each.type !== 'SpreadElement') continue;
    const objects = objectsBehindImport(source, each.argument);
    if (objects.length === 0 || depth > 4) {
      if (isWholeConfig(source, each.argument)) return { id: 'capturedCredential', node };
      given ??= comesFromParameter(source, each.argument) ? each.argument : undefined;
      continue;
    }
    for (const object of objects) {
      const verdict = configVerdict(source, object, client, node, option, depth + 1);
      if (verdict) return verdict;
    }
  }
  return {
    id: 'unknown',
    node,
    ...(given && { given: { node: given, keys: client.passwordKeys, hooks: client.hooks } }),
  };
}

/** What a binding means for the client that a node makes; with the password itself, for the callers that may give it. */
export function verdictOf(binding: Binding, node: Node, password?: Node): Verdict {
  if (binding === 'captured') return { id: 'capturedCredential', node };
  if (binding === 'parameter' && password)
    return { id: 'unknown', node, given: { node: password, keys: [], hooks: [] } };
  return binding === 'parameter' || binding === 'unknown' ? { id: 'unknown', node } : undefined;
}

/** A dialect of which the password function is not called. */
function isOtherThan(client: Client, config: TSESTree.ObjectExpression): boolean {
  const dialect = textOf(findProperty(config, 'type', 'dialect', 'client')?.value);
  if (client.functionDialects) return dialect === undefined || !client.functionDialects.includes(dialect);
  return dialect === 'mysql' || dialect === 'mariadb' || dialect === 'mysql2';
}

/** `get password() {}` is read when the options are copied, and never again. */
function isGetter(property: TSESTree.Property): boolean {
  return property.kind === 'get';
}
