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
} from '../ast.js';
import { type Source, originOf } from '../origin.js';
import { comesFromParameter, isMerge } from '../parameters.js';
import { branchesOf, environmentName, traced } from '../value.js';
import type { Client } from './client.js';
import { clients, embeddedDialects } from './clients.js';
import { credentialUrlIn, holdsCredential, isPlainUrl, propertyThrough } from './config.js';
import {
  type RefreshOption,
  type Verdict,
  bindingOfUrl,
  configVerdict,
  isWholeConfig,
  looksLikeUrl,
  urlVerdict,
  verdictOf,
} from './config-verdict.js';
import { type Made, type Making, clientMadeBy } from './find-client.js';
import { fixedHookIn, hookIn, refreshedElsewhere } from './hooks.js';
import { factoryIn, handsOverMade } from './factories.js';
import {
  asRequired,
  bindingBeyond,
  callsBeyond,
  objectBehindImport,
  objectsBehindImport,
  settingsIn,
  tracedBeyond,
} from './imported.js';
import { type KnexConnection, checkerOf, isKnex, knexClient, providerOf } from './knex.js';
import { bindingOfNamedVariable } from './sequelize-template.js';
import { isKept, isMadeWithWhatWasJustRead, isShortLived } from './short-lived.js';

export interface Found {
  readonly verdict: Verdict;
  /** The name of its row. */
  readonly library: string;
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
  const { maker } = made;
  const client = asRequired(source, made.client);
  if (isOfModule(node) || isShortLived(source, node) || (made.single && isEndedInFile(source, node))) return undefined;
  const judged = judge(source, node, client, option);
  const verdict = made.single ? judged : byCallers(source, judged, node, client, option);
  if (verdict?.given && refreshedElsewhere(source, client))
    return { verdict: { id: 'unknown', node }, maker, remedy: client.remedy, library: client.name };
  if (made.single && verdict?.password && isMadeWithWhatWasJustRead(source, node, verdict.password.value))
    return undefined;
  if (verdict?.id !== 'capturedCredential') return { verdict, maker, remedy: client.remedy, library: client.name };
  const refreshed = refreshedElsewhere(source, client);
  if (refreshed === 'password' && option.rotation !== 'same-user')
    return { verdict: { id: 'passwordOnly', node }, maker, remedy: client.remedy, library: client.name };
  return { verdict: refreshed ? undefined : verdict, maker, remedy: client.remedy, library: client.name };
}

/** TypeORM's module calls this with the options that it was given itself, and they are judged there. */
function isOfModule(node: Node): boolean {
  const { parent } = functionAround(node) ?? {};
  return parent?.type === 'Property' && keyOf(parent) === 'dataSourceFactory';
}

/** Where the program itself gives what was read once, nobody has to wait for other callers. */
function byCallers(source: Source, verdict: Verdict, node: Making, client: Client, option: RefreshOption): Verdict {
  const given = verdict?.id === 'unknown' ? verdict.given : undefined;
  if (!given) return verdict;
  const isWhole = given.keys.length > 0;
  const isCaptured = callsBeyond(source, given.node).some((each) => {
    if (isWhole)
      return objectsBehindImport(source, each).some((object) =>
        isCertain(configVerdict(source, object, client, node, option)),
      );
    const value = tracedBeyond(source, each);
    return bindingBeyond(source, each) === 'captured' && textOf(value) === undefined && !isPlainUrl(value);
  });
  return isCaptured ? { id: 'capturedCredential', node } : verdict;
}

