import type { TSESTree } from '@typescript-eslint/utils';
import {
  type Callable,
  type Node,
  findProperty,
  functionAround,
  isFunction,
  keyOf,
  nameOf,
  textOf,
  unwrap,
  walk,
} from '../ast.js';
import { type Source, originOf, variableOf } from '../origin.js';
import { type Binding, bindingOf, comesFromParameter, objectBehind, traced } from '../value.js';
import { type Client, clients, embeddedDialects, hookedModules } from './clients.js';
import { at, holdsCredential, isPlainUrl, nestedIn } from './config.js';
import { type Made, type Making, clientMadeBy } from './find-client.js';
import { type KnexConnection, checkerOf, isKnex, knexClient, providerOf } from './knex.js';
import { isShortLived } from './short-lived.js';
import type { Given } from './written-types.js';

export type RefreshProblem =
  | 'capturedCredential'
  | 'shadowedHook'
  | 'unsupportedFunction'
  | 'passwordOnly'
  | 'calledOnce'
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
type Verdict = Problem | undefined;

export interface RefreshOption {
  readonly rotation: 'same-user' | 'dual-user' | 'dynamic-user';
}

export interface Found {
  readonly verdict: Verdict;
  /** What it is called in the source. */
  readonly maker: string;
  readonly remedy: string;
}

/** Whether a client asks again for its credential for every new connection; nothing where the expression makes no client. */
export function refreshOf(source: Source, node: Making, option: RefreshOption): Found | undefined {
  return knexVerdict(source, node, option) ?? clientVerdict(source, node, option);
}

/** As `refreshOf`, for an expression that is known to make a client like that of a library. */
export function refreshLike(source: Source, node: Making, option: RefreshOption, library: string): Found | undefined {
  const client = clients.find((each) => each.name === library);
  const maker = nameOf(node.callee) ?? library;
  return client && clientVerdict(source, node, option, { node, client, maker, single: false });
}

/** The verdict on a client; nothing where the expression makes none. */
function clientVerdict(
  source: Source,
  node: Making,
  option: RefreshOption,
  made: Made | undefined = clientMadeBy(source, node),
): Found | undefined {
  if (!made) return undefined;
  const { client, maker } = made;
  if (isShortLived(source, node) || (made.single && isEndedInFile(source, node))) return undefined;
  const verdict = judge(source, node, client, option);
  if (verdict?.given && refreshedElsewhere(source, client))
    return { verdict: { id: 'unknown', node }, maker, remedy: client.remedy };
  if (verdict?.id !== 'capturedCredential') return { verdict, maker, remedy: client.remedy };
  const refreshed = refreshedElsewhere(source, client);
  if (refreshed === 'password' && option.rotation !== 'same-user')
    return { verdict: { id: 'passwordOnly', node }, maker, remedy: client.remedy };
  return { verdict: refreshed ? undefined : verdict, maker, remedy: client.remedy };
}

