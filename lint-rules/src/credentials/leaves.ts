import type { TSESTree } from '@typescript-eslint/utils';
import { type Node, findProperty, nameOf, textOf, unwrap } from '../ast.js';
import { environmentName } from '../value.js';
import type { Certainty } from './literals.js';
import { isPublicVariable } from './names.js';

/** A literal that an expression can come down to. */
export interface Leaf {
  readonly literal: Node;
  readonly value: string;
  readonly certainty: Certainty;
  /** The variable of the environment that it stands in for. */
  readonly variable?: string | undefined;
}

/** The literals that an expression can come down to, with how each gets there. */
export function leaves(node: Node, certainty: Certainty, depth = 0): Leaf[] {
  const bare = unwrap(node);
  const value = textOf(bare);
  if (value !== undefined) return [{ literal: bare, value, certainty }];
  if (depth > 3) return [];
  switch (bare.type) {
    case 'LogicalExpression': {
      const variable = environmentName(bare.left);
      if (isPublicVariable(variable ?? '')) return [];
      return [
        ...leaves(bare.left, certainty, depth + 1),
        ...leaves(bare.right, stronger(certainty, 'fallback'), depth + 1).map((each) => ({ variable, ...each })),
      ];
    }
    case 'ConditionalExpression':
      return leavesOfCondition(bare, certainty, depth);
    case 'AwaitExpression':
      return leaves(bare.argument, certainty, depth + 1);
    case 'CallExpression':
      return leavesOfCall(bare, certainty, depth);
    case 'ObjectExpression': {
      const fallback = findProperty(bare, 'default', 'devDefault');
      const isSetting =
        fallback &&
        (bare.parent.type === 'CallExpression' ||
          findProperty(bare, 'env', 'doc', 'format', 'type', 'description', 'desc', 'choices'));
      return isSetting ? leaves(fallback.value, stronger(certainty, 'fallback'), depth + 1) : [];
    }
    default:
      return [];
  }
}

/** `process.env.SECRET ? 'set' : 'not set'` says whether there is one. */
function leavesOfCondition(bare: TSESTree.ConditionalExpression, certainty: Certainty, depth: number): Leaf[] {
  const { test, consequent, alternate } = bare;
  const isAsked = environmentName(test) !== undefined;
  if (isAsked && textOf(consequent) !== undefined && textOf(alternate) !== undefined) return [];
  const reads = isAsked || environmentName(consequent) !== undefined || environmentName(alternate) !== undefined;
  const next = reads ? stronger(certainty, 'fallback') : certainty;
  return [...leaves(consequent, next, depth + 1), ...leaves(alternate, next, depth + 1)];
}

const passesOn =
  /^(?:from|encode|String|encodeURIComponent|secret|hash|hashSync|str|string|createSecretKey|(?:hash|encrypt|derive|generate|make)(?:Password|Pass|Pwd|Passphrase))$/;

function leavesOfCall(call: TSESTree.CallExpression, certainty: Certainty, depth: number): Leaf[] {
  const method = nameOf(call.callee) ?? '';
  const [first, second] = call.arguments;
  if (environmentName(call) !== undefined)
    return second ? leaves(second, stronger(certainty, 'fallback'), depth + 1) : [];
  if (method === 'repeat' && call.callee.type === 'MemberExpression') {
    const value = textOf(call.callee.object);
    return value === undefined ? [] : [{ literal: call, value: value.repeat(8), certainty }];
  }
  if (!first) return call.callee.type === 'MemberExpression' ? leaves(call.callee.object, certainty, depth + 1) : [];
  if (method === 'default') return leaves(first, stronger(certainty, 'fallback'), depth + 1);
  // `string('password')` of a builder of schemas names what it reads.
  if (/^str(?:ing)?$/.test(method) && textOf(first) !== undefined) return [];
  // `arg({ key: 'JWT_SECRET', default: '…' })`
  if (first.type === 'ObjectExpression' && findProperty(first, 'default')) return leaves(first, certainty, depth + 1);
  if (passesOn.test(method)) return leaves(first, certainty, depth + 1);
  return call.callee.type === 'MemberExpression' ? leaves(call.callee.object, certainty, depth + 1) : [];
}

function stronger(one: Certainty, other: Certainty): Certainty {
  return one === 'sink' ? one : other;
}
