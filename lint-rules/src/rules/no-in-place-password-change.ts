import type { TSESTree } from '@typescript-eslint/utils';
import { type Node, findProperty, nameOf, textOf, unwrap } from '../ast.js';
import { type TestsOption, createRule, testsDefault, testsSchema } from '../create-rule.js';
import { mentionsCredential } from '../credentials/mentions.js';
import { isTestFile } from '../file-kind.js';
import { modulesOf } from '../modules.js';
import { originOf } from '../origin.js';

type Ids = 'inPlace' | 'retain';

const mention =
  /\b(?:alter\s+(?:user|role|login)|set\s+password)\b|authentication_string|updateUser|aclSetUser|\bacl\b|'ACL'|"ACL"/i;
const mysql = ['mysql2', 'mysql2/promise', 'mysql'];
const redis = new Set(['redis', '@redis/client', 'ioredis']);

export default createRule<[TestsOption], Ids>({
  facts: {
    id: 'no-in-place-password-change',
    summary: 'Disallow statements that replace the password of a database user in place',
    severity: 'medium',
    breaks: 'Every client that still holds the old password is refused from that statement on.',
    fix: 'Rotate between two users over one shared role, and retire the superseded one after its longest lifetime.',
    component: 'DualUserDatabaseRole',
  },
  messages: {
    inPlace:
      '`{{statement}}` takes the old password away at once, so clients that still hold it are refused. Rotate between two users over one shared role instead.',
    retain: 'Keep the old password beside the new one (MySQL 8.0.14 and newer).',
  },
  schema: testsSchema,
  defaultOptions: testsDefault,
  hasSuggestions: true,
  create(context, [option], source) {
    if (!mentionsCredential(source) || !mention.test(source.text)) return {};
    if (!option.checkTests && isTestFile(context)) return {};
    const isMysql = mysql.some((each) => modulesOf(source).has(each));

    function look(node: Node, text: string): void {
      const statement = statementOf(text);
      if (statement === undefined) return;
      const end = node.range[1] - 1;
      const canRetain =
        isMysql && node.type !== 'BinaryExpression' && /^\s*alter\s+user\b[^;]*\bidentified\s+by\b[^;]*$/i.test(text);
      context.report({
        node,
        messageId: 'inPlace',
        data: { statement },
        suggest: canRetain
          ? [
              {
                messageId: 'retain',
                fix: (fixer) => fixer.insertTextBeforeRange([end, end], ' RETAIN CURRENT PASSWORD'),
              },
            ]
          : [],
      });
    }

    function called(node: TSESTree.CallExpression): void {
      const name = nameOf(node.callee);
      if (node.callee.type !== 'MemberExpression' || name === undefined) return;
      if (name === 'join' && node.callee.object.type === 'ArrayExpression') {
        const pieces = node.callee.object.elements.map((each) => textOf(each) ?? '?');
        look(node, pieces.join(textOf(node.arguments[0]) ?? ','));
      } else if (name === 'aclSetUser' || name === 'acl' || name === 'sendCommand' || name === 'call') acl(node);
    }

    /** `resetpass` takes every password of a Redis user away; a new one without it is one more. */
    function acl(node: TSESTree.CallExpression): void {
      if (!redis.has(originOf(source, node.callee)?.module ?? '')) return;
      const words = node.arguments
        .flatMap((each) => (each.type === 'ArrayExpression' ? each.elements : [each]))
        .map((each) => textOf(each) ?? '');
      const setsUser = nameOf(node.callee) === 'aclSetUser' || words.some((each) => /^setuser$/i.test(each));
      if (setsUser && words.some((each) => /^resetpass$/i.test(each)))
        context.report({ node, messageId: 'inPlace', data: { statement: 'ACL SETUSER … resetpass' } });
    }

    return {
      Literal(node) {
        if (typeof node.value === 'string' && !isInSum(node)) look(node, node.value);
      },
      TemplateLiteral(node) {
        if (!isInSum(node)) look(node, node.quasis.map((each) => each.value.raw).join('?'));
      },
      BinaryExpression(node) {
        if (node.operator === '+' && !isInSum(node)) look(node, sumOf(node));
      },
      ObjectExpression(node) {
        if (findProperty(node, 'updateUser') && findProperty(node, 'pwd'))
          context.report({ node, messageId: 'inPlace', data: { statement: 'updateUser … pwd' } });
      },
      CallExpression: called,
    };
  },
});

function isInSum(node: Node): boolean {
  const { parent } = node;
  return parent?.type === 'BinaryExpression' && parent.operator === '+';
}

function sumOf(node: Node): string {
  const pieces: string[] = [];
  let current = unwrap(node);
  while (current.type === 'BinaryExpression' && current.operator === '+') {
    pieces.unshift(pieceOf(current.right));
    current = unwrap(current.left);
  }
  return [pieceOf(current), ...pieces].join('');
}

function pieceOf(node: Node): string {
  return node.type === 'TemplateLiteral' ? node.quasis.map((each) => each.value.raw).join('?') : (textOf(node) ?? '?');
}

/** The statement that changes a password, by its own words; nothing for one that keeps the old password working. */
function statementOf(text: string): string | undefined {
  if (text.length > 10_000 || !mention.test(text)) return undefined;
  const shell = /^\s*(?:sudo\s[^;"']*)?(?:psql|mysql|mariadb)\s[^;"']*["'](.*)$/is.exec(text);
  for (const each of (shell?.[1] ?? text).split(';')) {
    const found = changeIn(each);
    if (found !== undefined) return found;
  }
  return undefined;
}

function changeIn(text: string): string | undefined {
  if (/\bretain\s+current\s+password\b/i.test(text) || /\bpassword\s+(?:null\b|expire\b)/i.test(text)) return undefined;
  if (/^\s*set\s+password\s/i.test(text))
    return /^\s*set\s+password\s*(?:=|for\s[^=]*=)/i.test(text) ? 'SET PASSWORD' : undefined;
  if (/^\s*update\s+mysql\.user\s+set\s/i.test(text))
    return /\bauthentication_string\s*=/i.test(text) ? 'UPDATE mysql.user' : undefined;
  const kind = /^\s*alter\s+(user|role|login)\s/i.exec(text)?.[1]?.toUpperCase();
  if (kind === undefined) return undefined;
  if (kind === 'LOGIN') return /\bpassword\s*=/i.test(text) ? 'ALTER LOGIN … PASSWORD' : undefined;
  if (/\bidentified\s+(?:by|with|via)\b/i.test(text)) return `ALTER ${kind} … IDENTIFIED`;
  return /\bpassword\s*['"?$:%]/i.test(text) ? `ALTER ${kind} … PASSWORD` : undefined;
}
