import type { Finding, FindingPlace } from '@keyturn/findings';

import { isNode, newExpressions, type Node } from './new-expressions.js';

/**
 * Where the property of a finding is written, inside the `new …(…)` that the finding is about: the policy knows the line of the resource,
 * and a person writes a comment above the setting. Nothing where the arguments are made elsewhere.
 */
export function settingPlaces(sourceOf: (file: string) => string | undefined): (finding: Finding) => FindingPlace[] {
  const files = new Map<string, readonly Node[]>();
  return ({ place: { file, line }, property }) => {
    if (property === undefined || !/\.[cm]?[jt]sx?$/.test(file)) return [];
    const known = files.get(file) ?? newExpressions(sourceOf(file) ?? '', file);
    files.set(file, known);
    return known
      .filter(({ loc }) => loc.start.line === line)
      .flatMap(({ arguments: given }) => {
        const found = Array.isArray(given)
          ? given.map((each: unknown) => lineOf(each, stepsOf(property))).find((at) => at !== undefined)
          : undefined;
        return found === undefined ? [] : [{ file, line: found }];
      });
  };
}

function stepsOf(property: string): readonly string[] {
  return property.split(/[.[\]]+/).filter((step) => step !== '');
}

/** The line of the innermost step that is written out. */
function lineOf(value: unknown, [step, ...rest]: readonly string[]): number | undefined {
  if (step === undefined || !isNode(value)) return undefined;
  if (value.type === 'ObjectExpression' && Array.isArray(value['properties'])) {
    const entry = value['properties'].find((each: unknown) => isNode(each) && nameOf(each) === step) as unknown;
    return isNode(entry) ? (lineOf(entry['value'], rest) ?? entry.loc.start.line) : undefined;
  }
  if (value.type === 'ArrayExpression' && Array.isArray(value['elements'])) {
    const element: unknown = value['elements'][Number(step)];
    return isNode(element) ? (lineOf(element, rest) ?? element.loc.start.line) : undefined;
  }
  return undefined;
}

function nameOf({ type, key }: Node): string | undefined {
  if (type !== 'Property' || !isNode(key)) return undefined;
  return String(key['name'] ?? key['value']);
}
