import { tags } from '@keyturn/plan';
import {
  AddTagsCommand,
  DescribeRulesCommand,
  DescribeTagsCommand,
  type ElasticLoadBalancingV2Client,
  ModifyRuleCommand,
  RemoveTagsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';

import type { Traffic } from './gradual.js';
import { TrafficError, weightsOf } from './weights.js';

export interface TargetGroupsOptions {
  readonly client: ElasticLoadBalancingV2Client;
  /** The rule of an Application Load Balancer's listener that forwards to both target groups. */
  readonly ruleArn: string;
  /** ARN of the target group of each user's fleet. */
  readonly targetGroups: Readonly<Record<string, string>>;
}

/**
 * The weights of two target groups in a rule of an Application Load Balancer, and in a tag of the rule the version that was bad. Needs `elasticloadbalancing:DescribeRules`,
 * `DescribeTags`, and on the rule `ModifyRule`, `AddTags` and `RemoveTags`. With stickiness of the target group on, clients stay where they are until it ends, so leave it
 * off or short.
 */
export function targetGroups({ client, ruleArn, targetGroups: fleets }: TargetGroupsOptions): Traffic {
  const name = `the listener rule ${ruleArn.split('/').at(-1) ?? ruleArn}`;
  return {
    name,
    async aborted() {
      const { TagDescriptions: [rule] = [] } = await client.send(new DescribeTagsCommand({ ResourceArns: [ruleArn] }));
      const version = rule?.Tags?.find(({ Key }) => Key === tags.abortedVersion)?.Value;
      if (version === undefined) return undefined;
      const again = `let it be tried again: aws elbv2 remove-tags --resource-arns ${ruleArn} --tag-keys ${tags.abortedVersion}`;
      return { version, again };
    },
    async give(user, percent, aborted) {
      const weights = weightsOf(fleets, user, percent, name);
      const { Rules: [rule] = [] } = await client.send(new DescribeRulesCommand({ RuleArns: [ruleArn] }));
      let moved = 0;
      const actions = (rule?.Actions ?? []).map((action) => {
        const groups = action.ForwardConfig?.TargetGroups ?? [];
        if (![...weights.keys()].every((arn) => groups.some((group) => group.TargetGroupArn === arn))) return action;
        moved += 1;
        const TargetGroups = groups.map((group) => ({
          ...group,
          Weight: weights.get(group.TargetGroupArn ?? '') ?? group.Weight ?? 0,
        }));
        return { ...action, ForwardConfig: { ...action.ForwardConfig, TargetGroups } };
      });
      if (moved === 0)
        throw new TrafficError(
          `${name} does not forward to both target groups. Make it forward to both, with weights.`,
        );
      await client.send(new ModifyRuleCommand({ RuleArn: ruleArn, Actions: actions }));
      const about = { ResourceArns: [ruleArn] };
      await (aborted === undefined
        ? client.send(new RemoveTagsCommand({ ...about, TagKeys: [tags.abortedVersion] }))
        : client.send(new AddTagsCommand({ ...about, Tags: [{ Key: tags.abortedVersion, Value: aborted }] })));
    },
  };
}
