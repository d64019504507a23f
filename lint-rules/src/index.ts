import { type RuleFacts, defaultLevel } from '@keyturn/findings';
import type { TSESLint } from '@typescript-eslint/utils';
import type { LintRule } from './create-rule.js';
import { rules } from './rules/index.js';

export type { LintRule, RuleDocs } from './create-rule.js';

/** What each rule says about itself: id, summary, severity, what breaks and how to fix it. */
export const lintRuleFacts: readonly RuleFacts[] = Object.values(rules).map((each) => each.facts);

/** The plugin: `rules`, and the flat configs `recommended` and `strict`. */
export interface Plugin {
  readonly meta: { readonly name: string; readonly version: string; readonly namespace: string };
  readonly rules: Readonly<Record<string, LintRule>>;
  readonly configs: { readonly recommended: TSESLint.FlatConfig.Config; readonly strict: TSESLint.FlatConfig.Config };
}

const meta = { name: '@keyturn/eslint-plugin', version: '0.1.0', namespace: 'keyturn' } as const;

function configOf(preset: 'recommended' | 'strict'): TSESLint.FlatConfig.Config {
  const levels: Record<string, 'error' | 'warn'> = {};
  for (const { facts, meta: about } of Object.values(rules)) {
    if (preset === 'recommended' && !about.docs?.recommended) continue;
    const level = defaultLevel(facts.severity, preset);
    if (level !== 'off') levels[`keyturn/${facts.id}`] = level === 'block' ? 'error' : 'warn';
  }
  return { name: `keyturn/${preset}`, plugins: { keyturn: itself }, rules: levels };
}

const itself: TSESLint.FlatConfig.Plugin = {
  meta,
  rules: rules as unknown as NonNullable<TSESLint.FlatConfig.Plugin['rules']>,
};

const plugin: Plugin = {
  meta,
  rules,
  configs: { recommended: configOf('recommended'), strict: configOf('strict') },
};
export default plugin;
