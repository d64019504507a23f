import { annotations } from '@keyturn/plan';
import type { ConsumerInstance, Observation } from '@keyturn/rotation';

interface Pod {
  readonly metadata?: {
    readonly name?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly status?: {
    readonly phase?: string;
    readonly podIP?: string;
    readonly containerStatuses?: readonly { readonly state?: { readonly running?: { readonly startedAt?: string } } }[];
  };
}

interface PodList {
  readonly items: readonly Pod[];
}

/** The labels that name a consumer, the most particular first. */
const labels = ['keyturn.dev/consumer', 'app.kubernetes.io/name', 'app', 'batch.kubernetes.io/job-name', 'job-name'];

/** The list was made before the file was finished; what started in this time, in milliseconds, is not in it. */
const listingMs = 60_000;

/** True for what `kubectl get pods -o json` prints. */
export function isPodList(raw: unknown): raw is PodList {
  if (typeof raw !== 'object' || raw === null || !('items' in raw)) return false;
  return Array.isArray(raw.items) && 'kind' in raw && (raw.kind === 'List' || raw.kind === 'PodList');
}

/**
 * Pods by consumer, which is the value of any of {@link labels}. A container that was restarted read the Secret again, so the oldest running
 * container counts; a pod that has ended holds nothing.
 */
export function podsOf({ items }: PodList, modified: Date): Observation {
  const consumers: Record<string, ConsumerInstance[]> = {};
  for (const pod of items) {
    if (pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed') continue;
    const instance = instanceOf(pod);
    const names = new Set(labels.flatMap((label) => pod.metadata?.labels?.[label] ?? []));
    for (const name of names) consumers[name] = [...(consumers[name] ?? []), instance];
  }
  return { asOf: new Date(modified.getTime() - listingMs), consumers };
}

function instanceOf({ metadata, status }: Pod): ConsumerInstance {
  const starts = (status?.containerStatuses ?? []).flatMap(({ state }) => state?.running?.startedAt ?? []);
  const oldest = starts.map((start) => Date.parse(start)).sort((a, b) => a - b)[0];
  const generation = Number(metadata?.annotations?.[annotations.generation] ?? Number.NaN);
  return {
    name: metadata?.name ?? 'a pod',
    ...(oldest !== undefined && !Number.isNaN(oldest) && { startedAt: new Date(oldest) }),
    ...(Number.isInteger(generation) && { generation }),
    ...(status?.podIP !== undefined && { address: status.podIP }),
  };
}
