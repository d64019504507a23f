import type { Place } from './place.js';
import type { Provenance } from './provenance.js';

interface Marks {
  /** The program, or the SDK, marked it secret. Says nothing about where it came from. */
  readonly secret: boolean;
  readonly provenance: Provenance;
  /** Where this value itself is written, when the reader knows it (YAML, .env); programs only know their resource's place. */
  readonly place?: Place;
}

/** What a text that holds `${NAME:-default}` is where nothing sets `NAME`. */
export interface Fallback {
  /** The text with its defaults filled in. Variables that have none stand there as they are written. */
  readonly text: string;
  /** The variables whose default is written out. */
  readonly variables: readonly { readonly name: string; readonly text: string }[];
}

export interface KnownValue extends Marks {
  readonly kind: 'known';
  readonly value: string | number | boolean | null;
  readonly fallback?: Fallback;
}

/** Exists, but is not known before the deployment, or was hidden from us (`[secret]`). */
export interface UnknownValue extends Marks {
  readonly kind: 'unknown';
  readonly because: string;
  readonly fallback?: Fallback;
}

export interface ListValue extends Marks {
  readonly kind: 'list';
  readonly items: readonly Value[];
}

export interface ObjectValue extends Marks {
  readonly kind: 'object';
  readonly fields: ReadonlyMap<string, Value>;
}

/** Not written. Never the same as unknown. */
export interface AbsentValue {
  readonly kind: 'absent';
}

export type Value = KnownValue | UnknownValue | ListValue | ObjectValue | AbsentValue;

export const absent: AbsentValue = { kind: 'absent' };

/** The value at a path. An unknown on the way makes the result unknown; a missing field makes it absent. */
export function at(value: Value, ...path: readonly (string | number)[]): Value {
  let current = value;
  for (const key of path) {
    if (current.kind === 'unknown' || current.kind === 'absent') return current;
    if (current.kind === 'object') current = current.fields.get(String(key)) ?? absent;
    else if (current.kind === 'list' && typeof key === 'number') current = current.items[key] ?? absent;
    else return absent;
  }
  return current;
}

/** The text of a known string; `undefined` for everything else. Ask `kind` to tell unknown from absent. */
export function text(value: Value): string | undefined {
  return value.kind === 'known' && typeof value.value === 'string' ? value.value : undefined;
}

/** The number of a known number; `undefined` for everything else. */
export function number(value: Value): number | undefined {
  return value.kind === 'known' && typeof value.value === 'number' ? value.value : undefined;
}

/** The items of a list; none for everything else. */
export function items(value: Value): readonly Value[] {
  return value.kind === 'list' ? value.items : [];
}

/** Every leaf with its path, in order. Lists and objects are walked; unknown and known values are leaves. */
export function* leaves(
  value: Value,
  path: readonly (string | number)[] = [],
): Generator<{ path: readonly (string | number)[]; value: KnownValue | UnknownValue }> {
  if (value.kind === 'list') {
    for (const [index, item] of value.items.entries()) yield* leaves(item, [...path, index]);
  } else if (value.kind === 'object') {
    for (const [key, field] of value.fields) yield* leaves(field, [...path, key]);
  } else if (value.kind !== 'absent') {
    yield { path, value };
  }
}

/** A value tree from plain data, all of one provenance. */
export function valueOf(data: unknown, marks: Marks = { secret: false, provenance: { kind: 'literal' } }): Value {
  if (data === undefined) return absent;
  if (data === null || typeof data === 'string' || typeof data === 'number' || typeof data === 'boolean') {
    return { kind: 'known', value: data, ...marks };
  }
  if (Array.isArray(data)) return { kind: 'list', items: data.map((item) => valueOf(item, marks)), ...marks };
  if (typeof data === 'object') {
    return {
      kind: 'object',
      fields: new Map(Object.entries(data).map(([key, field]) => [key, valueOf(field, marks)])),
      ...marks,
    };
  }
  return { kind: 'unknown', because: `a ${typeof data} cannot be read`, ...marks };
}
