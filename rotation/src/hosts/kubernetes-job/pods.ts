import { type HostPods, milliseconds } from '@keyturn/plan';

import type { Evidence } from '../../gate.js';
import type { Holder } from '../../holder.js';
import { StoreError } from '../../store.js';
import type { KubernetesApi } from '../../stores/kubernetes/api.js';

interface Pod {
  readonly metadata: { readonly name: string };
  readonly status?: {
    readonly phase?: string;
    readonly podIP?: string;
    readonly containerStatuses?: readonly { readonly state?: { readonly running?: { readonly startedAt?: string } } }[];
  };
}

/**
 * Pods of start-bound consumers with a container that runs since before the credential was published. Environment variables are read when a
 * container starts, so a container that started later has the newer one; those of Jobs count as well, and a pod that has ended holds nothing.
 */
export function podEvidence(api: KubernetesApi, consumers: Readonly<Record<string, HostPods>>): Evidence {
  return async ({ generation, publishedAt }) => {
    const found = await Promise.all(
      Object.entries(consumers).map(async ([consumer, pods]) =>
        (await podsOf(api, consumer, pods)).flatMap((pod) => heldBy(pod, consumer, pods, publishedAt, generation)),
      ),
    );
    return found.flat();
  };
}

async function podsOf(api: KubernetesApi, consumer: string, { selector, namespace }: HostPods): Promise<Pod[]> {
  const place = encodeURIComponent(namespace ?? api.namespace);
  const { status, body } = await api.request(
    'GET',
    `/api/v1/namespaces/${place}/pods?labelSelector=${encodeURIComponent(selector)}`,
  );
  const items = typeof body === 'object' && body !== null && 'items' in body ? body.items : undefined;
  if (status !== 200 || !Array.isArray(items)) {
    throw new StoreError(
      `Could not list the pods of ${consumer} (${selector}): status ${status}. ${status === 403 ? 'Give the rotator\'s service account a Role with "list" on pods.' : 'Run it again.'}`,
    );
  }
  return items as Pod[];
}

const ended: readonly unknown[] = ['Succeeded', 'Failed'];

function heldBy(
  { metadata, status = {} }: Pod,
  consumer: string,
  { margin = '1m' }: HostPods,
  publishedAt: number,
  generation: number,
): Holder[] {
  if (ended.includes(status.phase)) return [];
  const starts = (status.containerStatuses ?? []).flatMap(({ state }) =>
    state?.running?.startedAt === undefined ? [] : [Date.parse(state.running.startedAt)],
  );
  const first = Math.min(...starts);
  if (first > publishedAt + milliseconds(margin)) return [];
  return [
    {
      endpoint: 'pod',
      user: `of a generation before ${generation}`,
      application: `${consumer} ${metadata.name}`,
      since: new Date(first),
      ...(status.podIP === undefined ? {} : { clientAddress: status.podIP }),
    },
  ];
}
