import type { HostGradually, HostTargetGroups } from '@keyturn/plan';

import type { KubernetesApi } from '../../stores/kubernetes/api.js';
import { deployments, otherDeployments } from '../../traffic/deployments.js';
import { gatewayRoute } from '../../traffic/gateway-route.js';
import { gradually, type GradualOptions, inTurn } from '../../traffic/gradual.js';
import { prometheusCheck } from '../../traffic/prometheus.js';
import type { MayPublish } from '../../work.js';
import { SettingsError } from '../settings-error.js';

/**
 * Tries a candidate as the settings say, with the API of the cluster of the job's pod, and AWS where its load balancer has the traffic.
 *
 * @throws GradualError when the steps are not growing shares up to 100.
 * @throws DurationError when a time is none.
 * @throws SettingsError when there are target groups, and the job's part for AWS is not beside it.
 */
export async function trialOf(
  settings: HostGradually,
  api: KubernetesApi,
  onStep: NonNullable<GradualOptions['onStep']>,
): Promise<MayPublish> {
  const { deployments: fleets, check, steps, each, every } = settings;
  return gradually({
    ...(await through(settings, api)),
    check: prometheusCheck({ ...check, fleets }),
    ...(steps === undefined ? {} : { steps }),
    ...(each === undefined ? {} : { each }),
    ...(every === undefined ? {} : { every }),
    onStep,
  });
}

async function through(
  settings: HostGradually,
  api: KubernetesApi,
): Promise<Pick<GradualOptions, 'traffic' | 'fleet' | 'other'>> {
  const named = { api, deployments: settings.deployments };
  const [fleet, other] = [deployments(named), otherDeployments(named)];
  if (!('targetGroups' in settings)) {
    const { route, services } = settings;
    return { traffic: gatewayRoute({ api, route, services }), fleet, other };
  }
  const balanced = await balancedBy(settings.targetGroups);
  return {
    traffic: balanced.traffic,
    fleet: inTurn(fleet, balanced.fleet),
    other: inTurn(other, balanced.other),
  };
}

async function balancedBy(groups: HostTargetGroups): Promise<Pick<GradualOptions, 'traffic' | 'fleet' | 'other'>> {
  const { listenerRule } = await import('./listener-rule.js').catch((cause: unknown) => {
    throw new SettingsError(
      '"gradually" has "targetGroups", and the part of the job for AWS (kubernetes-job-aws.mjs) is not beside it. Mount both files into one folder.',
      { cause },
    );
  });
  return listenerRule(groups);
}
