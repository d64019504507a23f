import { at, type Model, type Resource, type Value } from '@keyturn/resources';
import { isOfType } from '../policy.js';
import { awsRotationTypes, awsSecretTypes, meansAwsSecret } from './aws-rotations.js';
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
  /** The secret of AWS Secrets Manager that a rotation turns. */
  secretsOf(rotation: Resource): Linked<Resource>;
  /** What writes the Kubernetes Secret of this name again and again. */
  sourcesOf(secretName: Value, namespace: Value): Linked<KubernetesSecretSource>;
  readonly kubernetesSources: readonly KubernetesSecretSource[];
  resource(urn: string): Resource | undefined;
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
  const rotations = model.resources.filter(({ type }) => isOfType(type, awsRotationTypes));
  const secrets = model.resources.filter(({ type }) => isOfType(type, awsSecretTypes));
  const kubernetesSources = kubernetesSourcesIn(model);

  return {
    kubernetesSources,
    resource: (urn) => byUrn.get(urn),
    rotationsOf: (secret) => link(rotations, (rotation) => meansAwsSecret(model, rotation, 'secretId', secret)),
    secretsOf: (rotation) => link(secrets, (secret) => meansAwsSecret(model, rotation, 'secretId', secret)),
    sourcesOf: (secretName, namespace) => link(kubernetesSources, (source) => writes(source, secretName, namespace)),
  };
}

function link<Item>(candidates: readonly Item[], match: (item: Item) => 'yes' | 'no' | 'unknown'): Linked<Item> {
  const certain: Item[] = [];
  const possible: Item[] = [];
  for (const candidate of candidates) {
    const answer = match(candidate);
    if (answer === 'yes') certain.push(candidate);
    else if (answer === 'unknown') possible.push(candidate);
  }
  return { certain, possible };
}

/** The namespace that a Kubernetes object is written into. */
export function namespaceOf(resource: Resource): Value {
  return at(resource.properties, 'metadata', 'namespace');
}
