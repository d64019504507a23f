import { pageOf } from '@keyturn/findings';
import { findRule, type Rule } from '../check/rules.js';
import { UsageError } from '../errors.js';

/**
 * What a rule looks for, what breaks without it and how to fix it.
 * @throws UsageError for a rule there is not.
 */
export function explain(id: string, rules: readonly Rule[]): string {
  const rule = findRule(id, rules);
  if (typeof rule === 'string') throw new UsageError(rule);
  const { facts, kind, options } = rule;
  const lines = [
    `${facts.id} (${kind}, ${facts.severity})`,
    `  ${facts.summary}.`,
    '',
    `  What breaks: ${facts.breaks}`,
    `  What to do:  ${facts.fix}`,
    ...(facts.component === undefined ? [] : [`  Component:   ${facts.component}`]),
    ...(facts.controls === undefined ? [] : [`  Controls:    ${facts.controls.join(', ')}`]),
    ...(facts.equivalents === undefined ? [] : [`  Elsewhere:   ${facts.equivalents.join(', ')}`]),
    ...optionLines(options),
    `  Page:        ${pageOf(facts.id)}`,
  ];
  return `${lines.join('\n')}\n`;
}

function optionLines(options: object | undefined): string[] {
  const properties: unknown = options && 'properties' in options ? options.properties : undefined;
  if (typeof properties !== 'object' || properties === null) return [];
  return Object.entries(properties).map(([name, schema]: [string, unknown]) => {
    const { description, default: fallback } = schema as { description?: string; default?: unknown };
    const preset = fallback === undefined ? '' : ` Default: ${JSON.stringify(fallback)}.`;
    return `  Option:      ${name}: ${(description ?? '').replace(/\.?$/, '.')}${preset}`;
  });
}
