import { typeTokens } from '@keyturn/plan';
import { at, text, type Resource, type Value } from '@keyturn/resources';
import { urnsBehind } from './matching.js';
import type { Linked } from './rotation-graph.js';

export const awsSecretTypes = [typeTokens.awsSecret, 'aws-native:secretsmanager:Secret'] as const;
export const awsRotationTypes = [typeTokens.awsSecretRotation, 'aws-native:secretsmanager:RotationSchedule'] as const;

/** Resources whose id, or ARN, is that of the secret they belong to. */
const satellites: ReadonlySet<string> = new Set([
  typeTokens.awsSecretVersion,
  'aws:secretsmanager/secretPolicy:SecretPolicy',
  'aws-native:secretsmanager:SecretTargetAttachment',
]);

const none: readonly Resource[] = [];

/** The secrets of a model, found by URN, name and ARN. */
export class AwsSecrets {
  readonly all: readonly Resource[];
  readonly #byUrn: ReadonlyMap<string, Resource>;
  readonly #byName = new Map<string, Resource[]>();
  /** Secrets whose name only the deployment knows: any text may mean them. */
  readonly #unnamed: Resource[] = [];
  readonly #isUnnamed: ReadonlySet<Resource>;

  constructor(byUrn: ReadonlyMap<string, Resource>, secrets: readonly Resource[]) {
    this.#byUrn = byUrn;
    this.all = secrets;
    for (const secret of secrets) {
      const name = at(secret.properties, 'name');
      const known = text(name);
      if (known !== undefined) this.#byName.set(known, [...(this.#byName.get(known) ?? []), secret]);
      else if (name.kind === 'unknown') this.#unnamed.push(secret);
    }
    this.#isUnnamed = new Set(this.#unnamed);
  }

  /** Whether only the deployment knows the name of this secret. */
  isUnnamed(secret: Resource): boolean {
    return this.#isUnnamed.has(secret);
  }

  /** The secrets that a value means, given the URNs that its property was made from. */
  meantBy(value: Value, dependencies: readonly string[] = []): Linked<Resource> {
    const urns = [...urnsBehind(value), ...dependencies];
    if (urns.length > 0) return { certain: this.#reachedFrom(urns), possible: none };
    const written = text(value);
    if (written !== undefined) return this.namedBy(written);
    return { certain: none, possible: value.kind === 'unknown' ? this.all : none };
  }

  /** The secrets that a written ARN, or name, means. An ARN ends in six characters that AWS adds to the name. */
  namedBy(written: string): Linked<Resource> {
    const inArn = /^arn:[^:]*:secretsmanager:[^:]*:[^:]*:secret:([^:]+)/.exec(written)?.[1];
    const names = inArn === undefined ? [written] : [inArn, inArn.replace(/-[A-Za-z0-9]{6}$/, '')];
    const certain = [...new Set(names)].flatMap((name) => this.#byName.get(name) ?? []);
    return { certain, possible: certain.length > 0 ? none : this.#unnamed };
  }

  #reachedFrom(urns: readonly string[]): readonly Resource[] {
    const reached: Resource[] = [];
    const seen = new Set<string>();
    const queue = [...urns];
    for (let urn = queue.pop(); urn !== undefined; urn = queue.pop()) {
      const resource = seen.has(urn) ? undefined : this.#byUrn.get(urn);
      seen.add(urn);
      if (!resource) continue;
      if (isSecret(resource)) reached.push(resource);
      else if (satellites.has(resource.type)) {
        queue.push(
          ...(resource.propertyDependencies.get('secretId') ?? []),
          ...urnsBehind(at(resource.properties, 'secretId')),
        );
      }
    }
    return reached;
  }
}

export function isSecret({ type }: Resource): boolean {
  return (awsSecretTypes as readonly string[]).includes(type);
}
