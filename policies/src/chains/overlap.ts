import { annotations, formatDuration, type Plan, type PlanSummary, readPlanTag, summaryOf, tags } from '@keyturn/plan';
import { at, items, number, text, valueOf, type Place, type Resource, type Value } from '@keyturn/resources';
import { shortestGapOf } from '../aws/schedule.js';
import { strategyOf } from '../aws/strategy.js';
import { goDurationMs, type KubernetesSecretSource } from '../graph/kubernetes-sources.js';
import { urnsBehind } from '../graph/matching.js';
import type { Overlap } from './rotation-chain.js';
import type { RotationGraph } from '../graph/rotation-graph.js';

const vaultRole = 'vault:database/secretBackendRole:SecretBackendRole';
/** Share of a lease after which the Vault Secrets Operator asks for the next, where `renewalPercent` is not set. */
const defaultRenewalPercent = 67;

/** What a credential comes from, and what a person calls it. */
export type Origin = Pick<KubernetesSecretSource, 'by' | 'title'>;

/** How long the credential that a source wrote before works beside the one that it writes now. */
export function overlapOf(source: Origin & Pick<KubernetesSecretSource, 'kind'>, graph: RotationGraph): Overlap {
  const declared = declaredOverlapOf(source);
  if (declared) return declared;
  const planned = annotatedPlan(at(source.by.properties, 'metadata', 'annotations', annotations.plan));
  if (planned) return ofPlan(planned, source.title, source.by.place);
  if (source.kind === 'external-secrets') return ofAwsSecrets(source, externalKeysOf(source), graph);
  if (source.kind === 'csi') return ofAwsSecrets(source, mountedKeysOf(source), graph);
  return source.kind === 'vault-secrets-operator' ? ofVaultLease(source, graph) : notDeclared(source);
}

/** What `keyturn.dev/overlap` says on an object. */
export function declaredOverlapOf(source: Origin): Overlap | undefined {
  const declared = at(source.by.properties, 'metadata', 'annotations', annotations.overlap);
  const ms = goDurationMs(declared);
  if (ms !== undefined) {
    return { is: 'known', ms, because: `${source.title} says so in ${annotations.overlap}`, ...placeIn(declared) };
  }
  return declared.kind === 'absent' ? undefined : notDeclared(source);
}

export function notDeclared({ title }: Origin): Overlap {
  return {
    is: 'unknown',
    because: `how long its superseded credential works is not known of ${title}; ${annotations.overlap} can say it`,
  };
}

/** How long the superseded version of a secret of AWS Secrets Manager works. */
export function overlapOfAwsSecret(secret: Resource, graph: RotationGraph): Overlap {
  const planned = taggedPlan(at(secret.properties, 'tags', tags.plan));
  if (planned) return ofPlan(planned, secret.name, secret.place);
  const [rotation] = graph.rotationsOf(secret).certain;
  if (!rotation) return { is: 'unknown', because: `when ${secret.name} is rotated is not known` };
  const ms = shortestGapOf(rotation);
  const every = ms === undefined ? undefined : formatDuration(ms);
  if (ms === undefined) return { is: 'unknown', because: `how often ${secret.name} is rotated is not known` };
  const place = rotation.place ? { place: rotation.place } : {};
  switch (strategyOf(secret, rotation, graph)) {
    case 'two users':
      return { is: 'known', ms, because: `${secret.name} is rotated between two users every ${every}`, ...place };
    case 'one user':
      return { is: 'unknown', because: `${secret.name} has one user, whose password is changed while it is in use` };
    case 'unknown':
      return {
        is: 'at-most',
        ms,
        because: `${secret.name} is rotated every ${every}, and whether between two users is not known`,
        ...place,
      };
  }
}

function externalKeysOf({ by }: Origin): readonly Value[] {
  const spec = at(by.properties, 'spec');
  return [
    ...items(at(spec, 'data')).map((entry) => at(entry, 'remoteRef', 'key')),
    ...items(at(spec, 'dataFrom')).map((entry) => at(entry, 'extract', 'key')),
  ];
}

