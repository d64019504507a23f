import type { TSESTree } from '@typescript-eslint/utils';
import { type Node, nameOf } from '../ast.js';

const hashes =
  /^(?:(?:create|make|generate|get)?(?:hash(?:ed)?|encrypt)_?(?:user)?(?:password|passwd|pwd|pass)|(?:create|make|generate|get)?password(?:to)?_?hash|(?:scrypt|bcrypt|argon2?)_?hash)(?:sync)?$/i;

/** What a function is given that by its name hashes passwords: whoever knows it can log in as the one that it is kept for. */
export function hashedPassword(call: TSESTree.CallExpression | TSESTree.NewExpression): Node | undefined {
  const [first] = call.arguments;
  if (!first || first.type === 'SpreadElement' || !hashes.test(nameOf(call.callee) ?? '')) return undefined;
  return first;
}
