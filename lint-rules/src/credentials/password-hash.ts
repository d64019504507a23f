import type { TSESTree } from '@typescript-eslint/utils';
import { type Node, nameOf, textOf } from '../ast.js';

const hashes =
  /^(?:(?:create|make|generate|get)?(?:hash(?:ed)?|encrypt)_?(?:user)?(?:password|passwd|pwd|pass)|(?:create|make|generate|get)?password(?:to)?_?hash|(?:scrypt|bcrypt|argon2?)_?hash)(?:sync)?$/i;

const ofHasher = /^hash(?:Sync)?$/;

/** What a function is given that by its name hashes passwords: whoever knows it can log in as the one that it is kept for. */
export function hashedPassword(call: TSESTree.CallExpression | TSESTree.NewExpression): Node | undefined {
  const [first] = call.arguments;
  if (!first || first.type === 'SpreadElement') return undefined;
  const name = nameOf(call.callee) ?? '';
  return hashes.test(name) || isOfHasher(call.callee, name) ? first : undefined;
}

/** `Bun.password.hash(…)`, and the `bcrypt.hash` that a service was given. */
function isOfHasher(callee: Node, name: string): boolean {
  if (!ofHasher.test(name) || callee.type !== 'MemberExpression') return false;
  return /^(?:password|bcrypt(?:js|Service)?|argon2?|scrypt|hasher)$/i.test(nameOf(callee.object) ?? '');
}

const takes = /^(?:set|change|update|reset)(?:User|Admin)?Password$|WithEmailAndPassword$/;
const logsIn = /^(?:log_?in|sign_?in|sign_?up|register|authenticate|create_?(?:user|admin|account))$/i;

/** The names of the functions that these look at. */
export const passwordFunctions = [hashes, ofHasher, takes, logsIn];

/** The password among the arguments of a method that by its name takes one: `user.setPassword('…')`, `login('a@b.c', '…')`. */
export function givenPassword(call: TSESTree.CallExpression | TSESTree.NewExpression): Node | undefined {
  const last = call.arguments.at(-1);
  const text = textOf(last);
  if (!last || text === undefined || !/\d/.test(text)) return undefined;
  const name = nameOf(call.callee) ?? '';
  if (takes.test(name)) return last;
  const isAfterMail = /^[^\s@]+@[^\s@]+\.[a-z]+$/i.test(textOf(call.arguments.at(-2)) ?? '');
  return isAfterMail && logsIn.test(name) ? last : undefined;
}
