import type { TSESLint, TSESTree } from '@typescript-eslint/utils';
import {
  type Callable,
  type Node,
  findProperty,
  isFunction,
  keyOf,
  nameOf,
  returnsOf,
  textOf,
  unwrap,
} from '../ast.js';
import { withProperty, withoutProperty } from '../edits.js';
import { type Source, variableOf } from '../origin.js';
import { traced } from '../value.js';
import { clientMadeBy, type Making } from './find-client.js';
import type { Problem } from './config-verdict.js';

type Ids = 'callFunction' | 'splitUrl' | 'dropUrl' | 'addChecker' | 'useKeyturnPool';
type Suggestion = TSESLint.ReportSuggestionArray<Ids>[number];

/** What a person could accept in place of the client as it is written. */
export function suggestionsFor(source: Source, node: Making, problem: Problem): Suggestion[] {
  const found = [
    withFunction(source, node, problem),
    withoutUrl(source, problem),
    withChecker(source, problem),
    withKeyturnPool(source, node, problem),
  ];
  return found.filter((each) => each !== undefined);
}

/** `password: await token()` → `password: () => token()`, where the driver calls it. */
function withFunction(source: Source, node: Making, { id, config, password }: Problem): Suggestion | undefined {
  const client = clientMadeBy(source, node)?.client;
  if (id !== 'capturedCredential' || !config || !password || !client) return undefined;
  if (client.passwordFunction === 'no' || client.functionDialects || client.nested) return undefined;
  if (client.passwordFunction === 'not-with-url' && findProperty(config, ...client.urlKeys)) return undefined;
  const value = unwrap(password.value);
  if (value.type !== 'AwaitExpression' || value.argument.type !== 'CallExpression') return undefined;
  const call = value.argument;
  return {
    messageId: 'callFunction',
    fix: (fixer) => fixer.replaceText(password.value, `() => ${source.getText(call)}`),
  };
}

/** A URL that is a text is taken apart; one beside a host is superfluous. */
function withoutUrl(source: Source, { id, config, url }: Problem): Suggestion | undefined {
  if (id !== 'shadowedHook' || !config || !url) return undefined;
  if (findProperty(config, 'host'))
    return { messageId: 'dropUrl', fix: (fixer) => withoutProperty(source, fixer, url) };
  const text = textOf(traced(source, url.value));
  const parts = text === undefined ? undefined : partsOf(text, config);
  return parts === undefined || parts === ''
    ? undefined
    : { messageId: 'splitUrl', fix: (fixer) => fixer.replaceText(url, parts) };
}

function partsOf(text: string, config: TSESTree.ObjectExpression): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const { hostname, port, pathname, username, search } = new URL(text);
  if (hostname === '' || search !== '') return undefined;
  const parts: [string, string][] = [['host', quoted(hostname)]];
  if (port !== '') parts.push(['port', port]);
  if (pathname.length > 1) parts.push(['database', quoted(decodeURIComponent(pathname.slice(1)))]);
  if (username !== '') parts.push(['user', quoted(decodeURIComponent(username))]);
  const given = new Set(config.properties.map(keyOf));
  return parts
    .filter(([key]) => !given.has(key))
    .map(([key, value]) => `${key}: ${value}`)
    .join(', ');
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

/** Gives the one object that a provider returns a checker with a limit of a minute. */
function withChecker(source: Source, { id, provider }: Problem): Suggestion | undefined {
  if (id !== 'calledOnce' || !provider) return undefined;
  const returns = returnsOf(provider);
  const object = returns.length === 1 && returns[0] ? unwrap(returns[0]) : undefined;
  if (object?.type !== 'ObjectExpression') return undefined;
  const until = 'const until = Date.now() + 60_000;';
  const checker = 'expirationChecker: () => Date.now() > until';
  if (/\buntil\b/.test(source.getText(provider))) return undefined;
  return {
    messageId: 'addChecker',
    fix: (fixer) => [withProperty(source, fixer, object, checker), ...declared(source, fixer, provider, object, until)],
  };
}

function declared(
  source: Source,
  fixer: TSESLint.RuleFixer,
  provider: Callable,
  object: Node,
  until: string,
): TSESLint.RuleFix[] {
  const { body } = provider;
  if (body?.type === 'BlockStatement') {
    const statement = returnAround(object);
    return statement ? [fixer.insertTextBefore(statement, `${until} `)] : [];
  }
  if (!body) return [];
  const before = source.getTokenBefore(object);
  const after = source.getTokenAfter(object);
  const isWrapped = before?.value === '(' && after?.value === ')';
  const [from, to] = isWrapped ? [before.range, after.range] : [object.range, object.range];
  return [
    fixer.insertTextBeforeRange([from[0], from[0]], `{ ${until} return `),
    fixer.insertTextAfterRange([to[1], to[1]], '; }'),
  ];
}

function returnAround(node: Node): Node | undefined {
  for (let current: Node | undefined = node; current && !isFunction(current); current = current.parent)
    if (current.type === 'ReturnStatement') return current.parent.type === 'BlockStatement' ? current : undefined;
  return undefined;
}

/** Moves a pool of `pg` with user and password to the pool that follows rotations, where `Pool` is all that is imported. */
function withKeyturnPool(source: Source, node: Making, problem: Problem): Suggestion | undefined {
  const { id, config, user, password } = problem;
  if (id !== 'capturedCredential' || !config || !user || !password || node.callee.type !== 'Identifier')
    return undefined;
  if (node.arguments[0] !== config || node.type !== 'NewExpression') return undefined;
  if (!config.properties.includes(user) || !config.properties.includes(password)) return undefined;
  const variable = variableOf(source, node.callee);
  const imported = variable?.defs[0]?.parent;
  if (variable?.references.length !== 1) return undefined;
  if (imported?.type !== 'ImportDeclaration' || imported.source.value !== 'pg' || imported.specifiers.length !== 1)
    return undefined;
  const [specifier] = imported.specifiers;
  if (specifier?.type !== 'ImportSpecifier' || nameOf(specifier.imported) !== 'Pool') return undefined;
  if (findProperty(config, 'connectionString') || /\bfromFunction\b/.test(source.text)) return undefined;
  const isAsync = [user, password].some((each) => source.getText(each.value).includes('await'));
  const read = `fromFunction(${isAsync ? 'async ' : ''}() => ({ user: ${source.getText(user.value)}, password: ${source.getText(password.value)} }))`;
  const [first, second] = user.range[0] < password.range[0] ? [user, password] : [password, user];
  return {
    messageId: 'useKeyturnPool',
    fix: (fixer) => [
      fixer.replaceText(imported.source, "'@keyturn/pool/pg'"),
      fixer.insertTextBefore(imported, "import { fromFunction } from '@keyturn/pool';\n"),
      fixer.replaceText(first, `credentials: ${read}`),
      withoutProperty(source, fixer, second),
    ],
  };
}
