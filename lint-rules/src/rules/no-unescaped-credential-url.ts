import type { TSESTree } from '@typescript-eslint/utils';
import { type Node, isFunction, nameOf, returnsOf, textOf, unwrap } from '../ast.js';
import { type TestsOption, createRule, testsDefault, testsSchema } from '../create-rule.js';
import { kindOf } from '../credentials/names.js';
import { isTestFile } from '../file-kind.js';
import { environmentName, traced } from '../value.js';

type Ids = 'unescaped' | 'escape';
interface Piece {
  readonly text?: string;
  readonly node?: Node;
}

const databases =
  /(?:^|[^a-z0-9+.-])(?:jdbc:)?(?:postgres(?:ql)?|mysql2?|mariadb|mongodb(?:\+srv)?|rediss?|amqps?|mssql|sqlserver|cockroachdb|nats|clickhouse|couchdb|neo4j(?:\+s)?|bolt|ldaps?|s?ftps?|smtps?|mqtts?)(?:\+[a-z0-9]+)?:\/\/$/i;
const web = /(?:^|[^a-z0-9+.-])https?:\/\/$/i;
const escapes = /encode|escape|quote|urlsafe/i;
const masks = /mask|redact|hid(?:e|den)|obfuscat|star|censor|sanitiz/i;

export default createRule<[TestsOption], Ids>({
  facts: {
    id: 'no-unescaped-credential-url',
    summary: 'Disallow a password in a URL without encoding',
    severity: 'high',
    breaks:
      'The first generated password with `@`, `/`, `#` or `%` in it makes the URL name another host, or no host at all.',
    fix: 'Pass user and password as options of their own, or put `encodeURIComponent` around each.',
  },
  messages: {
    unescaped:
      'A password goes into this URL as it is, so one with `@`, `/`, `#` or `%` in it breaks the URL after a rotation. Pass it as an option of its own, or put `encodeURIComponent` around it.',
    escape: 'Put `encodeURIComponent` around user and password.',
  },
  schema: testsSchema,
  defaultOptions: testsDefault,
  hasSuggestions: true,
  create(context, [option], source) {
    const { text } = source;
    if (!text.includes('://') || !text.includes('@')) return {};
    if (!option.checkTests && isTestFile(context)) return {};

    function judge(node: Node, pieces: readonly Piece[]): void {
      const account = accountOf(pieces);
      if (!account || !isUnescaped(account.password)) return;
      const open = [account.user, account.password].filter((each) => each !== undefined && isUnescaped(each));
      context.report({
        node: account.password,
        messageId: 'unescaped',
        suggest: [
          {
            messageId: 'escape',
            fix: (fixer) =>
              open.flatMap((each) =>
                each ? [fixer.replaceText(each, `encodeURIComponent(${source.getText(each)})`)] : [],
              ),
          },
        ],
      });
    }

    function isUnescaped(node: Node, depth = 0): boolean {
      const value = traced(source, node);
      if (depth > 4 || masks.test(nameOf(node) ?? '')) return false;
      switch (value.type) {
        case 'Literal':
          return false;
        case 'CallExpression': {
          if (escapes.test(nameOf(value.callee) ?? '')) return false;
          const callee = traced(source, value.callee);
          if (isFunction(callee)) return returnsOf(callee).every((each) => isUnescaped(each, depth + 1));
          return kindOf(nameOf(value.callee) ?? '') !== undefined || isLookUp(value);
        }
        case 'AwaitExpression':
          return isUnescaped(value.argument, depth + 1);
        case 'TemplateLiteral':
          return value.expressions.some((each) => isUnescaped(each, depth + 1));
        case 'LogicalExpression':
          return isUnescaped(value.left, depth + 1) || isUnescaped(value.right, depth + 1);
        case 'ConditionalExpression':
          return isUnescaped(value.consequent, depth + 1) || isUnescaped(value.alternate, depth + 1);
        case 'Identifier':
        case 'MemberExpression':
          return !escapes.test(nameOf(value) ?? '') && !escapes.test(nameOf(node) ?? '');
        default:
          return false;
      }
    }

    return {
      TemplateLiteral(node) {
        if (node.expressions.length === 0) return;
        const pieces = node.quasis.flatMap((quasi, index): Piece[] => {
          const expression = node.expressions[index];
          return [{ text: quasi.value.raw }, ...(expression ? [{ node: expression }] : [])];
        });
        judge(node, pieces);
      },
      BinaryExpression(node) {
        if (node.operator !== '+' || (node.parent.type === 'BinaryExpression' && node.parent.operator === '+')) return;
        const pieces = sumOf(node);
        if (pieces.some((each) => each.text?.includes('://'))) judge(node, pieces);
      },
    };
  },
});

/** `config.get('dbPassword')`, and `get('DB_PASSWORD').required().asString()`. */
function isLookUp(call: TSESTree.CallExpression): boolean {
  if (environmentName(call) !== undefined) return true;
  if (/^get(?:OrThrow)?$/.test(nameOf(call.callee) ?? '') && textOf(call.arguments[0]) !== undefined) return true;
  const { callee } = call;
  return callee.type === 'MemberExpression' && callee.object.type === 'CallExpression' && isLookUp(callee.object);
}

/** `scheme://` + user + `:` + password + `@`: the user may be a text, the password is an expression. */
function accountOf(pieces: readonly Piece[]): { readonly user?: Node; readonly password: Node } | undefined {
  for (let at = 1; at < pieces.length - 1; at++) {
    const password = pieces[at]?.node;
    const before = pieces[at - 1]?.text;
    if (!password || before === undefined || !pieces[at + 1]?.text?.startsWith('@')) continue;
    const colon = /^(?:[^\s/?#@:]*):$/.exec(before);
    const user = pieces[at - 2]?.node;
    const scheme = colon && user ? pieces[at - 3]?.text : /^(.*:\/\/)[^\s/?#@:]*:$/s.exec(before)?.[1];
    if (scheme === undefined) continue;
    const name = lastName(password) ?? '';
    const isNamed = kindOf(name) === 'password' || /(?:^|[a-z]_?|_)pass$/i.test(name);
    // `${scheme}://${user}:${pass}@${host}`
    const isOpen = scheme === '://' && pieces[at - 4]?.node !== undefined;
    const isPassword = databases.test(scheme) || ((web.test(scheme) || isOpen) && isNamed);
    if (isPassword) return { password, ...(colon && user ? { user } : {}) };
  }
  return undefined;
}

function lastName(node: Node): string | undefined {
  const bare = unwrap(node);
  return environmentName(bare) ?? nameOf(bare);
}

function sumOf(node: TSESTree.BinaryExpression): Piece[] {
  const pieces: Piece[] = [];
  let current: Node = node;
  while (current.type === 'BinaryExpression' && current.operator === '+') {
    pieces.unshift(pieceOf(current.right));
    current = unwrap(current.left);
  }
  pieces.unshift(pieceOf(current));
  return pieces;
}

function pieceOf(node: Node): Piece {
  const text = textOf(node);
  return text === undefined ? { node } : { text };
}
