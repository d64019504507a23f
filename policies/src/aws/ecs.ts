import { typeTokens } from '@keyturn/plan';
import { at, items, text, valueOf, type Model, type Resource, type Value } from '@keyturn/resources';
import { namesObject, type Match } from '../graph/matching.js';

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

const services = new WeakMap<Model, readonly Resource[]>();

function servicesIn(model: Model): readonly Resource[] {
  let found = services.get(model);
  if (!found) {
    found = model.resources.filter(({ type }) => serviceTypes.includes(type));
    services.set(model, found);
  }
  return found;
}

/** Services that keep tasks of this definition running, and whether that is certain. */
export function servicesOf(
  model: Model,
  task: Resource,
): readonly { readonly service: Resource; readonly match: Match }[] {
  return servicesIn(model)
    .map((service) => ({ service, match: runs(service, task) }))
    .filter(({ match }) => match !== 'no');
}

function runs(service: Resource, task: Resource): Match {
  const reference = at(service.properties, 'taskDefinition');
  if ((service.propertyDependencies.get('taskDefinition') ?? []).includes(task.urn)) return 'yes';
  const family = at(task.properties, 'family');
  const written = text(reference);
  if (written !== undefined) {
    const named = /(?:^|task-definition\/)([^/:]+)(?::\d+)?$/.exec(written)?.[1];
    if (family.kind === 'unknown') return 'unknown';
    return named !== undefined && named === text(family) ? 'yes' : 'no';
  }
  return namesObject(reference, at(task.properties, 'arn'), task);
}

/** Whether a deployment of the program starts new tasks although the definition is the same. */
export function redeploys(service: Resource): boolean {
  return (
    at(service.properties, 'triggers').kind !== 'absent' ||
    text(at(service.properties, 'deploymentController', 'type')) === 'EXTERNAL'
  );
}
