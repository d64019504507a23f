import { createRequire } from 'node:module';

import type * as Parser from '@typescript-eslint/parser';

// It loads TypeScript, and most checks parse nothing here.
const require = createRequire(import.meta.url);
const parser = (): typeof Parser => require('@typescript-eslint/parser') as typeof Parser;

/** A node of a syntax tree, as far as it is looked at here. */
export interface Node {
  readonly type: string;
  readonly loc: { readonly start: { readonly line: number }; readonly end: { readonly line: number } };
  readonly [key: string]: unknown;
}

export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && 'loc' in value;
}

/** Every `new …(…)` in a file; none in one that cannot be parsed. */
export function newExpressions(source: string, file: string): readonly Node[] {
  const found: Node[] = [];
  const walk = (value: unknown): void => {
    if (Array.isArray(value)) for (const item of value) walk(item);
    if (!isNode(value)) return;
    if (value.type === 'NewExpression') found.push(value);
    for (const [key, child] of Object.entries(value)) if (key !== 'parent' && key !== 'loc') walk(child);
  };
  try {
    walk(parser().parse(source, { loc: true, sourceType: 'module', ecmaFeatures: { jsx: /x$/.test(file) } }).body);
  } catch {
    // It could be parsed a moment ago; without its lines nothing is left out.
  }
  return found;
}
