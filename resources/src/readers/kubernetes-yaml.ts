import { isAlias, isMap, isScalar, isSeq, LineCounter, parseAllDocuments, type Document, type Node } from 'yaml';
import type { Place } from '../place.js';
import type { Model, NotAnalysed, Resource } from '../resource.js';
import { absent, text, type ObjectValue, type Value } from '../value.js';

export interface KubernetesYamlOptions {
  /** Path that places name. */
  readonly file: string;
}

/**
 * The resources of a file of Kubernetes manifests: several documents, and lists, are taken apart; every value knows its line.
 * Documents without `apiVersion` and `kind` are no manifests and are left out. A document that is no YAML (a Helm template, for
 * example) is reported in `notAnalysed`.
 */
export function readKubernetesYaml(source: string, { file }: KubernetesYamlOptions): Model {
  const lineCounter = new LineCounter();
  const documents = parseAllDocuments(source, { lineCounter, uniqueKeys: false, merge: true });
  const resources: Resource[] = [];
  const notAnalysed: NotAnalysed[] = [];

  for (const [index, document] of (Array.isArray(documents) ? documents : []).entries()) {
    const error = document.errors[0];
    if (error) {
      const { line, col } = lineCounter.linePos(error.pos[0]);
      notAnalysed.push({
        what: `document ${index + 1} of ${file}`,
        because: `it is not valid YAML (${error.code})`,
        place: { file, line: Math.max(1, line), column: Math.max(1, col) },
      });
      continue;
    }
    const reader = new Reader(document, file, lineCounter);
    const value = reader.read(document.contents);
    for (const manifest of manifestsIn(value)) {
      resources.push(resourceOf(manifest, file, resources.length));
    }
  }
  return { resources, notAnalysed };
}

/** Lists (`kind: List`, `kind: SecretList`) hold manifests in `items`. */
function* manifestsIn(value: Value): Generator<ObjectValue> {
  if (value.kind !== 'object') return;
  const kind = text(value.fields.get('kind') ?? absent);
  if (kind === undefined || text(value.fields.get('apiVersion') ?? absent) === undefined) return;
  const list = value.fields.get('items');
  if (kind.endsWith('List') && list?.kind === 'list') {
    for (const item of list.items) yield* manifestsIn(item);
  } else {
    yield value;
  }
}

function resourceOf(manifest: ObjectValue, file: string, index: number): Resource {
  const apiVersion = text(manifest.fields.get('apiVersion') ?? absent) ?? '';
  const kind = text(manifest.fields.get('kind') ?? absent) ?? '';
  const metadata = manifest.fields.get('metadata');
  const field = (key: string) => text((metadata?.kind === 'object' ? metadata.fields.get(key) : undefined) ?? absent);
  const name = field('name') ?? field('generateName') ?? `${kind.toLowerCase()}-${index + 1}`;
  const namespace = field('namespace');
  const type = `kubernetes:${apiVersion.includes('/') ? apiVersion : `core/${apiVersion}`}:${kind}`;
  const properties = kind === 'Secret' && apiVersion === 'v1' ? withSecretData(manifest) : manifest;
  return {
    urn: `urn:keyturn:kubernetes-yaml::${file}::${type}::${namespace === undefined ? name : `${namespace}/${name}`}`,
    type,
    name,
    properties,
    ...(manifest.place ? { place: manifest.place } : {}),
    dependencies: [],
    propertyDependencies: new Map(),
    ignoreChanges: [],
    remote: false,
    custom: true,
  };
}

function withSecretData(manifest: ObjectValue): ObjectValue {
  const fields = new Map(manifest.fields);
  for (const key of ['data', 'stringData']) {
    const data = fields.get(key);
    if (data) fields.set(key, markSecret(data));
  }
  return { ...manifest, fields };
}

function markSecret(value: Value): Value {
  if (value.kind === 'absent') return value;
  if (value.kind === 'object') {
    return {
      ...value,
      secret: true,
      fields: new Map([...value.fields].map(([key, field]) => [key, markSecret(field)])),
    };
  }
  if (value.kind === 'list') return { ...value, secret: true, items: value.items.map(markSecret) };
  return { ...value, secret: true };
}

/** Values with places, from the nodes of one document. */
class Reader {
  readonly #document: Document;
  readonly #file: string;
  readonly #lines: LineCounter;
  /** Aliases can stand for one another many times over; past this many values the file is cut off. */
  #left = 200_000;

  constructor(document: Document, file: string, lines: LineCounter) {
    this.#document = document;
    this.#file = file;
    this.#lines = lines;
  }

  read(node: unknown, place?: Place, depth = 0): Value {
    if (node === null || node === undefined) return this.#known(null, place);
    if (this.#left-- <= 0 || depth > 200) {
      return { kind: 'unknown', because: 'the file is nested too deeply', ...this.#marks(place) };
    }
    if (isAlias(node)) return this.read(node.resolve(this.#document), this.#placeOf(node), depth + 1);
    if (isScalar(node)) return this.#scalar(node.value, place ?? this.#placeOf(node));
    const here = place ?? this.#placeOf(node);
    if (isSeq(node)) {
      return {
        kind: 'list',
        items: node.items.map((item) => this.read(item, undefined, depth + 1)),
        ...this.#marks(here),
      };
    }
    if (isMap(node)) {
      const fields = new Map<string, Value>();
      for (const pair of node.items) {
        if (isMerge(pair.key)) {
          for (const [key, value] of this.#merged(pair.value, depth)) if (!fields.has(key)) fields.set(key, value);
          continue;
        }
        const key = isScalar(pair.key) ? String(pair.key.value) : String(pair.key);
        // A finding points at the line of the key: that is where a person looks for `password:`.
        fields.set(key, this.read(pair.value, this.#placeOf(pair.key), depth + 1));
      }
      return { kind: 'object', fields, ...this.#marks(here) };
    }
    return { kind: 'unknown', because: 'this kind of YAML node cannot be read', ...this.#marks(here) };
  }

  #merged(node: unknown, depth: number): ReadonlyMap<string, Value> {
    const value = this.read(node, undefined, depth + 1);
    if (value.kind === 'object') return value.fields;
    const merged = new Map<string, Value>();
    if (value.kind === 'list') {
      for (const item of value.items) {
        if (item.kind !== 'object') continue;
        for (const [key, field] of item.fields) if (!merged.has(key)) merged.set(key, field);
      }
    }
    return merged;
  }

  #scalar(value: unknown, place: Place | undefined): Value {
    if (value === null || typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number') {
      return this.#known(value, place);
    }
    return this.#known(value instanceof Date ? value.toISOString() : String(value), place);
  }

  #known(value: string | number | boolean | null, place: Place | undefined): Value {
    return { kind: 'known', value, ...this.#marks(place) };
  }

  #marks(place: Place | undefined) {
    return { secret: false, provenance: { kind: 'literal' } as const, ...(place ? { place } : {}) };
  }

  #placeOf(node: unknown): Place | undefined {
    const range = (node as Partial<Node> | null)?.range;
    if (!range) return undefined;
    const { line, col } = this.#lines.linePos(range[0]);
    return line === 0 ? undefined : { file: this.#file, line, column: col };
  }
}

function isMerge(key: unknown): boolean {
  if (!isScalar(key)) return false;
  return key.value === '<<' || (typeof key.value === 'symbol' && key.value.description === '<<');
}
