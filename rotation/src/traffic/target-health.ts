import {
  DescribeTargetHealthCommand,
  type ElasticLoadBalancingV2Client,
  type TargetHealth,
} from '@aws-sdk/client-elastic-load-balancing-v2';

import type { Look } from './gradual.js';
import { otherFleet, TrafficError } from './weights.js';

export interface TargetHealthOptions {
  readonly client: ElasticLoadBalancingV2Client;
  /** ARN of the target group of each user's fleet. */
  readonly targetGroups: Readonly<Record<string, string>>;
}

/**
 * Looks whether the tested user's target group has targets, and all of them are healthy; those that drain do not count. It cannot see which version they log in with:
 * put a look before it that can (`inTurn`). Needs `elasticloadbalancing:DescribeTargetHealth`.
 */
export function targetHealth({ client, targetGroups }: TargetHealthOptions): Look {
  return async ({ user, version }) => {
    const arn = targetGroups[user];
    if (arn === undefined) throw new TrafficError(`There is no target group for ${user}. Name one for each user.`);
    const targets = await targetsOf(client, arn);
    const name = nameOf(arn);
    if (targets.length === 0)
      return `Target group ${name} has no targets. Register the fleet of ${user} in it, with version ${version}.`;
    const bad = targets.filter(({ State }) => State !== 'healthy');
    if (bad.length === 0) return undefined;
    const [{ State = 'unknown', Reason } = {}] = bad;
    return `${targets.length - bad.length} of ${targets.length} targets of target group ${name} are healthy (${Reason === undefined ? State : `${State}, ${Reason}`})`;
  };
}

/** Looks whether the target group of the user that is not tested has a healthy target: it keeps the rest of the traffic and gets everything back. */
export function otherTargetHealth({ client, targetGroups }: TargetHealthOptions): Look {
  return async ({ user }) => {
    const other = otherFleet(targetGroups, user, 'target group');
    const targets = await targetsOf(client, other.fleet);
    return targets.some(({ State }) => State === 'healthy')
      ? undefined
      : `Target group ${nameOf(other.fleet)} has no healthy target, and it has to take all of the traffic again when the fleet of ${user} is bad. Register the fleet of ${other.user} in it, with the version that is published.`;
  };
}

async function targetsOf(client: ElasticLoadBalancingV2Client, TargetGroupArn: string): Promise<TargetHealth[]> {
  const { TargetHealthDescriptions = [] } = await client.send(new DescribeTargetHealthCommand({ TargetGroupArn }));
  return TargetHealthDescriptions.flatMap(({ TargetHealth: health }) =>
    health === undefined || health.State === 'draining' ? [] : [health],
  );
}

/** `arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web-a/0123456789abcdef` */
const nameOf = (arn: string): string => arn.split('/').at(-2) ?? arn;
