import { nameOf, textOf } from '../ast.js';
import { type TestsOption, createRule, testsDefault, testsSchema } from '../create-rule.js';
import { kindOf } from '../credentials/names.js';
import { isTestFile } from '../file-kind.js';
import { isConfig, isPulumi, pulumiMember } from '../pulumi/program.js';
import { traced } from '../value.js';

type Ids = 'plain' | 'literal' | 'useSecret';

const secretMethods = new Map([
  ['get', 'getSecret'],
  ['require', 'requireSecret'],
  ['getObject', 'getSecretObject'],
  ['requireObject', 'requireSecretObject'],
]);

export default createRule<[TestsOption], Ids>({
  facts: {
    id: 'no-plaintext-config-secret',
    summary: 'Disallow credentials that a Pulumi program reads from its configuration, or holds, as plain text',
    severity: 'high',
    breaks:
      'The credential stands in the state and in every preview in clear text, and stays in old states after a rotation.',
    fix: 'Set it with `pulumi config set --secret` and read it with `requireSecret`, or let the store make it.',
  },
  messages: {
    plain:
      '`{{method}}` reads `{{key}}` as plain text, so it is written into the state and into previews in clear. Set it with `pulumi config set --secret`, and read it with `{{secret}}`.',
    literal:
      '`secret` around a text hides it in the state alone: it stands in the source, so it cannot rotate without a change of the program. Set it with `pulumi config set --secret`, or let the store make it.',
    useSecret: 'Read it with `{{secret}}`, which gives an output.',
  },
  schema: testsSchema,
  defaultOptions: testsDefault,
  hasSuggestions: true,
  create(context, [option], source) {
    if (!isPulumi(source)) return {};
    if (!option.checkTests && isTestFile(context)) return {};
    return {
      CallExpression(node) {
        const [first] = node.arguments;
        if (!first) return;
        const text = textOf(traced(source, first));
        if (text === undefined || text === '') return;
        if (pulumiMember(source, node.callee) === 'secret') {
          context.report({ node: first, messageId: 'literal' });
          return;
        }
        if (node.callee.type !== 'MemberExpression') return;
        const method = nameOf(node.callee) ?? '';
        const secret = secretMethods.get(method);
        if (secret === undefined || kindOf(text) === undefined || !isConfig(source, node.callee.object)) return;
        const { property } = node.callee;
        context.report({
          node,
          messageId: 'plain',
          data: { method, key: text, secret },
          suggest: [{ messageId: 'useSecret', data: { secret }, fix: (fixer) => fixer.replaceText(property, secret) }],
        });
      },
    };
  },
});
