import type { TSESTree } from '@typescript-eslint/utils';
import { type Node, findProperty, isFunction, keyOf, nameOf, textOf, unwrap, walk } from '../ast.js';
import { type Client, embeddedDialects, hookedModules } from '../clients/clients.js';
import { type Making, clientMadeBy, mentionsClient } from '../clients/find-client.js';
import { at, holdsCredential, nestedIn } from '../clients/config.js';
import { checkerOf, isKnex, knexClient, providerOf } from '../clients/knex.js';
import { createRule } from '../create-rule.js';
import { type Source, originOf } from '../origin.js';
import { isScript, isTestFile } from '../file-kind.js';
import { type Binding, bindingOf, comesFromParameter, objectBehind, traced } from '../value.js';

interface Option {
  readonly rotation: 'same-user' | 'dual-user' | 'dynamic-user';
  readonly checkTests: boolean;
  readonly reportUnknown: boolean;
}
type Ids = 'capturedCredential' | 'shadowedHook' | 'unsupportedFunction' | 'passwordOnly' | 'calledOnce' | 'unknown';
type Verdict = { readonly id: Ids; readonly node: Node; readonly data?: Record<string, string> } | undefined;

export default createRule<[Option], Ids>({
  facts: {
    id: 'require-pool-refresh',
    summary: 'Require pools and clients to ask for their credential again for every new connection',
    severity: 'high',
    breaks:
      'After a rotation each connection that the pool opens is refused: the pool works until it grows or reconnects.',
    fix: 'Use the pool of `@keyturn/pool`, or the hook that the driver calls for each new connection.',
  },
  messages: {
    capturedCredential:
      '`{{maker}}` reads its credential once, so every connection it opens after a rotation is refused. {{remedy}}',
    shadowedHook:
      '`{{maker}}` ignores `{{hook}}` because `{{shadow}}` is given too, so its credential is never read again. Take user and password out of `{{shadow}}` and pass `host`, `port` and `database` one by one.',
    unsupportedFunction: '`{{maker}}` cannot take a function as `{{key}}`: its connections fail. {{remedy}}',
    passwordOnly:
      '`{{maker}}` asks again for the password alone, and this rotation changes the user too. Use the pool of `@keyturn/pool`, which swaps both at once.',
    calledOnce:
      '`{{maker}}` calls its connection function once, because the object it returns has no `expirationChecker`. Return one that answers true when the credential is out of date.',
    unknown:
      '`{{maker}}` gets its whole configuration from a caller, so it cannot be told whether it asks again for its credential.',
  },
  schema: [
    {
      type: 'object',
      additionalProperties: false,
      properties: {
        rotation: {
          type: 'string',
          enum: ['same-user', 'dual-user', 'dynamic-user'],
          description:
            'How credentials rotate. With `dual-user` and `dynamic-user` a hook for the password alone is not enough.',
        },
        checkTests: { type: 'boolean', description: 'Also look into test files.' },
        reportUnknown: { type: 'boolean', description: 'Also report clients whose configuration comes from a caller.' },
      },
    },
  ],
  defaultOptions: [{ rotation: 'same-user', checkTests: false, reportUnknown: false }],
  create(context, [option]) {
    const source = context.sourceCode;
    if (!mentionsClient(source)) return {};
    if (!option.checkTests && isTestFile(context)) return {};
    if (isScript(source)) return {};

    function look(node: Making): void {
      const found = knexVerdict(source, node, option) ?? clientVerdict(source, node, option);
      if (!found || !isReported(found.verdict, option)) return;
      const { verdict, maker, remedy } = found;
      context.report({ node: verdict.node, messageId: verdict.id, data: { maker, remedy, ...verdict.data } });
    }
    return { NewExpression: look, CallExpression: look };
  },
});

interface Found {
  readonly verdict: Verdict;
  readonly maker: string;
  readonly remedy: string;
}

function isReported(verdict: Verdict, option: Option): verdict is Exclude<Verdict, undefined> {
  return verdict !== undefined && (verdict.id !== 'unknown' || option.reportUnknown);
}

function clientVerdict(source: Source, node: Making, option: Option): (Found & { verdict: Verdict }) | undefined {
  const made = clientMadeBy(source, node);
  if (!made) return undefined;
  const { client, maker } = made;
  if (made.single && isShortLived(source, node)) return undefined;
  const verdict = judge(source, node, client, option);
  const rescued = verdict?.id === 'capturedCredential' && isRefreshedElsewhere(source, client);
  return rescued ? undefined : { verdict, maker, remedy: client.remedy };
}

