import { camelCase } from './generated-files.js';

/** The three files of a new rule, as paths and contents. They compile, and their test passes: change them from there. */
export function policyFiles(id: string): Readonly<Record<string, string>> {
  const name = camelCase(id);
  return {
    [`policies/src/policies/${id}.ts`]: `import { typeTokens } from '@keyturn/plan';
import { at, text } from '@keyturn/resources';
import { definePolicy, pass } from '../policy.js';

export const ${name} = definePolicy({
  facts: {
    id: '${id}',
    summary: '${verbOf(id)} a description on secrets',
    severity: 'low',
    breaks: 'Nobody knows whom to ask before the secret is rotated.',
    fix: 'Say in \`description\` who owns it.',
  },
  types: [typeTokens.awsSecret],
  needs: 'resource',
  check({ resource }) {
    const description = at(resource.properties, 'description');
    if (description.kind === 'unknown') return { is: 'undecided', because: \`the description of \${resource.name} is not known\` };
    return text(description) === undefined
      ? { is: 'fail', message: \`\${resource.name} has no description.\`, property: 'description' }
      : pass;
  },
});
`,
    [`policies/src/policies/${id}.test.ts`]: `import { typeTokens } from '@keyturn/plan';
import { describe, expect, it } from 'vitest';
import { modelOf, resource, says } from '../testing.js';
import { ${name} } from './${id}.js';

const secret = (properties: object) => resource(typeTokens.awsSecret, 'db', properties);

describe('${id}', () => {
  it('says nothing about a secret with a description', () => {
    expect(says(${name}, modelOf(secret({ description: 'payments team' })))).toEqual([]);
  });

  it('names a secret without one', () => {
    expect(says(${name}, modelOf(secret({})))).toEqual(['db has no description. Say in \`description\` who owns it.']);
  });
});
`,
    [`docs/rules/${id}.md`]: page(
      'ts',
      "new aws.secretsmanager.Secret('db', {});",
      "new aws.secretsmanager.Secret('db', { description: 'payments team' });",
    ),
  };
}

export function lintRuleFiles(id: string): Readonly<Record<string, string>> {
  return {
    [`lint-rules/src/rules/${id}.ts`]: `import type { TSESTree } from '@typescript-eslint/utils';
import { createRule } from '../create-rule.js';

export default createRule<[], 'found'>({
  facts: {
    id: '${id}',
    summary: '${verbOf(id)} a call of rotateNow in application code',
    severity: 'low',
    breaks: 'Two instances that rotate at once re-key each other.',
    fix: 'Let the host of the rotation engine do it.',
  },
  recommended: false,
  messages: { found: '\`rotateNow\` is called in application code. Let the host of the rotation engine do it.' },
  schema: [],
  defaultOptions: [],
  create(context) {
    if (!context.sourceCode.text.includes('rotateNow')) return {};
    return {
      CallExpression(node: TSESTree.CallExpression): void {
        if (node.callee.type !== 'Identifier' || node.callee.name !== 'rotateNow') return;
        context.report({ node, messageId: 'found' });
      },
    };
  },
});
`,
    [`lint-rules/src/rules/${id}.test.ts`]: `import { RuleTester } from '@typescript-eslint/rule-tester';
import { afterAll, describe, it } from 'vitest';
import rule from './${id}.js';

Object.assign(RuleTester, { afterAll, describe, it, itOnly: it.only });

new RuleTester().run('${id}', rule, {
  valid: [{ name: 'some other call', code: 'rotateLater();' }],
  invalid: [{ name: 'a call', code: 'rotateNow();', errors: [{ messageId: 'found' }] }],
});
`,
    [`docs/rules/${id}.md`]: page('js', 'rotateNow();', 'rotateLater();'),
  };
}

function verbOf(id: string): string {
  return id.startsWith('require-') ? 'Require' : 'Disallow';
}

function page(language: string, incorrect: string, correct: string): string {
  return `## Incorrect\n\n\`\`\`${language}\n${incorrect}\n\`\`\`\n\n## Correct\n\n\`\`\`${language}\n${correct}\n\`\`\`\n\n## What it cannot know\n\nWhat the rule does when a value is unknown, and what it gets wrong.\n`;
}
