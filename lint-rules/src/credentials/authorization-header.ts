import type { TSESTree } from '@typescript-eslint/utils';
import { nameOf, textOf } from '../ast.js';
import { looksIssued } from './literals.js';

/** True for the text of an `Authorization` header that logs somebody in: `Basic` with user and password, `Bearer` with a token. */
export function isAuthorization(text: string): boolean {
  const [, scheme = '', value = ''] = /^(Basic|Bearer|Token)\s+(\S+)$/i.exec(text.trim()) ?? [];
  if (scheme.toLowerCase() !== 'basic') return value.length >= 20 && looksIssued(value);
  const [user = '', password = ''] = Buffer.from(value, 'base64').toString('latin1').split(':');
  return (
    /^[\x20-\x7e]+$/.test(user) && /^[\x20-\x7e]{3,}$/.test(password) && !/^(?:pass(?:word)?|pwd)$/i.test(password)
  );
}

/** The names of the functions that encode one. */
export const encoders = /^(?:btoa|from|encode)$/;

/** `'Basic ' + btoa('user:password')`, and the same with a `Buffer` or in a template. */
export function isEncodedAuthorization(call: TSESTree.CallExpression | TSESTree.NewExpression): boolean {
  if (!encoders.test(nameOf(call.callee) ?? '')) return false;
  const [, password = ''] = /^[\w.@-]+:([^\s:]{3,})$/.exec(textOf(call.arguments[0]) ?? '') ?? [];
  if (password === '' || /^(?:pass(?:word)?|pwd)$/i.test(password)) return false;
  const method = call.parent.type === 'MemberExpression' ? call.parent.parent : undefined;
  const { parent } = method?.type === 'CallExpression' ? method : call;
  if (parent?.type === 'BinaryExpression') return /^Basic $/i.test(textOf(parent.left) ?? '');
  return parent?.type === 'TemplateLiteral' && /^Basic $/i.test(parent.quasis[0]?.value.cooked ?? '');
}
