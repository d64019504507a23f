import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { Linter } from 'eslint';
import tsParser from '@typescript-eslint/parser';
import keyturn, { lintRuleFacts } from '@keyturn/eslint-plugin';
import { describe, expect, it } from 'vitest';

const linter = new Linter();

function lint(code: string, id: string): Linter.LintMessage[] {
  return linter.verify(
    code,
    {
      languageOptions: { parser: tsParser },
      plugins: { keyturn: keyturn as never },
      rules: { [`keyturn/${id}`]: 'error' },
    },
    { filename: 'index.js' },
  );
}

/** The samples under a heading of a page. */
function samples(page: string, heading: string): string[] {
  const section = page.split(/^## /m).find((each) => each.startsWith(`${heading}\n`)) ?? '';
  return [...section.matchAll(/^```(?:js|ts|tsx)\n([\s\S]*?)^```/gm)].map((each) => each[1] ?? '');
}

describe.each(lintRuleFacts.map((each) => each.id))('the page of %s', (id) => {
  it('shows code that is found, and code that is not', async () => {
    const page = await readFile(path.join(import.meta.dirname, `../docs/rules/${id}.md`), 'utf8');
    const incorrect = samples(page, 'Incorrect');
    const correct = samples(page, 'Correct');
    expect(incorrect).not.toEqual([]);
    expect(correct).not.toEqual([]);
    for (const code of incorrect)
      expect(
        lint(code, id).map((each) => each.ruleId),
        code,
      ).toContain(`keyturn/${id}`);
    for (const code of correct) expect(lint(code, id), code).toEqual([]);
  });
});