function judge(source: Source, node: Making, client: Client, option: Option): Verdict {
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
  const url = client.takesUrl && !objects[0] ? first : undefined;
  if (hook) {
    const shadow = client.urlBeatsHooks ? credentialUrlIn(source, config, client) : undefined;
    if (shadow) return { id: 'shadowedHook', node: shadow, data: { hook, shadow: keyOf(shadow) ?? 'url' } };
    return undefined;
  }
  if (client.positional && !objects[0] && args.length > client.positional.password) {
    const password = args[client.positional.password];
    return password && verdictOf(bindingOf(source, password), node);
  }
  if (url) return urlVerdict(source, url, node, config, client, option);
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
  option: Option,
): Verdict {
  if (config && client.passwordFunction === 'yes') {
    const verdict = configVerdict(source, config, client, node, option);
    const password = findProperty(config, ...client.passwordKeys);
    if (verdict || (password && bindingOf(source, password.value) === 'function')) return verdict;
  }
  const text = textOf(traced(source, url));
  if (text !== undefined && !holdsCredential(text) && /^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return undefined;
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
  option: Option,
  depth = 0,
): Verdict {
  const places = [config, ...nestedIn(source, config, client)];
  const url = places
    .map((each) => findProperty(each, ...client.urlKeys))
    .find((each) => each && bindingOf(source, each.value) !== 'absent');
  const password = places.map((each) => findProperty(each, ...client.passwordKeys)).find((each) => each);
  const binding = password && bindingOf(source, password.value);
  const user = places.map((each) => findProperty(each, ...client.userKeys)).find((each) => each);

  if (user && isFunction(traced(source, user.value))) {
    return { id: 'unsupportedFunction', node: user, data: { key: keyOf(user) ?? 'user' } };
  }
  if (password && binding === 'function') {
    if (client.passwordFunction === 'no' || isMysqlOf(config)) {
      return { id: 'unsupportedFunction', node: password, data: { key: keyOf(password) ?? 'password' } };
    }
    if (url && client.passwordFunction === 'not-with-url') {
      return {
        id: 'shadowedHook',
        node: password,
        data: { hook: keyOf(password) ?? 'password', shadow: keyOf(url) ?? 'url' },
      };
    }
    return option.rotation === 'same-user' ? undefined : { id: 'passwordOnly', node: password };
  }
  if (password && binding === 'captured') return { id: 'capturedCredential', node };
  if (url) {
    const text = textOf(traced(source, url.value));
    if (text !== undefined && (embeddedUrl.test(text) || !holdsCredential(text))) return undefined;
    if (bindingOf(source, url.value) === 'captured') return { id: 'capturedCredential', node };
    return { id: 'unknown', node };
  }
  if (password && binding !== 'absent') return { id: 'unknown', node };
  if (config.properties.some((each) => each.type === 'SpreadElement'))
    return spreadVerdict(source, config, client, node, option, depth);
  return client.name === 'prisma' ? { id: 'capturedCredential', node } : undefined;
}

function spreadVerdict(
  source: Source,
  config: TSESTree.ObjectExpression,
  client: Client,
  node: Making,
  option: Option,
  depth: number,
): Verdict {
  for (const each of config.properties) {
    if (each.type !== 'SpreadElement') continue;
    const object = objectBehind(source, each.argument);
    if (!object || depth > 4) continue;
    const verdict = configVerdict(source, object, client, node, option, depth + 1);
    if (verdict) return verdict;
  }
  return { id: 'unknown', node };
}

function verdictOf(binding: Binding, node: Node): Verdict {
  if (binding === 'captured') return { id: 'capturedCredential', node };
  return binding === 'parameter' || binding === 'unknown' ? { id: 'unknown', node } : undefined;
}

function hookIn(source: Source, config: TSESTree.ObjectExpression, client: Client): string | undefined {
  return client.hooks.find((hook) => {
    const [path = '', wanted] = hook.split('=');
    const value = at(source, config, path.split('.'));
    if (!value) return false;
    if (wanted !== undefined) return textOf(traced(source, value)) === wanted;
    return textOf(traced(source, value)) === undefined;
  });
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

function isMysqlOf(config: TSESTree.ObjectExpression): boolean {
  const dialect = textOf(findProperty(config, 'type', 'dialect', 'client')?.value);
  return dialect === 'mysql' || dialect === 'mariadb' || dialect === 'mysql2';
}

function isHookedValue(source: Source, node: Node): boolean {
  const origin = originOf(source, node);
  return (
    origin !== undefined && hookedModules.some((each) => origin.module === each || origin.module.startsWith(`${each}/`))
  );
}

/** True when the module assigns the password again, or adds a hook, wherever the client is held. */
function isRefreshedElsewhere(source: Source, client: Client): boolean {
  const last = (path: string) => path.split('.');
  let found = false;
  walk(source.ast, (node) => {
    if (found) return false;
    if (node.type === 'AssignmentExpression') {
      found = (client.assignable ?? []).some((path) => endsWith(node.left, last(path)));
    } else if (node.type === 'CallExpression' && client.hookMethods?.includes(nameOf(node.callee) ?? '')) {
      const method = nameOf(node.callee);
      found =
        method === 'addHook' || method === 'addListener'
          ? textOf(node.arguments[0]) === 'beforeConnect'
          : node.callee.type === 'MemberExpression';
    }
    return !found;
  });
  return found;
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

/** A single connection that the same file ends again is opened per use, with the credential of that moment. */
function isShortLived(source: Source, node: Making): boolean {
  return /\.(?:end|close|destroy|release)\s*\(/.test(source.text) && !isAtTop(node);
}

function isAtTop(node: Node): boolean {
  for (let current = node.parent; current; current = current.parent) if (isFunction(current)) return false;
  return true;
}

function knexVerdict(source: Source, node: Making, option: Option): (Found & { verdict: Verdict }) | undefined {
  if (!isKnex(source, node)) return undefined;
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
    const verdict: Verdict =
      checker === 'unchecked'
        ? { id: 'calledOnce', node: connection }
        : checker === 'unknown'
          ? { id: 'unknown', node }
          : undefined;
    return { verdict, maker, remedy };
  }
  const object = objectBehind(source, connection.value);
  const client: Client = { ...knexClient, passwordFunction: dialect?.startsWith('mysql') ? 'no' : 'not-with-url' };
  if (object) return { verdict: configVerdict(source, object, client, node, option), maker, remedy };
  if (!looksLikeUrl(source, connection.value) && comesFromParameter(source, connection.value)) return unknown;
  const text = textOf(traced(source, connection.value));
  if (text !== undefined && !holdsCredential(text)) return { verdict: undefined, maker, remedy };
  return { verdict: verdictOf(bindingOf(source, connection.value), node), maker, remedy };
}
