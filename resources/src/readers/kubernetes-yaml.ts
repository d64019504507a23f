import { LineCounter, parseAllDocuments } from 'yaml';
import type { Model, NotAnalysed, Resource } from '../resource.js';
import { absent, at, text, type ObjectValue, type Value } from '../value.js';
import { isHelmTemplate, maskTemplate, withNames } from './helm-template.js';
import { YamlValues } from './yaml-values.js';

export interface KubernetesYamlOptions {
  /** Path that places name. */
  readonly file: string;
}

/**
 * The resources of a file of Kubernetes manifests: several documents, and lists, are taken apart; every value knows its line.
 * Documents without `apiVersion` and `kind` are no manifests and are left out. In a template of a Helm chart, the values that it fills in
 * are unknown. A document that is no YAML, or becomes YAML only when it is filled in, is reported in `notAnalysed`.
 */
export function readKubernetesYaml(source: string, { file }: KubernetesYamlOptions): Model {
  const lineCounter = new LineCounter();
  const template = isHelmTemplate(source) ? source : undefined;
  const documents = parseAllDocuments(template === undefined ? source : maskTemplate(template), {
    lineCounter,
    uniqueKeys: false,
    merge: true,
  });
  const resources: Resource[] = [];
  const notAnalysed: NotAnalysed[] = [];

  for (const [index, document] of (Array.isArray(documents) ? documents : []).entries()) {
    const error = document.errors[0];
    if (error) {
      const { line, col } = lineCounter.linePos(error.pos[0]);
      notAnalysed.push({
        what: `document ${index + 1} of ${file}`,
        because: template === undefined ? `it is not valid YAML (${error.code})` : onlyLater,
        place: { file, line: Math.max(1, line), column: Math.max(1, col) },
      });
      continue;
    }
    const reader = new YamlValues(document, file, lineCounter, template);
    const value = withNames(reader.read(document.contents), reader.written);
    const because = whyUntold(value);
    if (because !== undefined) {
      const line = value.kind === 'absent' ? undefined : value.place?.line;
      notAnalysed.push({ what: `document ${index + 1} of ${file}`, because, place: { file, line: line ?? 1 } });
    }
    for (const manifest of manifestsIn(value)) {
      resources.push(resourceOf(manifest, file, resources.length));
    }
    if (notAnalysed.every(({ extent }) => extent !== 'whole')) notAnalysed.push(...reader.cutOff);
  }
  return { resources, notAnalysed };
}

const onlyLater =
  'it is a template of Helm that becomes YAML only when it is filled in; check what `helm template` prints';

/** Why a document of a chart cannot be told to be a manifest, or to be none. */
function whyUntold(value: Value): string | undefined {
  if (value.kind === 'unknown') return value.because === 'the chart fills it in' ? onlyLater : undefined;
  const given = ['apiVersion', 'kind'].find((key) => at(value, key).kind === 'unknown');
  return given === undefined
    ? undefined
    : `a template fills in its \`${given}\`, so it cannot be told what it is; check what \`helm template\` prints`;
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
