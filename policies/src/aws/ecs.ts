import { typeTokens } from '@keyturn/plan';
import { at, items, text, valueOf, type Model, type Resource, type Value } from '@keyturn/resources';
import { urnsBehind } from '../graph/matching.js';
import type { Linked } from '../graph/rotation-graph.js';

export const taskDefinitionTypes = [typeTokens.awsEcsTaskDefinition, 'aws-native:ecs:TaskDefinition'] as const;
const serviceTypes: readonly string[] = [typeTokens.awsEcsService, 'aws-native:ecs:Service'];

/** A secret that ECS puts into the environment of a container when its task starts. */
export interface EcsSecret {
  readonly container: string;
  readonly variable: string;
  readonly from: Value;
  readonly path: string;
}

/** The container definitions: a JSON text in `aws`, a list in `aws-native`. Unknown and absent stay what they are. */
export function containerDefinitionsOf(task: Resource): Value {
  const written = at(task.properties, 'containerDefinitions');
  const json = text(written);
  if (json === undefined || written.kind === 'absent') return written;
  try {
    return valueOf(JSON.parse(json), {
      secret: written.secret,
      provenance: written.provenance,
      ...(written.place ? { place: written.place } : {}),
    });
  } catch {
    return { ...written, kind: 'unknown', because: 'its container definitions are not JSON' };
  }
}

export function ecsSecretsOf(definitions: Value): readonly EcsSecret[] {
  return items(definitions).flatMap((container, index) =>
    items(field(container, 'secrets')).map((secret, at) => ({
      container: text(field(container, 'name')) ?? `containers[${index}]`,
      variable: text(field(secret, 'name')) ?? `secrets[${at}]`,
      from: field(secret, 'valueFrom'),
      path: `containerDefinitions[${index}].secrets[${at}]`,
    })),
  );
}

/** ECS takes `valueFrom` and `ValueFrom`. */
function field(value: Value, key: string): Value {
  const lower = at(value, key);
  return lower.kind === 'absent' ? at(value, key.charAt(0).toUpperCase() + key.slice(1)) : lower;
}

/** `arn:aws:secretsmanager:…:secret:name-AbCdEf[:json-key:version-stage:version-id]`. */
export interface SecretArn {
  readonly arn: string;
  readonly stage: string;
  readonly version: string;
}

export function parseSecretArn(written: string): SecretArn | undefined {
  const match = /^(arn:[^:]+:secretsmanager:[^:]*:[^:]*:secret:[^:]+)(?::([^:]*))?(?::([^:]*))?(?::([^:]*))?$/.exec(
    written,
  );
  return match?.[1] === undefined ? undefined : { arn: match[1], stage: match[3] ?? '', version: match[4] ?? '' };
}

const indexes = new WeakMap<Model, EcsServices>();

/** Services that keep tasks of this definition running. */
export function servicesOf(model: Model, task: Resource): Linked<Resource> {
  let index = indexes.get(model);
  if (!index) {
    index = new EcsServices(model.resources.filter(({ type }) => serviceTypes.includes(type)));
    indexes.set(model, index);
  }
  return index.of(task);
}

/** Whether a service keeps tasks of the definition running through a deployment that changes nothing else. */
export function keepsTasks({ certain, possible }: Linked<Resource>): boolean {
  return [certain, possible].some((services) => services.some((service) => !redeploys(service)));
}

/** Services by what their `taskDefinition` names. */
class EcsServices {
  readonly #byUrn = new Map<string, Resource[]>();
  readonly #byFamily = new Map<string, Resource[]>();
  /** Services that only the deployment tells the definition of. */
  readonly #open: Resource[] = [];
  /** Those, and those that name a family. */
  readonly #notLinked: Resource[] = [];

  constructor(services: readonly Resource[]) {
    for (const service of services) {
      const reference = at(service.properties, 'taskDefinition');
      const urns = [...(service.propertyDependencies.get('taskDefinition') ?? []), ...urnsBehind(reference)];
      for (const urn of new Set(urns)) this.#byUrn.set(urn, [...(this.#byUrn.get(urn) ?? []), service]);
      const written = text(reference);
      const family = /(?:^|task-definition\/)([^/:]+)(?::\d+)?$/.exec(written ?? '')?.[1];
      if (family !== undefined) this.#byFamily.set(family, [...(this.#byFamily.get(family) ?? []), service]);
      const open = written === undefined && reference.kind === 'unknown' && urns.length === 0;
      if (open) this.#open.push(service);
      if (open || written !== undefined) this.#notLinked.push(service);
    }
  }

  of(task: Resource): Linked<Resource> {
    const family = at(task.properties, 'family');
    const named = this.#byFamily.get(text(family) ?? '') ?? [];
    const made = this.#byUrn.get(task.urn) ?? [];
    return {
      certain: made.length === 0 ? named : [...new Set([...made, ...named])],
      possible: family.kind === 'unknown' ? this.#notLinked : this.#open,
    };
  }
}

/** Whether a deployment of the program starts new tasks although the definition is the same. */
function redeploys(service: Resource): boolean {
  return (
    at(service.properties, 'triggers').kind !== 'absent' ||
    text(at(service.properties, 'deploymentController', 'type')) === 'EXTERNAL'
  );
}