function judge(
  source: Source,
  node: Making,
  client: Client,
  option: RefreshOption,
  objects = node.arguments.map((each) => objectBehindImport(source, each)),
): Verdict {
  const spread = node.arguments.some((each) => each.type === 'SpreadElement');
  if (spread) return { id: 'unknown', node };
  const args = node.arguments as readonly TSESTree.Expression[];
  const first = args[0] ?? objects[0];
  if (!first) {
    if (client.settingsFile !== undefined && node.type === 'CallExpression')
      return fileVerdict(source, node, client, client.settingsFile, option);
    return client.readsEnvironment && client.name === 'prisma' ? { id: 'capturedCredential', node } : undefined;
  }

  if (objects.every((each) => each === undefined)) {
    const list = client.takesList ? tracedBeyond(source, first) : undefined;
    const members = list?.type === 'ArrayExpression' ? list.elements.flatMap((each) => each ?? []) : [first];
    const verdicts = members
      .flatMap((each) => objectsBehindImport(source, each))
      .map((each) => judge(source, node, client, option, [each]));
    if (verdicts.length > 0) return decisive(verdicts);
    const calls = callsBeyond(source, first).flatMap((each) => objectsBehindImport(source, each));
    const wrong = calls.map((each) => judge(source, node, client, option, [each])).find((each) => isCertain(each));
    if (wrong) return { id: wrong.id, node };
  }
  const config = objects.find((each) => each !== undefined);
  const dialect = config && textOf(findProperty(config, 'dialect', 'type', 'client')?.value);
  if (dialect !== undefined && embeddedDialects.includes(dialect)) return undefined;

  if (config && client.factories && handsOverMade(source, config)) return undefined;
  const factory = config && client.factories && factoryIn(source, config, client.factories);
  if (factory) return factoryVerdict(source, node, client, option, factory);

  const hook = config && hookIn(source, config, client);
  const fixed = config && fixedHookIn(source, config, client);
  if (fixed) return verdictOf(fixed, node);
  const list = traced(source, first);
  const plain = config && client.withoutCredential && findProperty(config, client.withoutCredential.key)?.value;
  if (plain && client.withoutCredential?.values.includes(nameOf(plain) ?? '')) return undefined;
  if (client.credential) return credentialVerdict(source, node, client.credential);
  const named = bindingOfNamedVariable(source, node);
  if (named) return verdictOf(named, node);
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
    const binding = password && bindingBeyond(source, password);
    if (binding !== 'absent' || !config) return binding && verdictOf(binding, node, password);
    return configVerdict(source, config, client, node, option);
  }
  const urlAfterName = client.urlAt === undefined ? undefined : args[client.urlAt];
  if (urlAfterName && !objects[client.urlAt ?? 0])
    return looksLikeUrl(source, urlAfterName)
      ? urlVerdict(source, urlAfterName, node, config, client, option)
      : { id: 'unknown', node };
  if (url) return urlVerdict(source, url, node, config, client, option);
  if (client.takesUrl && list.type === 'ArrayExpression' && !config) {
    const [one] = list.elements;
    if (one && one.type !== 'SpreadElement') return urlVerdict(source, one, node, undefined, client, option);
  }
  if (!config && isWholeConfig(source, first)) return { id: 'capturedCredential', node };
  if (!config)
    return objects.every((each) => each === undefined) && client.takesUrl ? undefined : { id: 'unknown', node };
  return configVerdict(source, config, client, node, option) ?? copyVerdict(source, first, node, client);
}

/** `Object.assign({ lazyConnect: true }, options)` may bring a credential along. */
function copyVerdict(source: Source, config: Node, node: Making, client: Client): Verdict {
  const copy = tracedBeyond(source, config);
  if (copy.type !== 'CallExpression' || !isMerge(copy)) return undefined;
  const hidden = copy.arguments
    .flatMap((each) => branchesOf(source, each, tracedBeyond))
    .filter((each) => objectsBehindImport(source, each).length === 0);
  if (hidden.some((each) => isWholeConfig(source, each))) return { id: 'capturedCredential', node };
  const given = hidden.find((each) => comesFromParameter(source, each));
  return given && { id: 'unknown', node, given: { node: given, keys: client.passwordKeys, hooks: client.hooks } };
}

/** `neo4j.auth.basic(user, password)` is a credential for the life of the client, and an object with a method for it is none. */
function credentialVerdict(
  source: Source,
  node: Making,
  { at, maker, password }: Required<Client>['credential'],
): Verdict {
  const given = node.arguments[at];
  if (!given) return undefined;
  const made = tracedBeyond(source, given);
  if (made.type !== 'CallExpression') return { id: 'unknown', node };
  if (!maker.test(originOf(source, made.callee)?.members.join('.') ?? '')) return undefined;
  const value = made.arguments[password];
  return value && verdictOf(bindingBeyond(source, value), node, value);
}

/** What a library reads by itself: a file of the project, or else its environment. */
function fileVerdict(source: Source, node: Making, client: Client, name: string, option: RefreshOption): Verdict {
  const configs = settingsIn(source, name);
  if (!configs) return { id: 'capturedCredential', node };
  return decisive(configs.map((each) => judge(source, node, { ...client, factories: [] }, option, [each])));
}

