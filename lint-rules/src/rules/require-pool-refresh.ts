import type { TSESTree } from '@typescript-eslint/utils';
import { nameOf, walk } from '../ast.js';
import { clientNames } from '../clients/clients.js';
import { type Making, clientNamed, mentionsClient } from '../clients/find-client.js';
import type { Problem, RefreshOption, RefreshProblem } from '../clients/config-verdict.js';
import { mayLookBeside } from '../clients/imported.js';
import { isEmbeddedPrisma } from '../clients/prisma-schema.js';
import { refreshLike, refreshOf } from '../clients/refresh.js';
import { suggestionsFor } from '../clients/refresh-suggestions.js';
import { isTextByType } from '../clients/written-types.js';
import { makesForOneCommand } from '../command-line.js';
import { createRule } from '../create-rule.js';
import { isScript, isTestFile } from '../file-kind.js';
import { otherFileOf } from '../origin.js';
import { type OriginSpecifier, originSchema, specifierOf } from '../origins.js';
import { traced } from '../value.js';

interface Option extends RefreshOption {
  readonly checkTests: boolean;
  readonly clients: readonly (OriginSpecifier & { readonly like: string })[];
  readonly refreshing: readonly OriginSpecifier[];
  readonly reportUnknown: boolean;
}
type Ids = RefreshProblem | 'callFunction' | 'splitUrl' | 'dropUrl' | 'addChecker' | 'useKeyturnPool';

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
    passwordCalledOnce:
      '`{{maker}}`, in the version that this project asks for, calls `{{key}}` once, because its answer has no `expirationChecker`. {{remedy}}',
    alwaysExpired:
      'The `expirationChecker` of `{{maker}}` always answers true, so every connection is out of date as soon as it is opened and no query ever gets one. Answer true only when the credential has changed or its time is over.',
    unknown:
      '`{{maker}}` gets its whole configuration from a caller, so it cannot be told whether it asks again for its credential.',
    callFunction: 'Pass a function, which the driver calls for every new connection.',
    splitUrl: 'Pass the parts of the URL one by one.',
    dropUrl: 'Take the URL out: `host` is given too.',
    addChecker: 'Ask again after a minute.',
    useKeyturnPool: 'Use the pool of `@keyturn/pool`.',
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
        clients: {
          type: 'array',
          description: 'Functions and classes of your own that make a client, each like one of a known library.',
          items: originSchema({
            like: { type: 'string', enum: [...clientNames], description: 'The library whose options it takes.' },
          }),
        },
        refreshing: {
          type: 'array',
          description:
            'Functions and classes whose results ask again for their credential: configurations, pools and password readers.',
          items: originSchema(),
        },
        checkTests: { type: 'boolean', description: 'Also look into test files.' },
        reportUnknown: { type: 'boolean', description: 'Also report clients whose configuration comes from a caller.' },
      },
    },
  ],
  hasSuggestions: true,
  defaultOptions: [{ rotation: 'same-user', checkTests: false, reportUnknown: false, clients: [], refreshing: [] }],
  create(context, [option], source) {
    if (!mentionsClient(source) && option.clients.length === 0) return {};
    if (!option.checkTests && isTestFile(context)) return {};
    if (isScript(context)) return {};
    mayLookBeside(context);

    function look(node: Making): void {
      const own = specifierOf(context, node.callee, option.clients);
      const found = own ? refreshLike(source, node, option, own.like) : refreshOf(source, node, option);
      if (found?.verdict && isRefreshing(node)) return;
      if (!found?.verdict) return;
      const { maker, remedy } = found;
      const verdict = here(node, bySupplier(found.verdict));
      if (verdict.id === 'unknown' && !option.reportUnknown) return;
      if (found.library === 'prisma' && verdict.node === node && isEmbeddedPrisma(context)) return;
      if (makesForOneCommand(context)) return;
      context.report({
        node: verdict.node,
        messageId: verdict.id,
        data: { maker, remedy, ...verdict.data },
        suggest: suggestionsFor(source, node, verdict),
      });
    }
    /** A caller whose type has room for a text alone cannot give what asks again. */
    function bySupplier(verdict: Problem): Problem {
      const { id, node, given } = verdict;
      if (id !== 'unknown' || !given || !isTextByType(context, given)) return verdict;
      return { id: 'capturedCredential', node };
    }
    /** Somewhere in its arguments stands what asks again. */
    function isRefreshing(node: Making): boolean {
      if (option.refreshing.length === 0) return false;
      let found = false;
      for (const argument of node.arguments) {
        walk(traced(source, argument), (each) => {
          const callee = each.type === 'CallExpression' || each.type === 'NewExpression' ? each.callee : each;
          const isName = callee.type === 'Identifier' || callee.type === 'MemberExpression';
          found ||= isName && specifierOf(context, callee, option.refreshing) !== undefined;
          return !found;
        });
      }
      return found;
    }

    /** A class that extends a client and has no constructor of its own gives it nothing. */
    function lookAtClass({ superClass, body }: TSESTree.ClassDeclaration | TSESTree.ClassExpression): void {
      if (!superClass || body.body.some((each) => each.type === 'MethodDefinition' && each.kind === 'constructor'))
        return;
      const client = clientNamed(source, superClass);
      if (client?.name !== 'prisma' || isEmbeddedPrisma(context) || makesForOneCommand(context)) return;
      const maker = `new ${nameOf(superClass) ?? client.name}`;
      context.report({ node: superClass, messageId: 'capturedCredential', data: { maker, remedy: client.remedy } });
    }

    return {
      NewExpression: look,
      CallExpression: look,
      ClassDeclaration: lookAtClass,
      ClassExpression: lookAtClass,
    };
  },
});

/** What is wrong in a file that is imported is reported where the client is made, and cannot be changed from here. */
function here(making: Making, verdict: Problem): Problem {
  if (!otherFileOf(verdict.node))
    return verdict.config && otherFileOf(verdict.config) ? { id: verdict.id, node: verdict.node } : verdict;
  const { id, data, given } = verdict;
  return { id, node: making, ...(data && { data }), ...(given && { given }) };
}
