import { annotations as names } from '@keyturn/plan';
import type * as kubernetes from '@pulumi/kubernetes';
import * as pulumi from '@pulumi/pulumi';

import { podParts, probePeriodSeconds, type RefreshablePod } from '../workload/pod-template.js';

/** One of the two fleets. */
export interface Fleet {
  readonly user: string;
  /** Of its Deployment and its Service. */
  readonly name: string;
  /** The version that it logs in with; without one it has no pods. */
  readonly version: string | undefined;
}

export const nameLabel = 'app.kubernetes.io/name';

/** Labels of a fleet's pods: the selectors take the name alone, metrics may want the component. */
export function labelsOf(component: string, { name }: Fleet): Readonly<Record<string, string>> {
  return { [nameLabel]: name, 'app.kubernetes.io/part-of': component };
}

export interface FleetPods extends Omit<RefreshablePod, 'credential'> {
  readonly namespace: pulumi.Input<string>;
  readonly replicas: number;
  readonly secretName: string;
  readonly mountPath?: string;
}

/** The Deployment of a fleet whose pods mount one version of the credential and no other. */
export function fleetDeployment(
  component: string,
  fleet: Fleet & { readonly version: string },
  args: FleetPods,
): { readonly scripts: Readonly<Record<string, string>>; readonly deployment: kubernetes.apps.v1.DeploymentArgs } {
  const labels = labelsOf(component, fleet);
  const pinned = { [names.version]: fleet.version };
  const { mountPath } = args;
  const pod = podParts(
    {
      ...args,
      credential: {
        delivery: { kind: 'secret', secretName: `${args.secretName}-keyturn`, version: fleet.version },
        ...(mountPath === undefined ? {} : { mountPath }),
      },
    },
    `${component}-hooks`,
    labels,
  );
  return {
    scripts: pod.scripts,
    deployment: {
      metadata: { name: fleet.name, namespace: args.namespace, labels, annotations: pinned },
      spec: {
        replicas: args.replicas,
        selector: { matchLabels: { [nameLabel]: fleet.name } },
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
        minReadySeconds: probePeriodSeconds,
        template: {
          ...pod.template,
          metadata: {
            labels,
            annotations: pulumi.output(pod.template.metadata).apply((of) => ({ ...of?.annotations, ...pinned })),
          },
        },
      },
    },
  };
}
