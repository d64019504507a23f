import { absent, type Place, type Value } from '@keyturn/resources';

export type Path = readonly (string | number)[];

/** `['spec', 'containers', 0, 'env']` is `spec.containers[0].env`. Keys that are no plain names are quoted. */
export function formatPath(path: Path): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else if (/^[A-Za-z_$][\w$]*$/.test(part)) text += text === '' ? part : `.${part}`;
    else text += `["${part.replaceAll('"', '\\"')}"]`;
  }
  return text;
}

/**
 * Every value that a pattern reaches, with its path. `*` stands for every item of a list or every field of an object.
 * An unknown on the way is returned as it is, at the place where it stands; an absent one is left out.
 */
export function* select(
  value: Value,
  pattern: readonly string[],
  path: Path = [],
): Generator<{ path: Path; value: Value }> {
  if (value.kind === 'absent') return;
  const [first, ...rest] = pattern;
  if (first === undefined || value.kind === 'unknown') {
    yield { path, value };
  } else if (first === '*') {
    if (value.kind === 'list') {
      for (const [index, item] of value.items.entries()) yield* select(item, rest, [...path, index]);
    } else if (value.kind === 'object') {
      for (const [key, field] of value.fields) yield* select(field, rest, [...path, key]);
    }
  } else if (value.kind === 'object') {
    yield* select(value.fields.get(first) ?? absent, rest, [...path, first]);
  } else if (value.kind === 'list') {
    // Some providers write a block of at most one as a list, others as an object.
    for (const [index, item] of value.items.entries()) yield* select(item, pattern, [...path, index]);
  }
}

/** Where a value is written, when its reader knows. */
export function placeOf(value: Value): Place | undefined {
  return value.kind === 'absent' ? undefined : value.place;
}
