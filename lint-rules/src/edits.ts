import type { TSESLint, TSESTree } from '@typescript-eslint/utils';
import type { Source } from './origin.js';

/** Takes a property out of an object, with the comma that goes with it. */
export function withoutProperty(
  source: Source,
  fixer: TSESLint.RuleFixer,
  property: TSESTree.Property,
): TSESLint.RuleFix {
  const after = source.getTokenAfter(property);
  if (after?.value === ',') {
    const next = source.getTokenAfter(after, { includeComments: true });
    return fixer.removeRange([property.range[0], next ? next.range[0] : after.range[1]]);
  }
  const before = source.getTokenBefore(property);
  return fixer.removeRange([before?.value === ',' ? before.range[0] : property.range[0], property.range[1]]);
}

/** Adds a property at the end of an object. */
export function withProperty(
  source: Source,
  fixer: TSESLint.RuleFixer,
  object: TSESTree.ObjectExpression,
  text: string,
): TSESLint.RuleFix {
  const last = object.properties.at(-1);
  if (!last) return fixer.replaceText(object, `{ ${text} }`);
  const gap = source.text.slice(object.range[0] + 1, object.properties[0]?.range[0] ?? object.range[0] + 1);
  const indent = /\n[ \t]*$/.exec(gap)?.[0];
  const comma = source.getTokenAfter(last)?.value === ',' ? source.getTokenAfter(last) : undefined;
  return fixer.insertTextAfter(
    comma ?? last,
    `${comma ? '' : ','}${indent ?? ' '}${text}${comma && indent ? ',' : ''}`,
  );
}
