import type { Place } from '../place.js';
import type { Fallback, Value } from '../value.js';

/** A text in which `$NAME` and `${NAME}` stand for variables. One that is nothing but a variable is not known, and comes from there. */
export function textOfShell(text: string, { expands, place }: { expands: boolean; place: Place }): Value {
  const fallback = expands ? fallbackOf(text) : undefined;
  const variable = expands ? onlyVariableOf(text) : undefined;
  const marks = { secret: false, place, ...(fallback ? { fallback } : {}) };
  if (variable !== undefined) {
    const provenance = { kind: 'environment', name: variable } as const;
    return { kind: 'unknown', because: `the environment sets ${variable}`, provenance, ...marks };
  }
  return { kind: 'known', value: text, provenance: { kind: 'literal' }, ...marks };
}

/** What a text is where nothing sets its variables; nothing for a text without a default that is written out. */
export function fallbackOf(text: string): Fallback | undefined {
  if (!text.includes('${')) return undefined;
  const filled = fill(text, 0);
  return filled.variables.length > 0 ? filled : undefined;
}

const deepest = 10;

function fill(text: string, depth: number): Fallback {
  const variables: { name: string; text: string }[] = [];
  let out = '';
  let from = 0;
  for (const { start, end, name, operator, operand } of expansionsIn(text)) {
    if (!/^:?[-=]$/.test(operator) || depth > deepest) continue;
    const inner = fill(operand, depth + 1);
    variables.push(...inner.variables);
    if (!/\$[{A-Za-z_]/.test(inner.text)) variables.push({ name, text: inner.text });
    out += text.slice(from, start) + inner.text;
    from = end;
  }
  return { text: out + text.slice(from), variables };
}

function onlyVariableOf(text: string): string | undefined {
  const plain = /^\$([A-Za-z_]\w*)$/.exec(text)?.[1];
  if (plain !== undefined) return plain;
  const [first] = expansionsIn(text);
  return first?.start === 0 && first.end === text.length ? first.name : undefined;
}

interface Expansion {
  readonly start: number;
  readonly end: number;
  readonly name: string;
  /** Empty for `${NAME}`. */
  readonly operator: string;
  /** What stands behind the operator, without quotes around it. */
  readonly operand: string;
}

/** `${…}` in order; what is inside one is its operand. `$${` is a dollar sign and no variable. */
function* expansionsIn(text: string): Generator<Expansion> {
  const opening = /\$\$|\$\{([A-Za-z_]\w*)(:?[-=?+]|(?=\}))/g;
  for (let match = opening.exec(text); match; match = opening.exec(text)) {
    const [all, name, operator = ''] = match;
    if (name === undefined) continue;
    const close = closingBrace(text, match.index + all.length);
    if (close === -1) return;
    const operand = text.slice(match.index + all.length, close).replace(/^(["'])(.*)\1$/s, '$2');
    yield { start: match.index, end: close + 1, name, operator, operand };
    opening.lastIndex = close + 1;
  }
}

function closingBrace(text: string, from: number): number {
  let open = 1;
  for (let at = from; at < text.length; at++) {
    if (text.startsWith('${', at)) open++;
    else if (text.charAt(at) === '}' && --open === 0) return at;
  }
  return -1;
}
