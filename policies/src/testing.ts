import {
  readKubernetesYaml,
  valueOf,
  type Model,
  type ObjectValue,
  type Provenance,
  type Resource,
  type Value,
} from '@keyturn/resources';
import { check } from './evaluate.js';
import type { Policy } from './policy.js';

/** A value that only the deployment knows, made from the given resources. */
export class Output {
  readonly urns: readonly string[];
  constructor(...urns: readonly string[]) {
    this.urns = urns;
  }
}

/** A value of a given origin. */
export class Origin {
  readonly provenance: Provenance;
  readonly value: unknown;
  constructor(provenance: Provenance, value?: unknown) {
    this.provenance = provenance;
    this.value = value;
  }
}

/** A value about which nothing is known. */
export const unknown = new Origin({ kind: 'unknown' });

export function urnOf(type: string, name: string): string {
  return `urn:pulumi:test::app::${type}::${name}`;
}

/** A resource as a program registers it. Property dependencies come from the outputs in its properties. */
export function resource(type: string, name: string, properties: object = {}, more: Partial<Resource> = {}): Resource {
  const propertyDependencies = new Map<string, readonly string[]>();
  for (const [key, value] of Object.entries(properties)) {
    const urns = [...urnsIn(value)];
    if (urns.length > 0) propertyDependencies.set(key, urns);
  }
  const value = read(properties);
  if (value.kind !== 'object') throw new TypeError('Properties of a resource must be an object.');
  return {
    urn: urnOf(type, name),
    type,
    name,
    properties: value,
    dependencies: [...propertyDependencies.values()].flat(),
    propertyDependencies,
    ignoreChanges: [],
    remote: false,
    custom: true,
    ...more,
  };
}

function* urnsIn(value: unknown): Generator<string> {
  if (value instanceof Output) yield* value.urns;
  else if (typeof value === 'object' && value !== null && !(value instanceof Origin)) {
    for (const field of Object.values(value)) yield* urnsIn(field);
  }
}

function read(data: unknown): Value {
  if (data instanceof Output) {
    return {
      kind: 'unknown',
      because: 'it is an output of a resource',
      secret: false,
      provenance: { kind: 'resource-output', urns: data.urns },
    };
  }
  if (data instanceof Origin) {
    const marks = { secret: false, provenance: data.provenance };
    return data.value === undefined
      ? { kind: 'unknown', because: 'the deployment decides', ...marks }
      : valueOf(data.value, marks);
  }
  const marks = { secret: false, provenance: { kind: 'literal' } as const };
  if (Array.isArray(data)) return { kind: 'list', items: data.map(read), ...marks };
  if (typeof data === 'object' && data !== null) {
    const entries = Object.entries(data).filter(([, field]) => field !== undefined);
    return { kind: 'object', fields: new Map(entries.map(([key, field]) => [key, read(field)])), ...marks };
  }
  return valueOf(data, marks);
}

export function modelOf(...resources: readonly Resource[]): Model {
  return { resources, notAnalysed: [] };
}

export function yaml(source: string): Model {
  return readKubernetesYaml(source, { file: 'app.yaml' });
}

/** What a policy says about a model: `fail: …`, `undecided: …`, `not applicable: …`, or `pass`; one line per result. */
export function says(policy: Policy, model: Model, options?: Readonly<Record<string, unknown>>): string[] {
  const lines = [...check(policy, model, options)].flatMap(({ result }) => {
    switch (result.is) {
      case 'fail':
        return [`fail: ${result.message}`];
      case 'undecided':
        return [`undecided: ${result.because}`];
      case 'not-applicable':
        return [`not applicable: ${result.because}`];
      case 'pass':
        return [];
    }
  });
  return lines;
}

/** The model with one value made unknown, and nothing left that would give it away. */
export function hidden(model: Model | undefined, name: string, path: readonly (string | number)[]): Model {
  if (!model) throw new TypeError('There is no such sample.');
  const resources = model.resources.map((each) =>
    each.name === name
      ? {
          ...each,
          properties: hide(each.properties, path) as ObjectValue,
          propertyDependencies: new Map<string, string[]>(),
        }
      : each,
  );
  return { ...model, resources };
}

function hide(value: Value, [first, ...rest]: readonly (string | number)[]): Value {
  if (first === undefined)
    return { kind: 'unknown', because: 'hidden', secret: false, provenance: { kind: 'unknown' } };
  if (value.kind === 'list')
    return { ...value, items: value.items.map((item, index) => (index === first ? hide(item, rest) : item)) };
  if (value.kind !== 'object') return value;
  return {
    ...value,
    fields: new Map([...value.fields].map(([key, field]) => [key, key === first ? hide(field, rest) : field])),
  };
}
