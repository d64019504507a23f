import { annotations } from '@keyturn/plan';

import type { KubernetesApi } from '../stores/kubernetes/api.js';
import type { Traffic } from './gradual.js';
import { TrafficError, weightsOf } from './weights.js';

export interface GatewayRouteOptions {
  readonly api: KubernetesApi;
  /** The HTTPRoute that the weights stand in. */
  readonly route: string;
  /** Default: that of the API's client. */
  readonly namespace?: string;
  /** The Service of each user's fleet. */
  readonly services: Readonly<Record<string, string>>;
}

interface HttpRoute {
  readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> };
  readonly spec?: { readonly rules?: readonly Rule[] };
}

interface Rule {
  readonly backendRefs?: readonly { readonly name: string; readonly weight?: number }[];
}

const mostConflicts = 5;

/** The weights of a Gateway API HTTPRoute, in every rule that leads to both Services; no controller beside the gateway is needed. */
export function gatewayRoute({ api, route, namespace = api.namespace, services }: GatewayRouteOptions): Traffic {
  const name = `HTTPRoute ${namespace}/${route}`;
  const at = `/apis/gateway.networking.k8s.io/v1/namespaces/${namespace}/httproutes/${route}`;
  const read = async (): Promise<HttpRoute> => {
    const { status, body } = await api.request('GET', at);
    if (status !== 200) throw new TrafficError(`${name} cannot be read: status ${status}.`);
    return body as HttpRoute;
  };
  return {
    name,
    async aborted() {
      const version = (await read()).metadata?.annotations?.[annotations.abortedVersion];
      if (version === undefined) return undefined;
      const again = `let it be tried again: kubectl annotate httproute ${route} --namespace ${namespace} ${annotations.abortedVersion}-`;
      return { version, again };
    },
    async give(user, percent, aborted) {
      const weights = weightsOf(services, user, percent, name);
      for (let attempt = 1; ; attempt += 1) {
        const next = remembering(weighted(await read(), weights, name), aborted);
        const { status } = await api.request('PUT', at, next);
        if (status === 200) return;
        // Somebody else has changed the route meanwhile.
        if (status !== 409 || attempt === mostConflicts)
          throw new TrafficError(`${name} cannot be changed: status ${status}. The traffic is as it was.`);
      }
    },
  };
}

function remembering(route: HttpRoute, aborted: string | undefined): HttpRoute {
  const { [annotations.abortedVersion]: before, ...notes } = route.metadata?.annotations ?? {};
  if (aborted === undefined && before === undefined) return route;
  const next = { ...notes, ...(aborted === undefined ? {} : { [annotations.abortedVersion]: aborted }) };
  return { ...route, metadata: { ...route.metadata, annotations: next } };
}

function weighted(route: HttpRoute, weights: ReadonlyMap<string, number>, name: string): HttpRoute {
  let moved = 0;
  const rules = (route.spec?.rules ?? []).map((rule) => {
    const refs = rule.backendRefs ?? [];
    if (![...weights.keys()].every((service) => refs.some((ref) => ref.name === service))) return rule;
    moved += 1;
    return { ...rule, backendRefs: refs.map((ref) => ({ ...ref, weight: weights.get(ref.name) ?? ref.weight ?? 1 })) };
  });
  if (moved === 0)
    throw new TrafficError(
      `${name} has no rule with the Services ${[...weights.keys()].join(' and ')} as backends. Put both into backendRefs.`,
    );
  return { ...route, spec: { ...route.spec, rules } };
}
