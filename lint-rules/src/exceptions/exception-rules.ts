import type { RuleFacts } from '@keyturn/findings';
import { type Directive, exceptionRules } from '@keyturn/findings/exceptions';
import type { TSESLint } from '@typescript-eslint/utils';
import { docsOf, type LintRule, type RuleDocs } from '../create-rule.js';
import { type FileExceptions, exceptionsOf } from './exceptions.js';

/** What is wrong with an exception, as a sentence for each rule that it names. */
const judges: Readonly<Record<string, (directive: Directive, about: FileExceptions) => string[]>> = {
  'exception-malformed': ({ problem }) => (problem === undefined ? [] : [`This exception is not honoured. ${problem}`]),
  'exception-expired': ({ problem, rules, until }, { today }) =>
    problem !== undefined || until === undefined || today <= until
      ? []
      : rules.map(
          (rule) => `This exception from \`${rule}\` held until ${until}. Fix the finding, or agree on a new date.`,
        ),
  'exception-unused': (directive, { ran, used, today }) => {
    const { problem, rules, until } = directive;
    if (problem !== undefined || (until !== undefined && until < today)) return [];
    return rules
      .filter((rule) => ran.has(rule) && !used.get(directive)?.has(rule))
      .map((rule) => `This exception from \`${rule}\` covers nothing. Remove it.`);
  },
};

/** The rules about exceptions, for the editor: the same ids, sentences and pages as in `keyturn check`. */
export const exceptionLintRules: Readonly<Record<string, LintRule>> = Object.fromEntries(
  exceptionRules.map((facts) => [facts.id, exceptionRule(facts)]),
);

function exceptionRule(facts: RuleFacts): LintRule {
  const rule: TSESLint.RuleModule<'found', readonly unknown[], RuleDocs> & { facts: RuleFacts } = {
    facts,
    meta: {
      type: 'suggestion',
      docs: docsOf(facts),
      messages: { found: '{{message}}' },
      schema: [],
    },
    defaultOptions: [],
    create(context) {
      const exceptions = exceptionsOf(context);
      if (!exceptions) return {};
      function judge(): void {
        for (const directive of exceptions?.directives ?? []) {
          const { line, column = 1 } = directive.place;
          for (const message of judges[facts.id]?.(directive, exceptions as FileExceptions) ?? [])
            context.report({ loc: { line, column: column - 1 }, messageId: 'found', data: { message } });
        }
      }
      // The longest selector is the last that is called, when every other rule has said what it has to say.
      return {
        'Program[type="Program"][type]:exit': judge,
        'Document[type="Document"][type]:exit': judge,
      } as TSESLint.RuleListener;
    },
  };
  return rule as unknown as LintRule;
}
