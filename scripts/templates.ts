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
import { modelOf, resource, says, unknown } from '../testing.js';
import { ${name} } from './${id}.js';

const secret = (properties: object) => resource(typeTokens.awsSecret, 'db', properties);

describe('${id}', () => {
  it.each(['payments team', 'orders team'])('says nothing about a secret with the description %s', (description) => {
    expect(says(${name}, modelOf(secret({ description })))).toEqual([]);
  });

  it('does not decide before the description is known', () => {
    expect(says(${name}, modelOf(secret({ description: unknown })))).toEqual(['undecided: the description of db is not known']);
  });

  it.each([{}, { name: 'shop/db' }])('names a secret without one: %o', (properties) => {
    expect(says(${name}, modelOf(secret(properties)))).toEqual(['fail: db has no description.']);
  });
});
`,
    [`docs/rules/${id}.md`]: page(
      [
        sample('ts', "new aws.secretsmanager.Secret('db', {});"),
        sample('yaml', 'resources:\n  db:\n    type: aws:secretsmanager:Secret'),
        sample('yaml', 'resources:\n  db:\n    type: aws:secretsmanager:Secret\n    properties: { name: shop/db }'),
      ],
      [
        sample('ts', "new aws.secretsmanager.Secret('db', { description: 'payments team' });"),
        sample(
          'yaml',
          'resources:\n  db:\n    type: aws:secretsmanager:Secret\n    properties: { description: payments team }',
        ),
        sample(
          'yaml',
          'resources:\n  db:\n    type: aws:secretsmanager:Secret\n    properties: { name: shop/db, description: orders team }',
        ),
      ],
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
    [`docs/rules/${id}.md`]: page([sample('js', 'rotateNow();')], [sample('js', 'rotateLater();')]),
  };
}

function verbOf(id: string): string {
  return id.startsWith('require-') ? 'Require' : 'Disallow';
}

function sample(language: string, code: string): string {
  return `\`\`\`${language}\n${code}\n\`\`\``;
}

function page(incorrect: readonly string[], correct: readonly string[]): string {
  return `## Incorrect\n\n${incorrect.join('\n\n')}\n\n## Correct\n\n${correct.join('\n\n')}\n\n## What it cannot know\n\nWhat the rule does when a value is unknown.\n\n## Known false positives\n\nWhat it gets wrong.\n`;
}
