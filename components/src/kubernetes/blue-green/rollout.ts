/** How shares of the traffic are made. */
export type Traffic = ByGateway | ByReplicas;

/** By the weights of an HTTPRoute. Argo Rollouts needs its Gateway API plugin (`argoproj-labs/gatewayAPI`). */
export interface ByGateway {
  readonly by: 'gateway-api';
  readonly gateway: { readonly name: string; readonly namespace?: string };
  /** Default: every host of the gateway. */
  readonly hostnames?: readonly string[];
}

/** By counting pods: 10 % needs at least 10 of them. */
export interface ByReplicas {
  readonly by: 'replicas';
}

/** The rotation cannot be done in steps; the message says why. */
export class BlueGreenError extends Error {
  override readonly name = 'BlueGreenError';
}

/** Shares of green, in percent. */
const weights = [10, 50, 100] as const;

export interface CanaryNames {
  readonly stable: string;
  readonly canary: string;
  readonly analysis: string;
  readonly route: string;
  readonly namespace: string;
}

/** 10 → 50 → 100 %, a check after each; a check that fails gives blue everything back. */
export function canaryStrategy(
  traffic: Traffic,
  names: CanaryNames,
  goneAfterSeconds: number,
): Readonly<Record<string, unknown>> {
  const steps = weights.flatMap((setWeight) => [
    { setWeight },
    { analysis: { templates: [{ templateName: names.analysis }] } },
  ]);
  const common = { maxUnavailable: 0, maxSurge: 1, stableService: names.stable, canaryService: names.canary, steps };
  if (traffic.by === 'replicas') return common;
  return {
    ...common,
    // Blue stays whole until it is over, so that going back is a change of weights; then it has the time of its last request.
    dynamicStableScale: false,
    scaleDownDelaySeconds: goneAfterSeconds,
    trafficRouting: {
      plugins: { 'argoproj-labs/gatewayAPI': { httpRoute: names.route, namespace: names.namespace } },
    },
  };
}

/** Spec of the HTTPRoute, with everything on blue. */
export function routeSpec(
  { gateway, hostnames }: ByGateway,
  names: CanaryNames,
  port: number,
): Readonly<Record<string, unknown>> {
  const backend = (name: string, weight: number) => ({ name, port, weight });
  return {
    parentRefs: [{ name: gateway.name, ...(gateway.namespace === undefined ? {} : { namespace: gateway.namespace }) }],
    ...(hostnames === undefined ? {} : { hostnames: [...hostnames] }),
    rules: [{ backendRefs: [backend(names.stable, 100), backend(names.canary, 0)] }],
  };
}
