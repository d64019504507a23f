import type { HostGradually } from '@keyturn/plan';

import type { KubernetesApi } from '../../stores/kubernetes/api.js';
import { deployments, otherDeployments } from '../../traffic/deployments.js';
import { gatewayRoute } from '../../traffic/gateway-route.js';
import { gradually, type GradualOptions } from '../../traffic/gradual.js';
import { prometheusCheck } from '../../traffic/prometheus.js';
import type { MayPublish } from '../../work.js';

/**
 * Tries a candidate as the settings say, with the API of the cluster of the job's pod.
 *
 * @throws GradualError when the steps are not growing shares up to 100.
 * @throws DurationError when a time is none.
 */
export function trialOf(
  { route, services, deployments: fleets, check, ...times }: HostGradually,
  api: KubernetesApi,
  onStep: NonNullable<GradualOptions['onStep']>,
): MayPublish {
  return gradually({
    traffic: gatewayRoute({ api, route, services }),
    fleet: deployments({ api, deployments: fleets }),
    other: otherDeployments({ api, deployments: fleets }),
    check: prometheusCheck({ ...check, fleets }),
    ...times,
    onStep,
  });
}
