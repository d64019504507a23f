import { type RuleFacts, defaultLevel } from '@keyturn/findings';
import { textFiles } from '@keyturn/resources';
import type { TSESLint } from '@typescript-eslint/utils';
import type { LintRule } from './create-rule.js';
import { documentRules } from './documents/index.js';
import { documentLanguage } from './documents/language.js';
import { exceptionLintRules } from './exceptions/exception-rules.js';
import { rules } from './rules/index.js';

export type { LintRule, RuleDocs } from './create-rule.js';

/** What each rule says about itself: id, summary, severity, what breaks and how to fix it. */
export const lintRuleFacts: readonly RuleFacts[] = Object.values(rules).map((each) => each.facts);

/** The plugin: `rules`, the language `document`, and flat configs for sources (`recommended`, `strict`) and for documents. */
export interface Plugin {
  readonly meta: { readonly name: string; readonly version: string; readonly namespace: string };
  readonly rules: Readonly<Record<string, LintRule>>;
  readonly languages: Readonly<Record<'document', object>>;
  readonly configs: Readonly<
    Record<
      'recommended' | 'recommendedTypeChecked' | 'strict' | 'strictTypeChecked' | 'documents' | 'documentsStrict',
      TSESLint.FlatConfig.Config
    >
  >;
}

const meta = { name: '@keyturn/eslint-plugin', version: '0.1.0', namespace: 'keyturn' } as const;

function configOf(preset: 'recommended' | 'strict'): TSESLint.FlatConfig.Config {
  const levels: Record<string, 'error' | 'warn'> = {};
  for (const { facts, meta: about } of [...Object.values(rules), ...Object.values(exceptionLintRules)]) {
    if (preset === 'recommended' && !about.docs?.recommended) continue;
    const level = defaultLevel(facts.severity, preset);
    if (level !== 'off') levels[`keyturn/${facts.id}`] = level === 'block' ? 'error' : 'warn';
  }
  return { name: `keyturn/${preset}`, plugins: { keyturn: itself }, rules: levels };
}

/** The same rules for TypeScript files, with type information from the parser of typescript-eslint, which the user's configuration sets. */
function typeChecked(config: TSESLint.FlatConfig.Config): TSESLint.FlatConfig.Config {
  return {
    ...config,
    name: `${config.name ?? 'keyturn'}-type-checked`,
    files: ['**/*.{ts,tsx,mts,cts}'],
    languageOptions: { parserOptions: { projectService: true } },
  };
}

/** YAML, `.env` files and scripts: the policies that `keyturn check` runs, over one file at a time. */
function documentConfigOf(preset: 'recommended' | 'strict'): TSESLint.FlatConfig.Config {
  const levels: Record<string, 'error' | 'warn'> = {};
  for (const { facts } of [...Object.values(documentRules), ...Object.values(exceptionLintRules)]) {
    const level = defaultLevel(facts.severity, preset);
    if (level !== 'off') levels[`keyturn/${facts.id}`] = level === 'block' ? 'error' : 'warn';
  }
  return {
    name: `keyturn/documents-${preset}`,
    files: [...textFiles],
    plugins: { keyturn: itself },
    language: 'keyturn/document',
    rules: levels,
  } as TSESLint.FlatConfig.Config;
}

const everyRule = { ...documentRules, ...rules, ...exceptionLintRules };
const languages = { document: documentLanguage };

const itself: TSESLint.FlatConfig.Plugin = {
  meta,
  rules: everyRule as unknown as NonNullable<TSESLint.FlatConfig.Plugin['rules']>,
  ...{ languages },
};

const plugin: Plugin = {
  meta,
  rules: everyRule,
  languages,
  configs: {
    recommended: configOf('recommended'),
    strict: configOf('strict'),
    recommendedTypeChecked: typeChecked(configOf('recommended')),
    strictTypeChecked: typeChecked(configOf('strict')),
    documents: documentConfigOf('recommended'),
    documentsStrict: documentConfigOf('strict'),
  },
};
export default plugin;