function judge(source: Source, node: Making, client: Client, option: RefreshOption): Verdict {
  const spread = node.arguments.some((each) => each.type === 'SpreadElement');
  if (spread) return { id: 'unknown', node };
  const args = node.arguments as readonly TSESTree.Expression[];
  const first = args[0];
  if (!first)
    return client.readsEnvironment && client.name === 'prisma' ? { id: 'capturedCredential', node } : undefined;

  const objects = args.map((each) => objectBehind(source, each));
  const config = objects.find((each) => each !== undefined);
  const dialect = config && textOf(findProperty(config, 'dialect', 'type', 'client')?.value);
  if (dialect !== undefined && embeddedDialects.includes(dialect)) return undefined;

  const hook = config && hookIn(source, config, client);
  const fixed = config && fixedHookIn(source, config, client);
  if (fixed) return verdictOf(fixed, node);
  const list = traced(source, first);
  const url = client.takesUrl && !objects[0] && list.type !== 'ArrayExpression' ? first : undefined;
  if (hook) {
    const shadow = client.urlBeatsHooks ? credentialUrlIn(source, config, client) : undefined;
    if (shadow)
      return { id: 'shadowedHook', node: shadow, data: { hook, shadow: keyOf(shadow) ?? 'url' }, config, url: shadow };
    const isPasswordOnly = option.rotation !== 'same-user' && client.passwordHooks?.includes(hook);
    return isPasswordOnly ? { id: 'passwordOnly', node } : undefined;
  }
  if (client.positional && !objects[0] && args.length > client.positional.password) {
    const password = args[client.positional.password];
    return password && verdictOf(bindingOf(source, password), node);
  }
  if (url) return urlVerdict(source, url, node, config, client, option);
  if (client.takesUrl && list.type === 'ArrayExpression' && !config) {
    const [one] = list.elements;
    if (one && one.type !== 'SpreadElement') return urlVerdict(source, one, node, undefined, client, option);
  }
  if (!config)
    return objects.every((each) => each === undefined) && client.takesUrl ? undefined : { id: 'unknown', node };
  return configVerdict(source, config, client, node, option);
}

function urlVerdict(
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
    if (verdict || (password && bindingOf(source, password.value) === 'function')) return verdict;
  }
  const value = traced(source, url);
  const text = textOf(value);
  if (isPlainUrl(value) && !holdsCredential(text ?? '')) return undefined;
  if (text !== undefined && embeddedUrl.test(text)) return undefined;
  const bare = unwrap(url);
  if (text === undefined && (bare.type === 'ObjectExpression' || isHookedValue(source, bare))) return undefined;
  if (!looksLikeUrl(source, bare)) return { id: 'unknown', node };
  return verdictOf(bindingOf(source, url), node);
}

const embeddedUrl = /^(?:sqlite:|file:|:memory:)/;
const urlName = /ur[il]|dsn|conn(?:ection)?_?str|uri|database$|^db$/i;

/** A whole configuration and a URL are told apart by what the value is called, and by its type where one is written. */
function looksLikeUrl(source: Source, node: Node): boolean {
  const value = traced(source, node);
  if (textOf(value) !== undefined || value.type === 'TemplateLiteral' || value.type === 'BinaryExpression') return true;
  if (value.type === 'LogicalExpression') return looksLikeUrl(source, value.left) || looksLikeUrl(source, value.right);
  if (value.type === 'ConditionalExpression') return looksLikeUrl(source, value.consequent);
  if (value.type === 'CallExpression') {
    const argument = textOf(value.arguments[0]);
    return urlName.test(nameOf(value.callee) ?? '') || (argument !== undefined && urlName.test(argument));
  }
  if (value.type === 'TSNonNullExpression') return looksLikeUrl(source, value.expression);
  const name = nameOf(node) ?? '';
  return urlName.test(name) || (bindingOf(source, node) === 'captured' && /url|uri|string/i.test(name));
}

