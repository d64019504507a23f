import type { Fallback, Value } from '../value.js';

const expression = /^\$\{\{((?:(?!\$\{\{)[\s\S])*)\}\}$/;
const context = /^[A-Za-z_][\w.-]*$/;
const literal = /^'((?:[^']|'')*)'$/;

/**
 * A value that is one expression of GitHub Actions is not known. Where no literal is in it, it comes from what it names; a literal behind
 * `||` is what it falls back to; where else a literal stands in it, nothing is known.
 */
export function expressionsOf(value: Value): Value {
  if (value.kind !== 'known' || typeof value.value !== 'string') return value;
  const inner = expression.exec(value.value.trim())?.[1]?.trim();
  if (inner === undefined) return value;
  const operands = inner.split('||').map((operand) => operand.trim());
  const [name = ''] = operands;
  const last = literal.exec(operands.at(-1) ?? '')?.[1];
  const fallsBack =
    last !== undefined && operands.length > 1 && operands.slice(0, -1).every((each) => context.test(each));
  const { secret, place } = value;
  return {
    kind: 'unknown',
    because: 'an expression gives it',
    secret,
    provenance:
      fallsBack || !inner.replaceAll(/\['[^']*'\]/g, '').includes("'")
        ? { kind: 'environment', name }
        : { kind: 'unknown' },
    ...(place ? { place } : {}),
    ...(fallsBack ? { fallback: fallbackOf(name, last) } : {}),
  };
}

function fallbackOf(name: string, written: string): Fallback {
  const text = written.replaceAll("''", "'");
  return { text, variables: [{ name: name.split('.').at(-1) ?? name, text }] };
}
