import * as parser from '@typescript-eslint/parser';
import { Linter } from 'eslint';
import { describe, expect, it } from 'vitest';
import plugin from './index.js';

/** Sources by what they show. */
export type Idioms = Readonly<Record<string, string>>;

/** Ways to write something that programs have in common: those that a rule finds, by its message, and those that it leaves alone. */
export function idioms(rule: string, found: Readonly<Record<string, Idioms>>, fine: Idioms): void {
  const linter = new Linter();
  const messages = (code: string) =>
    linter
      .verify(
        code,
        [
          {
            files: ['**/*.tsx'],
            languageOptions: { parser, parserOptions: { ecmaFeatures: { jsx: true } } },
            plugins: { keyturn: plugin as never },
            rules: { [`keyturn/${rule}`]: 'error' },
          },
        ],
        { filename: 'src/main.tsx' },
      )
      .map((each) => each.messageId ?? each.message);

  for (const [id, sources] of Object.entries(found)) {
    describe(`finds ${id} in`, () => {
      it.each(Object.entries(sources))('%s', (_, code) => {
        expect([...new Set(messages(code))]).toEqual([id]);
      });
    });
  }
  it.each(Object.entries(fine))('leaves alone %s', (_, code) => {
    expect(messages(code)).toEqual([]);
  });
}