function configVerdict(
  source: Source,
  config: TSESTree.ObjectExpression,
  client: Client,
  node: Making,
  option: RefreshOption,
  depth = 0,
): Verdict {
  const places = [config, ...nestedIn(source, config, client)];
  const url = places
    .map((each) => findProperty(each, ...client.urlKeys))
    .find((each) => each && bindingOf(source, each.value) !== 'absent');
  const password = places.map((each) => findProperty(each, ...client.passwordKeys)).find((each) => each);
  const binding = password && (isGetter(password) ? 'captured' : bindingOf(source, password.value));
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
    return option.rotation === 'same-user' ? undefined : { id: 'passwordOnly', node: password };
  }
  if (password && binding === 'captured') return { id: 'capturedCredential', node, config, user, password };
  if (url) {
    const value = traced(source, url.value);
    const text = textOf(value);
    if (text === undefined ? isPlainUrl(value) : embeddedUrl.test(text) || !holdsCredential(text)) return undefined;
    if (bindingOf(source, url.value) === 'captured') return { id: 'capturedCredential', node };
    return { id: 'unknown', node };
  }
  if (password && binding !== 'absent')
    return { id: 'unknown', node, given: { node: password.value, keys: [], hooks: [] } };
  const later = password ? undefined : passwordGivenLater(source, places, client);
  if (later) {
    const how = bindingOf(source, later);
    if (how === 'captured') return { id: 'capturedCredential', node };
    if (how === 'parameter') return { id: 'unknown', node, given: { node: later, keys: [], hooks: [] } };
  }
  if (config.properties.some((each) => each.type === 'SpreadElement'))
    return spreadVerdict(source, config, client, node, option, depth);
  return client.name === 'prisma' ? { id: 'capturedCredential', node } : undefined;
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
      const isHere = functionAround(write) === functionAround(declarator);
      if (isHere && client.passwordKeys.includes(nameOf(target) ?? '')) return write.right;
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
    const object = objectBehind(source, each.argument);
    if (!object || depth > 4) {
      given ??= comesFromParameter(source, each.argument) ? each.argument : undefined;
      continue;
    }
    const verdict = configVerdict(source, object, client, node, option, depth + 1);
    if (verdict) return verdict;
  }
  return {
    id: 'unknown',
    node,
    ...(given && { given: { node: given, keys: client.passwordKeys, hooks: client.hooks } }),
  };
}

function verdictOf(binding: Binding, node: Node): Verdict {
  if (binding === 'captured') return { id: 'capturedCredential', node };
  return binding === 'parameter' || binding === 'unknown' ? { id: 'unknown', node } : undefined;
}

/** The option that is asked again for each connection. `name=value` needs that value, `name()` needs a function. */
function hookIn(source: Source, config: TSESTree.ObjectExpression, client: Client): string | undefined {
  return client.hooks.find((hook) => {
    const [path = '', wanted] = hook.split('=');
    const value = at(source, config, path.replace('()', '').split('.'));
    if (!value) return false;
    if (path.endsWith('()')) return bindingOf(source, value) === 'function';
    const behind = traced(source, value);
    if (wanted !== undefined) return textOf(behind) === wanted;
    const isFixed = behind.type === 'NewExpression' && client.fixedHooks?.includes(nameOf(behind.callee) ?? '');
    return textOf(behind) === undefined && !isFixed;
  });
}

/** How the last argument of a hook that copies its values is bound. */
function fixedHookIn(source: Source, config: TSESTree.ObjectExpression, client: Client): Binding | undefined {
  for (const hook of client.fixedHooks ? client.hooks : []) {
    const value = at(source, config, hook.split('.'));
    const made = value && traced(source, value);
    const last = made?.type === 'NewExpression' ? made.arguments.at(-1) : undefined;
    if (last && made?.type === 'NewExpression' && client.fixedHooks?.includes(nameOf(made.callee) ?? ''))
      return bindingOf(source, last);
  }
  return undefined;
}

