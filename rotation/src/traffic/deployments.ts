import { annotations } from '@keyturn/plan';

import type { KubernetesApi } from '../stores/kubernetes/api.js';
import type { Look } from './gradual.js';
import { otherFleet, TrafficError } from './weights.js';

export interface DeploymentsOptions {
  readonly api: KubernetesApi;
  /** Default: that of the API's client. */
  readonly namespace?: string;
  /** The Deployment of each user's fleet. */
  readonly deployments: Readonly<Record<string, string>>;
}

interface Deployment {
  readonly metadata?: { readonly generation?: number };
  readonly spec?: {
    readonly replicas?: number;
    readonly template?: { readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> } };
  };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly updatedReplicas?: number;
    readonly availableReplicas?: number;
  };
}

/** Looks whether the Deployment of the user that is not tested has pods that serve: they keep the rest of the traffic and get everything back. */
export function otherDeployments({ api, namespace = api.namespace, deployments: fleets }: DeploymentsOptions): Look {
  return async ({ user }) => {
    const other = otherFleet(fleets, user, 'Deployment');
    const found = await deploymentAt(api, namespace, other.fleet);
    const { availableReplicas = 0 } = found?.status ?? {};
    if (availableReplicas > 0) return undefined;
    const missing = found === undefined ? 'is not there' : 'has no pod that is available';
    return `Deployment ${namespace}/${other.fleet} ${missing}, and it has to take all of the traffic again when the fleet of ${user} is bad. Deploy it with the version of ${other.user} that is published.`;
  };
}

/** Looks whether the Deployment of the tested user names the candidate's version in its pod template, and all of its pods are available. */
export function deployments({ api, namespace = api.namespace, deployments: fleets }: DeploymentsOptions): Look {
  return async ({ user, version }) => {
    const name = fleets[user];
    if (name === undefined) throw new TrafficError(`There is no Deployment for ${user}. Name one for each user.`);
    const found = await deploymentAt(api, namespace, name);
    if (found === undefined)
      return `There is no Deployment ${namespace}/${name} yet. Deploy it with version ${version} of ${user}.`;
    const { metadata = {}, spec = {}, status = {} } = found;
    const runs = spec.template?.metadata?.annotations?.[annotations.version];
    if (runs !== version) {
      return `Deployment ${namespace}/${name} names ${runs === undefined ? 'no version' : `version ${runs}`} in its pod template, and ${user} is to be tried as version ${version}. Deploy it with that one.`;
    }
    const { replicas = 1 } = spec;
    const { observedGeneration = 0, updatedReplicas = 0, availableReplicas = 0 } = status;
    if (replicas === 0) return `Deployment ${namespace}/${name} has no pods. Scale it up.`;
    const behind = observedGeneration < (metadata.generation ?? 0);
    const available = Math.min(updatedReplicas, availableReplicas);
    return behind || available < replicas
      ? `${available} of ${replicas} pods of Deployment ${namespace}/${name} are available`
      : undefined;
  };
}

async function deploymentAt(api: KubernetesApi, namespace: string, name: string): Promise<Deployment | undefined> {
  const { status, body } = await api.request('GET', `/apis/apps/v1/namespaces/${namespace}/deployments/${name}`);
  if (status === 404) return undefined;
  if (status !== 200) throw new TrafficError(`Deployment ${namespace}/${name} cannot be read: status ${status}.`);
  return body as Deployment;
}
