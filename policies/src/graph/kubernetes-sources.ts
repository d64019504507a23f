import { annotations, formatDuration, milliseconds } from '@keyturn/plan';
import { absent, at, items, text, type Model, type Resource, type Value } from '@keyturn/resources';
import { nameIn } from '../kubernetes/workload.js';
import { isOfType } from '../policy.js';
import { both, namesObject, sameNamespace, type Match } from './matching.js';

const defaultRefreshMs = 3_600_000;

/** Something that writes a Kubernetes Secret again when the value behind it changes. */
export interface KubernetesSecretSource {
  readonly by: Resource;
  readonly kind: 'external-secrets' | 'vault-secrets-operator' | 'csi' | 'keyturn';
  /** What a person calls it: `ExternalSecret db`. */
  readonly title: string;
  /** Name of the Secret that it writes. */
  readonly secretName: Value;
  readonly namespace: Value;
  /** Workloads that it restarts itself after a change. */
  readonly restarts: Value;
  /** How it says when it refreshes: `every 1h`. */
  readonly refresh: string;
  /** The longest time until it writes a new version, in milliseconds. Left out when that is not known. */
  readonly refreshMs?: number;
}

export const externalSecretTypes = ['kubernetes:external-secrets.io/*:ExternalSecret'] as const;
export const vaultSecretTypes = [
  'kubernetes:secrets.hashicorp.com/*:VaultStaticSecret',
  'kubernetes:secrets.hashicorp.com/*:VaultDynamicSecret',
  'kubernetes:secrets.hashicorp.com/*:VaultPKISecret',
] as const;
export const secretProviderClassTypes = ['kubernetes:secrets-store.csi.x-k8s.io/*:SecretProviderClass'] as const;

/** Every source in the model, in its order. */
export function kubernetesSourcesIn(model: Model): readonly KubernetesSecretSource[] {
  return model.resources.flatMap((resource) => sourcesOf(resource));
}

function sourcesOf(resource: Resource): readonly KubernetesSecretSource[] {
  const { type, properties, name } = resource;
  const metadata = at(properties, 'metadata');
  const common = { by: resource, namespace: at(metadata, 'namespace') };
  const kind = type.slice(type.lastIndexOf(':') + 1);
  const objectName = nameIn(at(metadata, 'name')) ?? name;
  const title = `${kind} ${objectName}`;

  if (isOfType(type, externalSecretTypes)) {
    const interval = at(properties, 'spec', 'refreshInterval');
    if (isNever(interval)) return [];
    const target = at(properties, 'spec', 'target', 'name');
    return [
      {
        ...common,
        kind: 'external-secrets',
        title,
        secretName: target.kind === 'absent' ? at(metadata, 'name') : target,
        restarts: absent,
        refresh: `every ${durationIn(interval) ?? '1h'}`,
        ...refreshWithin(interval, defaultRefreshMs),
      },
    ];
  }
  if (isOfType(type, vaultSecretTypes)) {
    const interval = at(properties, 'spec', 'refreshAfter');
    return [
      {
        ...common,
        kind: 'vault-secrets-operator',
        title,
        secretName: at(properties, 'spec', 'destination', 'name'),
        restarts: at(properties, 'spec', 'rolloutRestartTargets'),
        refresh: durationIn(interval) === undefined ? 'when its lease ends' : `every ${durationIn(interval) ?? ''}`,
        ...refreshWithin(interval, kind === 'VaultDynamicSecret' ? 0 : undefined),
      },
    ];
  }
  if (isOfType(type, secretProviderClassTypes)) {
    return items(at(properties, 'spec', 'secretObjects')).map((object) => ({
      ...common,
      kind: 'csi' as const,
      title,
      secretName: at(object, 'secretName'),
      restarts: absent,
      refresh: 'when the driver polls',
    }));
  }
  if (type === 'kubernetes:core/v1:Secret' && hasPlan(metadata)) {
    return [
      {
        ...common,
        kind: 'keyturn',
        title,
        secretName: at(metadata, 'name'),
        restarts: absent,
        refresh: 'at every rotation',
        refreshMs: 0,
      },
    ];
  }
  return [];
}

function hasPlan(metadata: Value): boolean {
  return [annotations.plan, annotations.generation].some((key) => at(metadata, 'annotations', key).kind !== 'absent');
}

/** `0`, `0s`, `0h`: External Secrets reads the value once. */
export function isNever(interval: Value): boolean {
  if (interval.kind !== 'known') return false;
  return /^0+(\.0+)?\s*(ns|us|µs|ms|s|m|h)?$/.test(String(interval.value).trim());
}

/** The length of a Go duration (`1h30m`, `15m`) in milliseconds. */
export function goDurationMs(value: Value): number | undefined {
  const written = text(value)?.trim();
  if (written === undefined || !/^(\d+(\.\d+)?(ms|h|m|s))+$/.test(written)) return undefined;
  const parts = written.match(/\d+(?:\.\d+)?(?:ms|h|m|s)/g) ?? [];
  return parts.reduce((sum, part) => sum + milliseconds(part), 0);
}

function refreshWithin(interval: Value, byDefault: number | undefined): { readonly refreshMs?: number } {
  const ms = interval.kind === 'absent' ? byDefault : goDurationMs(interval);
  return ms === undefined ? {} : { refreshMs: ms };
}

function durationIn(value: Value): string | undefined {
  const ms = goDurationMs(value);
  return ms === undefined ? undefined : formatDuration(ms);
}

/** Whether a reference in a pod means the Secret that a source writes. */
export function writes(source: KubernetesSecretSource, secretName: Value, namespace: Value): Match {
  return both(namesObject(secretName, source.secretName, source.by), sameNamespace(namespace, source.namespace));
}

/** Whether a source restarts a workload itself. */
export function restartsWorkload(source: KubernetesSecretSource, workload: Resource): Match {
  const { restarts } = source;
  if (restarts.kind === 'unknown') return 'unknown';
  const kind = workload.type.slice(workload.type.lastIndexOf(':') + 1);
  let answer: Match = 'no';
  for (const target of items(restarts)) {
    if (target.kind === 'unknown') answer = 'unknown';
    const targetKind = at(target, 'kind');
    const sameKind: Match = targetKind.kind === 'unknown' ? 'unknown' : text(targetKind) === kind ? 'yes' : 'no';
    const match = both(
      sameKind,
      namesObject(at(target, 'name'), at(workload.properties, 'metadata', 'name'), workload),
    );
    if (match === 'yes') return 'yes';
    if (match === 'unknown') answer = 'unknown';
  }
  return answer;
}
