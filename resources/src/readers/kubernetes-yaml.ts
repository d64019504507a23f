import { LineCounter, parseAllDocuments } from 'yaml';
import type { Model, NotAnalysed, Resource } from '../resource.js';
import { absent, text, type ObjectValue, type Value } from '../value.js';
import { YamlValues } from './yaml-values.js';

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
    const reader = new YamlValues(document, file, lineCounter);
    const value = reader.read(document.contents);
    for (const manifest of manifestsIn(value)) {
      resources.push(resourceOf(manifest, file, resources.length));
    }
    if (notAnalysed.every(({ extent }) => extent !== 'whole')) notAnalysed.push(...reader.cutOff);
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
