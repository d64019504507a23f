import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import type { HostTargetGroups } from '@keyturn/plan';

import type { GradualOptions } from '../../traffic/gradual.js';
import { targetGroups } from '../../traffic/target-groups.js';
import { otherTargetHealth, targetHealth } from '../../traffic/target-health.js';

/**
 * The traffic of a listener rule and the health of its targets, with the rights of the pod's service account. A file of its own beside the job: with the SDK both would be
 * larger than a ConfigMap.
 */
export function listenerRule({ ruleArn, arns }: HostTargetGroups): Pick<GradualOptions, 'traffic' | 'fleet' | 'other'> {
  const client = new ElasticLoadBalancingV2Client({ region: ruleArn.split(':')[3] ?? '' });
  const groups = { client, targetGroups: arns };
  return {
    traffic: targetGroups({ ...groups, ruleArn }),
    fleet: targetHealth(groups),
    other: otherTargetHealth(groups),
  };
}