function credentialUrlIn(
  source: Source,
  config: TSESTree.ObjectExpression,
  client: Client,
): TSESTree.Property | undefined {
  const property = findProperty(config, ...client.urlKeys);
  if (!property) return undefined;
  const value = traced(source, property.value);
  const text = textOf(value);
  if (text !== undefined) return holdsCredential(text) ? property : undefined;
  const pieces = value.type === 'TemplateLiteral' ? value.quasis.map((each) => each.value.raw).join('x') : '';
  return holdsCredential(pieces) ? property : undefined;
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

function isHookedValue(source: Source, node: Node): boolean {
  const origin = originOf(source, node);
  return (
    origin !== undefined && hookedModules.some((each) => origin.module === each || origin.module.startsWith(`${each}/`))
  );
}

/** What the module brings up to date by itself, wherever the client is held: by assigning again, or by adding a hook. */
function refreshedElsewhere(source: Source, client: Client): 'password' | 'both' | undefined {
  const paths = (client.assignable ?? []).map((path) => path.split('.'));
  let password = false;
  let user = false;
  let hook = false;
  walk(source.ast, (node) => {
    if (hook) return false;
    if (node.type === 'AssignmentExpression') {
      password ||= paths.some((path) => endsWith(node.left, path));
      user ||= paths.some((path) => client.userKeys.some((key) => endsWith(node.left, [...path.slice(0, -1), key])));
    } else if (node.type === 'CallExpression') hook = addsHook(node, client);
    return true;
  });
  if (hook || (password && user)) return 'both';
  return password ? 'password' : undefined;
}

function addsHook(call: TSESTree.CallExpression, client: Client): boolean {
  const method = nameOf(call.callee) ?? '';
  if (!client.hookMethods?.includes(method)) return false;
  if (method === 'addHook' || method === 'addListener') return textOf(call.arguments[0]) === 'beforeConnect';
  return call.callee.type === 'MemberExpression';
}

function endsWith(node: Node, path: readonly string[]): boolean {
  let current: Node = unwrap(node);
  for (const name of path.toReversed()) {
    if (nameOf(current) !== name) return false;
    if (current.type !== 'MemberExpression') return name === path[0];
    current = unwrap(current.object);
  }
  return true;
}

/** A single connection that the same file ends again is opened per use too. */
function isEndedInFile(source: Source, node: Making): boolean {
  return /\.(?:end|close|destroy|release)\s*\(/.test(source.text) && !isAtTop(node);
}

function isAtTop(node: Node): boolean {
  for (let current = node.parent; current; current = current.parent) if (isFunction(current)) return false;
  return true;
}

function knexVerdict(source: Source, node: Making, option: RefreshOption): Found | undefined {
  if (!isKnex(source, node) || isShortLived(source, node)) return undefined;
  const [first] = node.arguments;
  if (!first || first.type === 'SpreadElement') return undefined;
  const maker = nameOf(node.callee) ?? 'knex';
  const { remedy } = knexClient;
  const unknown: Found = { verdict: { id: 'unknown', node }, maker, remedy };
  const config = objectBehind(source, first);
  if (!config)
    return textOf(first) === undefined
      ? unknown
      : {
          verdict: holdsCredential(textOf(first) ?? '') ? { id: 'capturedCredential', node } : undefined,
          maker,
          remedy,
        };
  const dialect = textOf(findProperty(config, 'client', 'dialect')?.value);
  const connection = findProperty(config, 'connection');
  if (!connection || (dialect !== undefined && embeddedDialects.includes(dialect)))
    return { verdict: undefined, maker, remedy };

  const provider = providerOf(source, connection.value);
  if (provider) {
    const checker = checkerOf(source, provider);
    return { verdict: verdictOfChecker(checker, connection, provider), maker, remedy };
  }
  const object = objectBehind(source, connection.value);
  const isPg = dialect === undefined || /^(?:pg|pgnative|postgres(?:ql)?|cockroachdb|redshift)$/.test(dialect);
  const client: Client = { ...knexClient, passwordFunction: isPg ? 'not-with-url' : 'no' };
  if (object) return { verdict: configVerdict(source, object, client, node, option), maker, remedy };
  if (!looksLikeUrl(source, connection.value) && comesFromParameter(source, connection.value)) return unknown;
  const text = textOf(traced(source, connection.value));
  if (text !== undefined && !holdsCredential(text)) return { verdict: undefined, maker, remedy };
  return { verdict: verdictOf(bindingOf(source, connection.value), node), maker, remedy };
}

function verdictOfChecker(checker: KnexConnection, connection: TSESTree.Property, provider: Callable): Verdict {
  if (checker === 'unchecked') return { id: 'calledOnce', node: connection, provider };
  if (checker === 'always') return { id: 'alwaysExpired', node: connection };
  return checker === 'unknown' ? { id: 'unknown', node: connection } : undefined;
}