/** The provider of AWS takes a list in YAML, in one text. */
function mountedKeysOf({ by }: Origin): readonly Value[] {
  const objects = text(at(by.properties, 'spec', 'parameters', 'objects')) ?? '';
  return [...objects.matchAll(/objectName:[ \t]*["']?([^\s"'#]+)/g)].map(([, name]) => valueOf(name));
}

/** The shortest of the secrets that rotate. */
function ofAwsSecrets(source: Origin, keys: readonly Value[], graph: RotationGraph): Overlap {
  const overlaps = keys
    .flatMap((key) => graph.secrets.meantBy(key).certain)
    .filter((secret) => graph.rotatingAmong([secret]) !== undefined)
    .map((secret) => overlapOfAwsSecret(secret, graph));
  const shortest = [...overlaps].sort((a, b) => lengthOf(a) - lengthOf(b))[0];
  return shortest ?? notDeclared(source);
}

/** A new lease is taken when a share of the old one has passed: what is left of it is the overlap. */
function ofVaultLease(source: Origin, graph: RotationGraph): Overlap {
  const spec = at(source.by.properties, 'spec');
  const percent = at(spec, 'renewalPercent');
  const role = roleMeantBy(spec, graph);
  const seconds = role && leaseSeconds(role);
  if (!role || seconds === undefined || percent.kind === 'unknown') {
    return notDeclared(source);
  }
  const share = number(percent) ?? defaultRenewalPercent;
  return {
    is: 'known',
    ms: Math.round(seconds * 10 * (100 - share)),
    because: `${source.title} takes the next lease after ${share}% of ${formatDuration(seconds * 1000)}`,
    ...(role.place ? { place: role.place } : {}),
  };
}

function roleMeantBy(spec: Value, graph: RotationGraph): Resource | undefined {
  const path = at(spec, 'path');
  for (const urn of urnsBehind(path)) {
    const maker = graph.byUrn(urn);
    if (maker?.type === vaultRole) return maker;
  }
  const name = /^creds\/([^/]+)$/.exec(text(path) ?? '')?.[1];
  const roles = name === undefined ? [] : graph.vaultRolesNamed(name);
  const mount = text(at(spec, 'mount'));
  return roles.find(({ properties }) => {
    const backend = text(at(properties, 'backend'));
    return backend === undefined || mount === undefined || backend === mount;
  });
}

function leaseSeconds({ properties }: Resource): number | undefined {
  const limits = ['defaultTtl', 'maxTtl'].map((name) => at(properties, name));
  if (limits.some(({ kind }) => kind === 'unknown')) return undefined;
  const written = limits.map((limit) => number(limit) ?? 0).filter((seconds) => seconds > 0);
  return written.length === 0 ? undefined : Math.min(...written);
}

/** keyturn re-keys and retires after the longest lifetime that its plan declares, unless evidence has to open the gate. */
function ofPlan(plan: PlanSummary, title: string, place: Place | undefined): Overlap {
  const ms = plan.startBound ? plan.everyMs : Math.min(plan.everyMs, plan.longestLifetimeMs);
  const because = plan.startBound
    ? `the plan of ${title} rotates every ${formatDuration(ms)}`
    : `the plan of ${title} gives its consumers ${formatDuration(ms)}`;
  return { is: 'known', ms, because, ...(place ? { place } : {}) };
}

function taggedPlan(value: Value): PlanSummary | undefined {
  const plan = readPlanTag(text(value) ?? '');
  return plan?.strategy === 'dual-user' ? plan : undefined;
}

function annotatedPlan(value: Value): PlanSummary | undefined {
  const written = text(value);
  if (written === undefined) return undefined;
  try {
    const plan = summaryOf(JSON.parse(written) as Plan);
    return plan.strategy === 'dual-user' ? plan : undefined;
  } catch {
    return undefined;
  }
}

function placeIn(value: Value): { readonly place?: Place } {
  return value.kind !== 'absent' && value.place ? { place: value.place } : {};
}

function lengthOf(overlap: Overlap): number {
  return overlap.is === 'unknown' ? 0 : overlap.ms;
}
