import type { Place } from '../place.js';
import type { Resource } from '../resource.js';
import type { Value } from '../value.js';

interface Given {
  readonly reader: string;
  readonly type: string;
  readonly name: string;
  readonly place: Place;
  /** Texts and switches are literals at the place of the resource. */
  readonly fields: Readonly<Record<string, Value | string | boolean>>;
}

/** A resource that stands in a file of its own kind, and depends on nothing. */
export function resourceInFile({ reader, type, name, place, fields }: Given): Resource {
  const marks = { secret: false, provenance: { kind: 'literal' }, place } as const;
  const values = Object.entries(fields).map(([key, field]): [string, Value] => [
    key,
    typeof field === 'object' ? field : { kind: 'known', value: field, ...marks },
  ]);
  return {
    urn: `urn:keyturn:${reader}::${place.file}::${type}::${name}`,
    type,
    name,
    properties: { kind: 'object', fields: new Map(values), ...marks },
    place,
    dependencies: [],
    propertyDependencies: new Map(),
    ignoreChanges: [],
    remote: false,
    custom: true,
  };
}
