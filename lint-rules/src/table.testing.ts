import { RuleTester } from '@typescript-eslint/rule-tester';
import { afterAll, describe, it } from 'vitest';
import type { LintRule } from './create-rule.js';

RuleTester.afterAll = afterAll;
RuleTester.describe = describe;
RuleTester.it = it;

interface Case {
  readonly name: string;
  readonly code: string;
  readonly filename?: string;
  readonly options?: readonly unknown[];
}
interface Wrong extends Case {
  /** The message's id and data, in the order of the source. */
  readonly says: readonly (readonly [id: string, data?: Readonly<Record<string, string>>, line?: number])[];
  /** What each message offers, and the source after it. A suggestion that is not listed fails the test. */
  readonly suggests?: readonly (readonly { readonly messageId: string; readonly output: string }[])[];
}

const tester = new RuleTester({ languageOptions: { parserOptions: { ecmaFeatures: { jsx: true } } } });

/** Runs a table of sources through a rule. */
export function table(
  rule: LintRule,
  cases: { readonly fine: readonly Case[]; readonly wrong: readonly Wrong[] },
): void {
  const filled = ({ name, code, filename, options }: Case) => ({
    name,
    code,
    ...(filename === undefined ? {} : { filename }),
    ...(options === undefined ? {} : { options: options as [] }),
  });
  tester.run(rule.facts.id, rule as never, {
    valid: cases.fine.map(filled),
    invalid: cases.wrong.map((each) => ({
      ...filled(each),
      errors: each.says.map(([messageId, data, line], index) => ({
        messageId,
        ...(data ? { data } : {}),
        ...(line === undefined ? {} : { line }),
        ...(each.suggests?.[index] ? { suggestions: each.suggests[index] } : {}),
      })),
    })) as never,
  });
}