/** Of several branches, the one that is wrong. */
function decisive(verdicts: readonly Verdict[]): Verdict {
  return verdicts.find(isCertain) ?? verdicts[0];
}

function isCertain(verdict: Verdict): boolean {
  return verdict !== undefined && verdict.id !== 'unknown';
}

/** What a function of a module makes is asked for once. */
function factoryVerdict(
  source: Source,
  node: Making,
  client: Client,
  option: RefreshOption,
  results: readonly Node[],
): Verdict {
  const made: Client = { ...client, factories: [] };
  const verdicts = results.flatMap((each): Verdict[] => {
    const objects = objectsBehindImport(source, each);
    if (objects.length > 0) return objects.map((object) => judge(source, node, made, option, [object]));
    return [{ id: isWholeConfig(source, each) ? 'capturedCredential' : 'unknown', node }];
  });
  return decisive(verdicts);
}

/** A single connection that the same file ends again is opened per use too. */
function isEndedInFile(source: Source, node: Making): boolean {
  return /\.(?:end|close|destroy|release)\s*\(/.test(source.text) && !isAtTop(node) && !isKept(source, node);
}

function isAtTop(node: Node): boolean {
  for (let current = node.parent; current; current = current.parent) if (isFunction(current)) return false;
  return true;
}

function knexVerdict(source: Source, node: Making, option: RefreshOption): Found | undefined {
  if (!isKnex(source, node) || isShortLived(source, node)) return undefined;
  const [first] = node.arguments;
  if (!first || first.type === 'SpreadElement') return undefined;
  const configs = objectsBehindImport(source, first);
  const verdicts = configs.map((each) => knexConfigVerdict(source, each, node, option));
  const verdict = configs.length > 0 ? decisive(verdicts) : knexUrlVerdict(source, first, node);
  return { verdict, maker: nameOf(node.callee) ?? 'knex', remedy: knexClient.remedy, library: 'knex' };
}

function knexUrlVerdict(source: Source, url: TSESTree.Expression, node: Making): Verdict {
  if (isWholeConfig(source, url)) return { id: 'capturedCredential', node };
  const value = tracedBeyond(source, url);
  const text = textOf(value);
  if (text !== undefined) return holdsCredential(text) ? { id: 'capturedCredential', node } : undefined;
  if (!looksLikeUrl(source, url) || isPlainUrl(value)) return { id: 'unknown', node };
  return verdictOf(bindingOfUrl(source, url), node);
}

function knexConfigVerdict(
  source: Source,
  config: TSESTree.ObjectExpression,
  node: Making,
  option: RefreshOption,
): Verdict {
  const dialect = textOf(propertyThrough(source, config, ['client', 'dialect'], objectsBehindImport)?.value);
  const connection = propertyThrough(source, config, ['connection'], objectsBehindImport);
  if (!connection || (dialect !== undefined && embeddedDialects.includes(dialect))) return undefined;
  const provider = providerOf(source, connection.value);
  if (provider) return verdictOfChecker(checkerOf(source, provider), connection, provider);

  const isPg = dialect === undefined || /^(?:pg|pgnative|postgres(?:ql)?|cockroachdb|redshift)$/.test(dialect);
  const client: Client = { ...knexClient, passwordFunction: isPg ? 'not-with-url' : 'no' };
  const verdicts = objectsBehindImport(source, connection.value).map((each) =>
    configVerdict(source, each, client, node, option),
  );
  const value = unwrap(connection.value);
  if (value.type === 'LogicalExpression' && environmentName(value.left) !== undefined && !isCertain(decisive(verdicts)))
    return { id: 'capturedCredential', node };
  if (verdicts.length > 0) return decisive(verdicts);
  if (!looksLikeUrl(source, connection.value) && comesFromParameter(source, connection.value))
    return { id: 'unknown', node };
  const text = textOf(tracedBeyond(source, connection.value));
  if (text !== undefined && !holdsCredential(text)) return undefined;
  return verdictOf(bindingBeyond(source, connection.value), node);
}

function verdictOfChecker(checker: KnexConnection, connection: TSESTree.Property, provider: Callable): Verdict {
  if (checker === 'unchecked') return { id: 'calledOnce', node: connection, provider };
  if (checker === 'always') return { id: 'alwaysExpired', node: connection };
  return checker === 'unknown' ? { id: 'unknown', node: connection } : undefined;
}
