import { type Policy, check, messageOf } from '@keyturn/policies';
import type { Place } from '@keyturn/resources';
import type { JSONSchema, TSESLint } from '@typescript-eslint/utils';
import { docsOf, type LintRule, type RuleDocs } from '../create-rule.js';
import { accepts, exceptionsOf } from '../exceptions/exceptions.js';
import { pathOf } from '../file-kind.js';
import { modelOf } from './model-of.js';

/** A policy as a rule of the editor: the policy decides, with its id, severity, options, page and exceptions. */
export function policyRule(policy: Policy): LintRule {
  const { facts, options } = policy;
  const rule: TSESLint.RuleModule<'found', readonly unknown[], RuleDocs> & { facts: LintRule['facts'] } = {
    facts,
    meta: {
      type: 'problem',
      docs: docsOf(facts),
      messages: { found: '{{message}}' },
      schema: options ? [options as unknown as JSONSchema.JSONSchema4] : [],
    },
    defaultOptions: [],
    create(context) {
      function look(): void {
        const { text } = context.sourceCode;
        const file = pathOf(context).replaceAll('\\', '/');
        const model = modelOf(text, file);
        if (!model) return;
        const exceptions = exceptionsOf(context);
        exceptions?.ran.add(facts.id);
        for (const { resource, result } of check(policy, model, optionsOf(context.options[0]))) {
          const place = ('place' in result ? result.place : undefined) ?? resource.place;
          if (result.is !== 'fail') continue;
          if (place && exceptions && accepts(exceptions, facts.id, place.line)) continue;
          context.report({
            loc: locOf(place),
            messageId: 'found',
            data: { message: messageOf(policy, result.message) },
          });
        }
      }
      // `Program` is the root under other parsers of YAML.
      return { Document: look, Program: look } as TSESLint.RuleListener;
    },
  };
  return rule as unknown as LintRule;
}

function optionsOf(given: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof given === 'object' && given !== null ? (given as Readonly<Record<string, unknown>>) : undefined;
}

function locOf(place: Place | undefined): { line: number; column: number } | TSESLint.AST.SourceLocation {
  const start = { line: place?.line ?? 1, column: (place?.column ?? 1) - 1 };
  if (place?.endLine === undefined || place.endColumn === undefined) return start;
  return { start, end: { line: place.endLine, column: place.endColumn - 1 } };
}
