import { typeTokens } from '@keyturn/plan';
import { at, text, type Model, type Resource, type Value } from '@keyturn/resources';
import { urnsBehind, type Match } from './matching.js';

export const awsSecretTypes = [typeTokens.awsSecret, 'aws-native:secretsmanager:Secret'] as const;
export const awsRotationTypes = [typeTokens.awsSecretRotation, 'aws-native:secretsmanager:RotationSchedule'] as const;

/** Resources whose id, or ARN, is that of the secret they belong to. */
const satellites: ReadonlySet<string> = new Set([
  typeTokens.awsSecretVersion,
  'aws:secretsmanager/secretPolicy:SecretPolicy',
  'aws-native:secretsmanager:SecretTargetAttachment',
]);

/** Whether a property of a resource (`secretId`, `secretArn`) means this secret. */
export function meansAwsSecret(model: Model, resource: Resource, property: string, secret: Resource): Match {
  const value = at(resource.properties, property);
  const urns = [...urnsBehind(value), ...(resource.propertyDependencies.get(property) ?? [])];
  if (urns.length > 0) return reaches(model, urns, secret.urn) ? 'yes' : 'no';
  return meansByText(value, secret);
}

/** Whether a value (an ARN, or a name) means this secret. */
export function meansByText(value: Value, secret: Resource): Match {
  const written = text(value);
  if (written !== undefined) return isNamedBy(written, secret);
  return value.kind === 'unknown' ? 'unknown' : 'no';
}

/** Whether a written ARN, or name, is that of this secret. */
export function isNamedBy(written: string, secret: Resource): Match {
  const name = at(secret.properties, 'name');
  const known = text(name);
  if (known === undefined) return name.kind === 'unknown' ? 'unknown' : 'no';
  const inArn = arnName(written);
  return written === known ||
    inArn === known ||
    (/^-[A-Za-z0-9]{6}$/.test(inArn.slice(known.length)) && inArn.startsWith(known))
    ? 'yes'
    : 'no';
}

function arnName(written: string): string {
  return /^arn:[^:]*:secretsmanager:[^:]*:[^:]*:secret:([^:]+)/.exec(written)?.[1] ?? '';
}

function reaches(model: Model, from: readonly string[], target: string): boolean {
  const byUrn = new Map(model.resources.map((resource) => [resource.urn, resource]));
  const seen = new Set<string>();
  const queue = [...from];
  while (queue.length > 0) {
    const urn = queue.pop();
    if (urn === undefined || seen.has(urn)) continue;
    if (urn === target) return true;
    seen.add(urn);
    const resource = byUrn.get(urn);
    if (!resource || !satellites.has(resource.type)) continue;
    queue.push(
      ...(resource.propertyDependencies.get('secretId') ?? []),
      ...urnsBehind(at(resource.properties, 'secretId')),
    );
  }
  return false;
}
