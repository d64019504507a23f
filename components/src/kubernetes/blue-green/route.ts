import * as kubernetes from '@pulumi/kubernetes';
import type * as pulumi from '@pulumi/pulumi';

import type { BalancedTraffic } from '../../balanced-traffic.js';
import { makeChild, type Transform } from '../../transform.js';
import { type Fleet, nameLabel } from './fleet.js';

type CustomArgs = kubernetes.apiextensions.CustomResourceArgs;
type Fleets = readonly [Fleet, Fleet];

/** What both ways need. */
export interface FleetsBehind {
  readonly name: string;
  readonly namespace: pulumi.Input<string>;
  readonly port: number;
  readonly options: pulumi.CustomResourceOptions & { readonly parent: pulumi.Resource };
  readonly transform: Transform<CustomArgs> | undefined;
}

/** The Gateway that the route hangs on. */
export interface Gateway {
  readonly name: string;
  readonly namespace?: string;
}

/** An HTTPRoute with everything on the fleet that is there when it is made. */
export function routeTo(
  fleets: Fleets,
  gateway: Gateway,
  hostnames: readonly string[] | undefined,
  { name, namespace, port, options, transform }: FleetsBehind,
): kubernetes.apiextensions.CustomResource {
  const [a, b] = fleets;
  const serves = a.version === undefined && b.version !== undefined ? b : a;
  const spec = {
    parentRefs: [{ name: gateway.name, ...(gateway.namespace === undefined ? {} : { namespace: gateway.namespace }) }],
    ...(hostnames === undefined ? {} : { hostnames: [...hostnames] }),
    rules: [{ backendRefs: fleets.map((fleet) => ({ name: fleet.name, port, weight: fleet === serves ? 100 : 0 })) }],
  };
  return custom({
    name: `${name}-route`,
    args: {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'HTTPRoute',
      metadata: { name, namespace, labels: { [nameLabel]: name } },
      spec,
    },
    // The job moves the weights; a later up must not turn them back.
    options: { ...options, ignoreChanges: ['spec.rules'] },
    transform,
  });
}

/** Bindings by which the AWS Load Balancer Controller registers each fleet's pods in the target group of its user. */
export function bindingsTo(
  fleets: Fleets,
  { arns }: BalancedTraffic,
  { name, namespace, port, options, transform }: FleetsBehind,
): kubernetes.apiextensions.CustomResource[] {
  return fleets.map((fleet) =>
    custom({
      name: `${fleet.name}-binding`,
      args: {
        apiVersion: 'elbv2.k8s.aws/v1beta1',
        kind: 'TargetGroupBinding',
        metadata: { name: fleet.name, namespace, labels: { [nameLabel]: name } },
        spec: {
          serviceRef: { name: fleet.name, port },
          targetGroupARN: arns[fleet.user],
          targetType: 'ip',
        },
      },
      options,
      transform,
    }),
  );
}

const custom = (child: Parameters<typeof makeChild<CustomArgs, kubernetes.apiextensions.CustomResource>>[1]) =>
  makeChild<CustomArgs, kubernetes.apiextensions.CustomResource>(kubernetes.apiextensions.CustomResource, child);
