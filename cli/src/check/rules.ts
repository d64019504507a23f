import type { RuleFacts } from '@keyturn/findings';
import { exceptionRules } from '@keyturn/findings/exceptions';
import { lintRuleFacts } from '@keyturn/eslint-plugin';
import plugin from '@keyturn/eslint-plugin';
import { policies } from '@keyturn/policies';

import { didYouMean } from '../did-you-mean.js';

export type RuleKind = 'policy' | 'lint' | 'exception';

/** A rule of either kind, and the JSON Schema of its options. */
export interface Rule {
  readonly kind: RuleKind;
  readonly facts: RuleFacts;
  readonly options?: object;
}

/** Every rule that `keyturn check` knows, by id. */
export function allRules(): readonly Rule[] {
  const rules: Rule[] = [
    ...policies.map(({ facts, options }) => ({ kind: 'policy' as const, facts, ...(options ? { options } : {}) })),
    ...lintRuleFacts.map((facts) => ({ kind: 'lint' as const, facts, ...lintOptions(facts.id) })),
    ...exceptionRules.map((facts) => ({ kind: 'exception' as const, facts })),
  ];
  return rules.sort((a, b) => (a.facts.id < b.facts.id ? -1 : 1));
}

function lintOptions(id: string): { readonly options?: object } {
  const schema: unknown = plugin.rules[id]?.meta.schema;
  const options: unknown = Array.isArray(schema) ? schema[0] : undefined;
  return typeof options === 'object' && options !== null ? { options } : {};
}

/** The rule with that id, its plugin prefix left out or not; the answer for none says what was probably meant. */
export function findRule(id: string, rules: readonly Rule[]): Rule | string {
  const bare = id.replace(/^keyturn\//, '');
  const found = rules.find(({ facts }) => facts.id === bare);
  if (found) return found;
  const renamed = rules.find(({ facts }) => facts.deprecatedIds?.includes(bare));
  if (renamed) return `The rule "${bare}" is called "${renamed.facts.id}" now.`;
  return `There is no rule "${bare}".${didYouMean(
    bare,
    rules.map(({ facts }) => facts.id),
  )}`;
}
