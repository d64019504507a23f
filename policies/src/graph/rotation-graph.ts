import { at, text, type Model, type Resource, type Value } from '@keyturn/resources';
import { isOfType } from '../policy.js';
import { awsRotationTypes, AwsSecrets, isSecret } from './aws-rotations.js';
import { kubernetesSourcesIn, writes, type KubernetesSecretSource } from './kubernetes-sources.js';

/** What is certainly linked, and what could be but cannot be told before the deployment. */
export interface Linked<Item> {
  readonly certain: readonly Item[];
  readonly possible: readonly Item[];
}

/** Secret → rotation → delivery → workload, as far as the model shows. */
export interface RotationGraph {
  /** Rotations of a secret of AWS Secrets Manager. */
  rotationsOf(secret: Resource): Linked<Resource>;
  /** The secrets of AWS Secrets Manager that a property of a resource means. */
  secretsOf(resource: Resource, property: string): Linked<Resource>;
  readonly secrets: AwsSecrets;
  /** Secrets of AWS Secrets Manager that a rotation certainly names. */
  readonly rotatingSecrets: readonly Resource[];
  /** What writes the Kubernetes Secret of this name again and again. */
  sourcesOf(secretName: Value, namespace: Value): Linked<KubernetesSecretSource>;
  readonly kubernetesSources: readonly KubernetesSecretSource[];
  /** The resources of one type. */
  ofType(type: string): readonly Resource[];
}

const graphs = new WeakMap<Model, RotationGraph>();

/** The graph of a model, computed once. */
export function rotationGraphOf(model: Model): RotationGraph {
  let graph = graphs.get(model);
  if (!graph) {
    graph = build(model);
    graphs.set(model, graph);
  }
  return graph;
}

function build(model: Model): RotationGraph {
  const byUrn = new Map(model.resources.map((resource) => [resource.urn, resource]));
  const byType = groupBy(model.resources, ({ type }) => type);
  const secrets = new AwsSecrets(byUrn, model.resources.filter(isSecret));
  const rotations = rotationsBySecret(model, secrets);
  const kubernetesSources = kubernetesSourcesIn(model);
  const nothing: Linked<Resource> = { certain: [], possible: rotations.ofAnySecret };

  return {
    secrets,
    kubernetesSources,
    ofType: (type) => byType.get(type) ?? [],
    rotationsOf: (secret) => rotations.bySecret.get(secret.urn) ?? nothing,
    secretsOf: (resource, property) =>
      secrets.meantBy(at(resource.properties, property), resource.propertyDependencies.get(property)),
    rotatingSecrets: secrets.all.filter(({ urn }) => (rotations.bySecret.get(urn)?.certain.length ?? 0) > 0),
    sourcesOf: sourceFinder(kubernetesSources),
  };
}

function rotationsBySecret(model: Model, secrets: AwsSecrets) {
  const certain = new Map<string, Resource[]>();
  const possible = new Map<string, Resource[]>();
  /** Rotations of a secret that nothing is known of: kept once, not once per secret. */
  const ofAnySecret: Resource[] = [];
  const add = (map: Map<string, Resource[]>, urn: string, rotation: Resource) => {
    const list = map.get(urn);
    if (list) list.push(rotation);
    else map.set(urn, [rotation]);
  };
  for (const rotation of model.resources) {
    if (!isOfType(rotation.type, awsRotationTypes)) continue;
    const meant = secrets.meantBy(at(rotation.properties, 'secretId'), rotation.propertyDependencies.get('secretId'));
    for (const secret of meant.certain) add(certain, secret.urn, rotation);
    if (meant.possible === secrets.all) ofAnySecret.push(rotation);
    else for (const secret of meant.possible) add(possible, secret.urn, rotation);
  }
  const urns = new Set([...certain.keys(), ...possible.keys()]);
  const bySecret = new Map<string, Linked<Resource>>(
    [...urns].map((urn) => [
      urn,
      { certain: certain.get(urn) ?? [], possible: [...(possible.get(urn) ?? []), ...ofAnySecret] },
    ]),
  );
  return { bySecret, ofAnySecret };
}

/** Sources by the name they write; those whose name is not known are asked every time. */
function sourceFinder(sources: readonly KubernetesSecretSource[]): RotationGraph['sourcesOf'] {
  const byName = groupBy(sources, ({ secretName }) => text(secretName) ?? '');
  const unnamed = byName.get('') ?? [];
  return (secretName, namespace) => {
    const written = text(secretName);
    const candidates = written === undefined ? sources : [...(byName.get(written) ?? []), ...unnamed];
    const certain: KubernetesSecretSource[] = [];
    const possible: KubernetesSecretSource[] = [];
    for (const source of candidates) {
      const answer = writes(source, secretName, namespace);
      if (answer === 'yes') certain.push(source);
      else if (answer === 'unknown') possible.push(source);
    }
    return { certain, possible };
  };
}

function groupBy<Item>(list: readonly Item[], keyOf: (item: Item) => string): ReadonlyMap<string, readonly Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of list) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}

/** The namespace that a Kubernetes object is written into. */
export function namespaceOf(resource: Resource): Value {
  return at(resource.properties, 'metadata', 'namespace');
}
