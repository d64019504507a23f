import { policies } from '@keyturn/policies';
import type { LintRule } from '../create-rule.js';
import { policyRule } from './policy-rule.js';

/** Every policy as a rule for documents, by id. */
export const documentRules: Readonly<Record<string, LintRule>> = Object.fromEntries(
  policies.map((policy) => [policy.facts.id, policyRule(policy)]),
);
