import { typeTokens } from '@keyturn/plan';
import { at, text, type Model, type Resource, type Value } from '@keyturn/resources';
import { isOfType } from '../policy.js';
import { awsRotationTypes, AwsSecrets, isSecret } from './aws-rotations.js';
import { ProviderClasses } from './provider-classes.js';
import { KubernetesSourceIndex } from './kubernetes-source-index.js';
import { kubernetesSourcesIn, secretProviderClassTypes, type KubernetesSecretSource } from './kubernetes-sources.js';

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
  /** Whether a rotation may name one of the secrets that were meant. */
  mayRotate(meant: Linked<Resource>): boolean;
  /** The first secret of a list that a rotation certainly names. */
  rotatingAmong(secrets: readonly Resource[]): Resource | undefined;
  /** What writes the Kubernetes Secret of this name again and again. Of those that only may, it names the first. */
  sourcesOf(secretName: Value, namespace: Value): Linked<KubernetesSecretSource>;
  readonly kubernetesSources: readonly KubernetesSecretSource[];
  /** Classes of the CSI driver for secrets. */
  readonly providerClasses: ProviderClasses;
  isKubernetesSource(resource: Resource): boolean;
  /** Secrets of Kubernetes with this written name, in any namespace. */
  kubernetesSecretsNamed(name: string): readonly Resource[];
  /** Versions of a secret of AWS Secrets Manager that the program writes. */
  versionsOf(secret: Resource): readonly Resource[];
  /** Dynamic roles of Vault's database engine with this written name, in any mount. */
  vaultRolesNamed(name: string): readonly Resource[];
  byUrn(urn: string): Resource | undefined;
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
  const sources = new KubernetesSourceIndex(kubernetesSources);
  const writers = new Set(kubernetesSources.map(({ by }) => by));
  const secretsByName = groupBy(byType.get('kubernetes:core/v1:Secret') ?? [], ({ properties }) =>
    text(at(properties, 'metadata', 'name')),
  );
  const rolesByName = groupBy(
    byType.get('vault:database/secretBackendRole:SecretBackendRole') ?? [],
    ({ properties }) => text(at(properties, 'name')),
  );
  const versions = groupBySecret(byType.get(typeTokens.awsSecretVersion) ?? [], secrets);
  const isRotating = ({ urn }: Resource) => rotations.certain.has(urn);
  const rotationsOf = (secret: Resource): Linked<Resource> => ({
    certain: rotations.certain.get(secret.urn) ?? [],
    possible: secrets.isUnnamed(secret) ? rotations.ofUnnamed : rotations.ofAnySecret,
  });
  const rotatingAmong = oncePerList((list) => list.find(isRotating));
  const someMayRotate = oncePerList((list) =>
    list.some((secret) => isRotating(secret) || rotationsOf(secret).possible.length > 0),
  );

  return {
    secrets,
    kubernetesSources,
    ofType: (type) => byType.get(type) ?? [],
    byUrn: (urn) => byUrn.get(urn),
    rotationsOf,
    rotatingAmong,
    mayRotate: ({ certain, possible }) => someMayRotate(certain) || someMayRotate(possible),
    secretsOf: (resource, property) =>
      secrets.meantBy(at(resource.properties, property), resource.propertyDependencies.get(property)),
    rotatingSecrets: secrets.all.filter(isRotating),
    sourcesOf: (secretName, namespace) => sources.find(secretName, namespace),
    providerClasses: new ProviderClasses(
      model.resources.filter(({ type }) => isOfType(type, secretProviderClassTypes)),
    ),
    isKubernetesSource: (resource) => writers.has(resource),
    kubernetesSecretsNamed: (name) => secretsByName.get(name) ?? [],
    versionsOf: ({ urn }) => versions.get(urn) ?? [],
    vaultRolesNamed: (name) => rolesByName.get(name) ?? [],
  };
}

/** Lists of a model are shared by many questions: what is asked of one is answered once. */
function oncePerList<Answer>(ask: (list: readonly Resource[]) => Answer): (list: readonly Resource[]) => Answer {
  const answers = new WeakMap<readonly Resource[], { readonly answer: Answer }>();
  return (list) => {
    let known = answers.get(list);
    if (!known) {
      known = { answer: ask(list) };
      answers.set(list, known);
    }
    return known.answer;
  };
}

function rotationsBySecret(model: Model, secrets: AwsSecrets) {
  const certain = new Map<string, Resource[]>();
  /** Rotations of a secret that nothing is known of: kept once, not once per secret. */
  const ofAnySecret: Resource[] = [];
  /** Those, and rotations whose secret has a name that no secret of the model is known to have. */
  const ofUnnamed: Resource[] = [];
  for (const rotation of model.resources) {
    if (!isOfType(rotation.type, awsRotationTypes)) continue;
    const meant = secrets.meantBy(at(rotation.properties, 'secretId'), rotation.propertyDependencies.get('secretId'));
    for (const { urn } of meant.certain) certain.set(urn, [...(certain.get(urn) ?? []), rotation]);
    if (meant.possible.length > 0) ofUnnamed.push(rotation);
    if (meant.possible === secrets.all) ofAnySecret.push(rotation);
  }
  return { certain, ofAnySecret, ofUnnamed };
}

function groupBySecret(versions: readonly Resource[], secrets: AwsSecrets): ReadonlyMap<string, readonly Resource[]> {
  const groups = new Map<string, Resource[]>();
  for (const version of versions) {
    const reference = at(version.properties, 'secretId');
    for (const { urn } of secrets.meantBy(reference, version.propertyDependencies.get('secretId')).certain) {
      groups.set(urn, [...(groups.get(urn) ?? []), version]);
    }
  }
  return groups;
}

function groupBy<Item, Key>(list: readonly Item[], keyOf: (item: Item) => Key): ReadonlyMap<Key, readonly Item[]> {
  const groups = new Map<Key, Item[]>();
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
