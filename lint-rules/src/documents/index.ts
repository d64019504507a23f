import { policies } from '@keyturn/policies';
import type { LintRule } from '../create-rule.js';
import { policyRule } from './policy-rule.js';

/** Every policy as a rule for documents, by id. */
export const documentRules: Readonly<Record<string, LintRule>> = Object.fromEntries(
  policies.map((policy) => [policy.facts.id, policyRule(policy)]),
);

/** The files that the policies can read. */
export const documentFiles: readonly string[] = [
  '**/*.{yml,yaml}',
  '**/.env',
  '**/.env.*',
  '**/*.env',
  '**/*.env.{example,sample,template,dist,tpl,tmpl}',
  '**/*.{sh,bash,zsh,sql}',
  '**/*.{tmpl,template,envsubst}',
];
