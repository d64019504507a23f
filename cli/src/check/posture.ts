import type { PostureChange } from '@keyturn/findings';
import { formatDuration } from '@keyturn/plan';
import { daysOfExpression, goDurationMs } from '@keyturn/policies';
import { at, number, text, type Resource, type Value } from '@keyturn/resources';

const second = 1000;
const day = 86_400 * second;

/** How one resource says that something rotates. */
interface Rotation {
  /** Milliseconds between two rotations; `never` where it is written to be off. Not there where only the deployment knows. */
  readonly every?: number | 'never';
  /** What does the work, as a text that is the same as long as it is the same thing. */
  readonly rotator?: string;
}

const seconds = (value: Value): number | undefined => {
  const count = number(value) ?? Number(text(value) ?? Number.NaN);
  return Number.isFinite(count) ? count * second : undefined;
};
const days = (value: Value): number | undefined => {
  const count = seconds(value);
  return count === undefined ? undefined : count * 86_400;
};
const expression = (value: Value): number | undefined => {
  const gap = daysOfExpression(text(value) ?? '');
  return gap === undefined ? undefined : gap * day;
};

/** Where each type says how often, and who rotates. `last` is the name in the token, because Kubernetes versions differ. */
const kinds: readonly {
  readonly type: RegExp;
  readonly every: readonly (readonly [path: readonly string[], read: (value: Value) => number | undefined])[];
  readonly rotator?: readonly (readonly string[])[];
  /** The property that switches it on; `false` or absent means never. */
  readonly on?: readonly string[];
}[] = [
  {
    type: /^(?:aws:secretsmanager\/secretRotation:SecretRotation|aws-native:secretsmanager:RotationSchedule)$/,
    every: [
      [['rotationRules', 'automaticallyAfterDays'], days],
      [['rotationRules', 'scheduleExpression'], expression],
    ],
    rotator: [['rotationLambdaArn'], ['hostedRotationLambda', 'rotationType']],
  },
  {
    type: /^vault:(?:database|aws|ldap|azure)\/secretBackendStaticRole:SecretBackendStaticRole$/,
    every: [[['rotationPeriod'], seconds]],
  },
  {
    type: /^vault:database\/secretBackendRole:SecretBackendRole$/,
    every: [
      [['maxTtl'], seconds],
      [['defaultTtl'], seconds],
    ],
  },
  {
    type: /^kubernetes:external-secrets\.io\/[^:]+:ExternalSecret$/,
    every: [[['spec', 'refreshInterval'], goDurationMs]],
  },
  {
    type: /^kubernetes:secrets\.hashicorp\.com\/[^:]+:Vault(?:Static|Dynamic|PKI)Secret$/,
    every: [[['spec', 'refreshAfter'], goDurationMs]],
  },
  {
    type: /^aws:kms\/key:Key$/,
    every: [[['rotationPeriodInDays'], days]],
    on: ['enableKeyRotation'],
  },
];

function rotationOf(resource: Resource): Rotation | undefined {
  const kind = kinds.find(({ type }) => type.test(resource.type));
  if (kind === undefined) return undefined;
  const valueAt = (path: readonly string[]) => at(resource.properties, ...path);
  const on = kind.on === undefined ? undefined : valueAt(kind.on);
  if (on !== undefined && (on.kind === 'absent' || (on.kind === 'known' && on.value !== true && on.value !== 'true')))
    return { every: 'never' };
  const every = kind.every.map(([path, read]) => read(valueAt(path))).find((ms) => ms !== undefined);
  const rotator = (kind.rotator ?? []).map((path) => identityOf(valueAt(path))).find((each) => each !== undefined);
  return {
    ...(every === undefined ? {} : { every: every > 0 ? every : ('never' as const) }),
    ...(rotator === undefined ? {} : { rotator }),
  };
}

/** The value where it is known, and else what it is made from. */
function identityOf(value: Value): string | undefined {
  if (value.kind === 'known') return `is ${String(value.value)}`;
  return value.kind === 'unknown' && value.provenance.kind !== 'unknown'
    ? `from ${JSON.stringify(value.provenance)}`
    : undefined;
}

export interface PostureSide {
  readonly resources: readonly Resource[];
  /** Everything that was asked for was read. What is missing from half a reading was not removed. */
  readonly whole: boolean;
}

/** How the way secrets rotate differs between two readings of the same program and manifests. Resources are matched by URN. */
export function postureChanges(base: PostureSide, now: PostureSide): PostureChange[] {
  const fallback = { file: 'Pulumi.yaml', line: 1 };
  const before = rotationsIn(base);
  const after = rotationsIn(now);
  const changes: PostureChange[] = [];
  for (const [urn, { resource, rotation }] of after) {
    const said = (change: PostureChange['change'], message: string) =>
      changes.push({ change, message, urn, place: resource.place ?? fallback });
    const old = before.get(urn)?.rotation;
    const who = `${resource.type.split(':').at(-1) ?? resource.type} ${resource.name}`;
    if (old === undefined) {
      if (base.whole && rotation.every !== 'never') said('added', `${who} is new${often(rotation)}.`);
      continue;
    }
    if (old.every !== rotation.every && old.every !== undefined && rotation.every !== undefined) {
      if (rotation.every === 'never') said('removed', `${who} does not rotate any more; it did${often(old)}.`);
      else if (old.every === 'never') said('added', `${who} rotates${often(rotation)}; it did not before.`);
      else {
        const change = rotation.every > old.every ? 'slower' : 'faster';
        said(change, `${who} rotates${often(rotation)}, and before${often(old)}.`);
      }
    }
    if (old.rotator !== undefined && rotation.rotator !== undefined && old.rotator !== rotation.rotator)
      said('replaced', `${who} is rotated by something else than before.`);
  }
  for (const [urn, { resource, rotation }] of before) {
    if (!now.whole || after.has(urn) || rotation.every === 'never') continue;
    const message = `${resource.type.split(':').at(-1) ?? resource.type} ${resource.name} is gone; it rotated${often(rotation)}.`;
    changes.push({ change: 'removed', message, urn, place: resource.place ?? fallback });
  }
  return changes.sort((a, b) => compare(a.urn, b.urn) || compare(a.change, b.change));
}

function rotationsIn({ resources }: PostureSide): Map<string, { resource: Resource; rotation: Rotation }> {
  return new Map(
    resources.flatMap((resource) => {
      const rotation = rotationOf(resource);
      return rotation === undefined ? [] : [[resource.urn, { resource, rotation }] as const];
    }),
  );
}

function often({ every }: Rotation): string {
  if (every === undefined) return ' at an interval that only the deployment knows';
  return every === 'never' ? ' never' : ` every ${formatDuration(every)}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
