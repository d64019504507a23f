import type { Finding } from '@keyturn/findings';

import { newExpressions, type Node } from './new-expressions.js';

/** Lint rules that see in the text what a policy sees in the resource, and that policy. */
const policyOf: ReadonlyMap<string, string> = new Map([
  ['no-hardcoded-credential', 'no-hardcoded-password'],
  ['require-rotation', 'require-rotation-schedule'],
]);
const policies = new Set(policyOf.values());

/**
 * A password written into a resource is seen by the policy, which knows the resource, and by the lint rule, which knows the text; so is a secret that
 * nothing rotates. One mistake is reported once: the policy's finding stays, because it names the resource. A lint finding elsewhere, such as at the
 * constant that the resource is given, stays too: it is where the password has to be taken out. One that somebody accepted is not reported by its other name.
 */
export function withoutDuplicates(
  findings: readonly Finding[],
  accepted: readonly Finding[],
  sourceOf: (file: string) => string | undefined,
): readonly Finding[] {
  const byPolicy = new Map<string, Set<number>>();
  for (const { rule, place } of [...findings, ...accepted]) {
    if (!policies.has(rule)) continue;
    const key = keyOf(rule, place.file);
    byPolicy.set(key, (byPolicy.get(key) ?? new Set()).add(place.line));
  }
  const made = new Map<string, readonly Node[]>();
  return findings.filter(({ rule, place }) => {
    const policy = policyOf.get(rule);
    const lines = policy === undefined ? undefined : byPolicy.get(keyOf(policy, place.file));
    if (lines === undefined) return true;
    const known = made.get(place.file) ?? newExpressions(sourceOf(place.file) ?? '', place.file);
    made.set(place.file, known);
    return !known.some(
      ({ loc: { start, end } }) => lines.has(start.line) && start.line <= place.line && place.line <= end.line,
    );
  });
}

const keyOf = (rule: string, file: string): string => `${rule} ${file}`;
