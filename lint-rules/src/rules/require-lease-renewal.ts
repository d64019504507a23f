import type { TSESTree } from '@typescript-eslint/utils';
import { type Node, isFunction, nameOf, textOf } from '../ast.js';
import { textWithoutComments } from '../comments.js';
import { type TestsOption, createRule, testsDefault, testsSchema } from '../create-rule.js';
import { isScript, isTestFile } from '../file-kind.js';
import { modulesOf } from '../modules.js';
import { type Source, originOf, variableOf } from '../origin.js';
import { traced } from '../value.js';

type Ids = 'dropped' | 'noListener';

const mentionsLease = /lease_?id|lease_?duration|renew|sys\/leases|\bleases?\b/i;
/** Paths of engines that make a user on each read: `database/creds/app`, `v1/aws/creds/deploy`. Not `static-creds`. */
const dynamicPath = /(?:^|\/)[^/\s]+\/creds\/[^/\s]*$/;
/** Over HTTP the answer itself may be called `data`: only what is inside of its `data` is without the lease. */
const takesInner = /\bdata\s*\??\.\s*(?:data\b|username\b|password\b)/;
const httpModules = ['axios', 'got', 'undici', 'node-fetch', 'ky', 'superagent'];
const events = {
  startLeaseRenewal: ['lease:error:renew', 'lease:expired'],
  startTokenRenewal: ['token:error:renew', 'token:expired'],
} as const;

export default createRule<[TestsOption], Ids>({
  facts: {
    id: 'require-lease-renewal',
    summary: 'Require the lease of a dynamic credential to be kept, and its renewal to be watched',
    severity: 'high',
    breaks: 'Vault drops the user when its lease ends, and every query fails from that moment on.',
    fix: 'Keep the id of the lease, renew it before it ends, and ask for a new credential when it cannot be renewed.',
  },
  messages: {
    dropped:
      'The credential of `{{path}}` has a lease, and only its user and password are kept: Vault drops the user when the lease ends. Keep `lease_id`, renew it in time, and ask for a new credential when that fails.',
    noListener:
      '`{{method}}` stops at the first error and says so in an event alone, and nothing listens to `{{event}}`: the credential ends without a word. Listen, and ask for a new one.',
  },
  schema: testsSchema,
  defaultOptions: testsDefault,
  create(context, [option], source) {
    const { text } = source;
    const reads = text.includes('/creds/');
    const renews = /(?:Lease|Token)Renewal/.test(text);
    if (!reads && !renews) return {};
    if (!option.checkTests && isTestFile(context)) return {};
    const keepsLease = mentionsLease.test(textWithoutComments(source));
    const isShort = isScript(context);

    return {
      CallExpression(node) {
        if (renews) renewal(node);
        if (!reads || keepsLease || isShort) return;
        const path = dynamicRead(node);
        if (path !== undefined && dropsLease(source, node))
          context.report({ node, messageId: 'dropped', data: { path } });
      },
    };

    function renewal(node: TSESTree.CallExpression): void {
      const method = nameOf(node.callee);
      if (method !== 'startLeaseRenewal' && method !== 'startTokenRenewal') return;
      if (node.callee.type !== 'MemberExpression') return;
      const origin = originOf(source, node.callee);
      if (origin ? origin.module !== 'node-vault' : !modulesOf(source).has('node-vault')) return;
      const [event] = events[method];
      if (!text.includes(event)) context.report({ node, messageId: 'noListener', data: { method, event } });
    }

    /** The path of a read that makes a user: with node-vault, or over HTTP below `/v1/`. */
    function dynamicRead(node: TSESTree.CallExpression): string | undefined {
      const [first] = node.arguments;
      const value = first && traced(source, first);
      const path =
        value?.type === 'TemplateLiteral' ? value.quasis.map((each) => each.value.raw).join('…') : textOf(value);
      if (path === undefined || !dynamicPath.test(path)) return undefined;
      const method = nameOf(node.callee);
      if (node.callee.type === 'MemberExpression' && method === 'read') {
        const origin = originOf(source, node.callee);
        const isVault = origin ? origin.module === 'node-vault' : modulesOf(source).has('node-vault');
        return isVault ? path : undefined;
      }
      if (!path.includes('v1/') || !takesInner.test(text)) return undefined;
      const isFetch =
        node.callee.type === 'Identifier' && method === 'fetch' && !variableOf(source, node.callee)?.defs.length;
      const isHttp = isFetch || httpModules.includes(originOf(source, node.callee)?.module ?? '');
      return isHttp ? path.slice(path.indexOf('v1/') + 3) : undefined;
    }
  },
});

/** True where only members are taken from the answer: a whole answer that goes on may be renewed elsewhere. */
function dropsLease(source: Source, call: TSESTree.CallExpression): boolean {
  let node: Node = call;
  for (;;) {
    const parent: Node | undefined = node.parent;
    switch (parent?.type) {
      case 'AwaitExpression':
      case 'TSAsExpression':
      case 'TSNonNullExpression':
      case 'ChainExpression':
        node = parent;
        continue;
      case 'MemberExpression':
        if (parent.object !== node) return false;
        if (nameOf(parent) === 'then')
          return parent.parent.type === 'CallExpression' && dropsInCallback(source, parent.parent);
        return true;
      case 'VariableDeclarator':
        return parent.id.type === 'ObjectPattern'
          ? !parent.id.properties.some((each) => each.type === 'RestElement')
          : parent.id.type === 'Identifier' && isOnlyTakenApart(source, parent.id);
      default:
        return false;
    }
  }
}

function dropsInCallback(source: Source, then: TSESTree.CallExpression): boolean {
  const [callback] = then.arguments;
  if (!callback || !isFunction(callback)) return false;
  const [parameter] = callback.params;
  return (
    parameter?.type === 'ObjectPattern' || (parameter?.type === 'Identifier' && isOnlyTakenApart(source, parameter))
  );
}

/** Every use of the variable takes a member of it. */
function isOnlyTakenApart(source: Source, name: TSESTree.Identifier): boolean {
  const uses = variableOf(source, name)?.references.filter((each) => each.isRead()) ?? [];
  return uses.length > 0 && uses.every(({ identifier }) => isTakenApart(identifier));
}

function isTakenApart(node: Node): boolean {
  const { parent } = node;
  if (parent?.type === 'MemberExpression') return parent.object === node;
  return parent?.type === 'VariableDeclarator' && parent.id.type === 'ObjectPattern';
}
