import type { Finding } from '@keyturn/findings';
import { parse } from '@typescript-eslint/parser';

interface Lines {
  readonly from: number;
  readonly to: number;
}

/** Lint rules that see in the text what a policy sees in the resource, and that policy. */
const policyOf: ReadonlyMap<string, string> = new Map([
  ['no-hardcoded-credential', 'no-hardcoded-password'],
  ['require-rotation', 'require-rotation-schedule'],
]);
const policies = new Set(policyOf.values());

/**
 * A password written into a resource is seen by the policy, which knows the resource, and by the lint rule, which knows the text; so is a secret that
 * nothing rotates. One mistake is reported once: the policy's finding stays, because it names the resource. A lint finding elsewhere, such as at the
 * constant that the resource is given, stays too: it is where the password has to be taken out.
 */
export function withoutDuplicates(
  findings: readonly Finding[],
  sourceOf: (file: string) => string | undefined,
): readonly Finding[] {
  const byPolicy = new Map<string, Set<number>>();
  for (const { rule, place } of findings) {
    if (!policies.has(rule)) continue;
    const key = keyOf(rule, place.file);
    byPolicy.set(key, (byPolicy.get(key) ?? new Set()).add(place.line));
  }
  const spans = new Map<string, readonly Lines[]>();
  return findings.filter(({ rule, place }) => {
    const policy = policyOf.get(rule);
    const lines = policy === undefined ? undefined : byPolicy.get(keyOf(policy, place.file));
    if (lines === undefined) return true;
    const known = spans.get(place.file) ?? madeIn(sourceOf(place.file), place.file);
    spans.set(place.file, known);
    return !known.some(({ from, to }) => lines.has(from) && from <= place.line && place.line <= to);
  });
}

const keyOf = (rule: string, file: string): string => `${rule} ${file}`;

/** The lines of every `new …(…)` in a file. */
function madeIn(source: string | undefined, file: string): readonly Lines[] {
  if (source === undefined) return [];
  const found: Lines[] = [];
  const walk = (node: unknown): void => {
    if (Array.isArray(node)) for (const item of node) walk(item);
    if (typeof node !== 'object' || node === null || !('type' in node)) return;
    if (node.type === 'NewExpression' && 'loc' in node) {
      const { start, end } = node.loc as { start: { line: number }; end: { line: number } };
      found.push({ from: start.line, to: end.line });
    }
    for (const [key, child] of Object.entries(node)) if (key !== 'parent' && key !== 'loc') walk(child);
  };
  try {
    walk(parse(source, { loc: true, sourceType: 'module', ecmaFeatures: { jsx: /x$/.test(file) } }).body);
  } catch {
    // It could be parsed a moment ago; without its lines nothing is left out.
  }
  return found;
}
