import { componentTypes, tags } from '@keyturn/plan';
import { at, text, type Resource } from '@keyturn/resources';
import { urnsBehind } from '../graph/matching.js';
import type { RotationGraph } from '../graph/rotation-graph.js';

export const rotationApplication = 'aws:serverlessrepository/cloudFormationStack:CloudFormationStack';

/** Whose password a rotation changes. */
export type RotatedUsers = 'two users' | 'one user' | 'unknown';

/** Looks at the kind of a hosted rotation, at the application that the function comes from, and at `masterarn` in the secret. */
export function strategyOf(secret: Resource, rotation: Resource, graph: RotationGraph): RotatedUsers {
  const parent = secret.parent === undefined ? undefined : graph.byUrn(secret.parent);
  if (parent?.type === componentTypes.awsRotatingDatabaseSecret) return 'two users';
  if (text(at(secret.properties, 'tags', tags.strategy)) === 'dual-user') return 'two users';
  const arn = at(rotation.properties, 'rotationLambdaArn');
  const applications = [...urnsBehind(arn), ...(rotation.propertyDependencies.get('rotationLambdaArn') ?? [])]
    .flatMap((urn) => graph.byUrn(urn) ?? [])
    .filter(({ type }) => type === rotationApplication)
    .map(({ properties }) => text(at(properties, 'applicationId')));
  const names = [text(at(rotation.properties, 'hostedRotationLambda', 'rotationType')), ...applications];
  for (const name of names) {
    if (name?.endsWith('MultiUser') === true) return 'two users';
    if (name?.endsWith('SingleUser') === true) return 'one user';
  }
  for (const version of graph.versionsOf(secret)) {
    const content = contentOf(version);
    if (content && 'engine' in content) return 'masterarn' in content ? 'two users' : 'one user';
  }
  return 'unknown';
}

/** The object in a version of a secret, where it is written out. */
export function contentOf(version: Resource): object | undefined {
  const written = text(at(version.properties, 'secretString'));
  if (written === undefined) return undefined;
  try {
    const data: unknown = JSON.parse(written);
    return typeof data === 'object' && data !== null ? data : undefined;
  } catch {
    return undefined;
  }
}
