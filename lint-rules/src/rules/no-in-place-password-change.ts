import type { TSESTree } from '@typescript-eslint/utils';
import { createRule } from '../create-rule.js';
import { isTestFile } from '../file-kind.js';

interface Option {
  readonly checkTests: boolean;
}

const change = /^\s*(?:alter\s+(?:user|role)\s|set\s+password\s)/i;

export default createRule<[Option], 'inPlace'>({
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
  },
  schema: [
    {
      type: 'object',
      additionalProperties: false,
      properties: { checkTests: { type: 'boolean', description: 'Also look into test files.' } },
    },
  ],
  defaultOptions: [{ checkTests: false }],
  create(context, [option]) {
    const { text } = context.sourceCode;
    if (!/\b(?:alter\s+(?:user|role)|set\s+password)\s/i.test(text)) return {};
    if (!option.checkTests && isTestFile(context)) return {};

    function look(node: TSESTree.Node, statement: string): void {
      const name = statementOf(statement);
      if (name !== undefined) context.report({ node, messageId: 'inPlace', data: { statement: name } });
    }
    return {
      Literal(node) {
        if (typeof node.value === 'string') look(node, node.value);
      },
      TemplateLiteral(node) {
        look(node, node.quasis.map((each) => each.value.raw).join('?'));
      },
    };
  },
});

/** The statement that changes a password, by its own words; nothing for one that keeps the old password working. */
function statementOf(text: string): string | undefined {
  if (!change.test(text)) return undefined;
  if (/\bretain\s+current\s+password\b/i.test(text) || /\bpassword\s+(?:null\b|expire\b)/i.test(text)) return undefined;
  if (/^\s*set\b/i.test(text)) return /^\s*set\s+password\s*(?:=|for\s[^=]*=)/i.test(text) ? 'SET PASSWORD' : undefined;
  const kind = /^\s*alter\s+role\s/i.test(text) ? 'ALTER ROLE' : 'ALTER USER';
  if (/\bidentified\s+(?:by|with|via)\b/i.test(text)) return `${kind} … IDENTIFIED`;
  return /\bpassword\s*['"?$:]/i.test(text) ? `${kind} … PASSWORD` : undefined;
}
