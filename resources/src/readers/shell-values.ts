import type { Place } from '../place.js';
import type { Value } from '../value.js';

/** A text in which `$NAME` and `${NAME}` stand for variables. One that is nothing but a variable is not known, and comes from there. */
export function textOfShell(text: string, { expands, place }: { expands: boolean; place: Place }): Value {
  const name = expands ? /^\$(?:\{([A-Za-z_]\w*)(?::?[-?+][^}]*)?\}|([A-Za-z_]\w*))$/.exec(text) : null;
  const variable = name?.[1] ?? name?.[2];
  if (variable !== undefined) {
    const provenance = { kind: 'environment', name: variable } as const;
    return { kind: 'unknown', because: `the environment sets ${variable}`, secret: false, provenance, place };
  }
  return { kind: 'known', value: text, secret: false, provenance: { kind: 'literal' }, place };
}
