import {
  CreateListenerCommand,
  CreateLoadBalancerCommand,
  CreateRuleCommand,
  CreateTargetGroupCommand,
  DescribeRulesCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { type HttpService, orNotRun, startMoto } from '@keyturn/services';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { targetGroups } from './target-groups.js';

let moto: HttpService | undefined;
let client: ElasticLoadBalancingV2Client;
let missing = '';

beforeAll(async () => {
  const { part, because } = await orNotRun(startMoto);
  moto = part;
  missing = because ?? '';
  client = new ElasticLoadBalancingV2Client({
    endpoint: moto?.url ?? '',
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
}, 120_000);
afterAll(async () => {
  client.destroy();
  await moto?.stop();
});
beforeEach((context) => {
  if (!moto) context.skip(missing);
});

async function subnets(): Promise<string[]> {
  const response = await fetch(`${moto?.url ?? ''}/?Action=DescribeSubnets&Version=2016-11-15`, {
    headers: { Authorization: 'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/ec2/aws4_request' },
  });
  return [...(await response.text()).matchAll(/<subnetId>([^<]+)</g)].map(([, id]) => id ?? '').slice(0, 2);
}

async function ruleOver(groups: readonly string[]): Promise<{ ruleArn: string; arns: string[] }> {
  const { LoadBalancers: [balancer] = [] } = await client.send(
    new CreateLoadBalancerCommand({ Name: `lb-${groups[0] ?? ''}`, Subnets: await subnets() }),
  );
  const arns: string[] = [];
  for (const Name of groups) {
    const { TargetGroups: [group] = [] } = await client.send(
      new CreateTargetGroupCommand({ Name, Protocol: 'HTTP', Port: 80, VpcId: balancer?.VpcId }),
    );
    arns.push(group?.TargetGroupArn ?? '');
  }
  const { Listeners: [listener] = [] } = await client.send(
    new CreateListenerCommand({
      LoadBalancerArn: balancer?.LoadBalancerArn,
      Protocol: 'HTTP',
      Port: 80,
      DefaultActions: [{ Type: 'forward', TargetGroupArn: arns[0] }],
    }),
  );
  const { Rules: [rule] = [] } = await client.send(
    new CreateRuleCommand({
      ListenerArn: listener?.ListenerArn,
      Priority: 1,
      Conditions: [{ Field: 'path-pattern', Values: ['/*'] }],
      Actions: [
        {
          Type: 'forward',
          ForwardConfig: {
            TargetGroups: arns.map((TargetGroupArn, at) => ({ TargetGroupArn, Weight: at === 0 ? 100 : 0 })),
          },
        },
      ],
    }),
  );
  return { ruleArn: rule?.RuleArn ?? '', arns };
}

async function weights(ruleArn: string): Promise<unknown[]> {
  const { Rules: [rule] = [] } = await client.send(new DescribeRulesCommand({ RuleArns: [ruleArn] }));
  return (rule?.Actions?.[0]?.ForwardConfig?.TargetGroups ?? []).map(({ Weight }) => Weight);
}

describe('target groups of a load balancer', () => {
  it('take shares, and give them back', async () => {
    const { ruleArn, arns } = await ruleOver(['web-a', 'web-b']);
    const traffic = targetGroups({ client, ruleArn, targetGroups: { shop_a: arns[0] ?? '', shop_b: arns[1] ?? '' } });
    await traffic.give('shop_b', 10);
    expect(await weights(ruleArn)).toEqual([90, 10]);
    await traffic.give('shop_b', 100);
    expect(await weights(ruleArn)).toEqual([0, 100]);
    await traffic.give('shop_b', 0);
    expect(await weights(ruleArn)).toEqual([100, 0]);
  });

  it('are refused where the rule does not forward to both', async () => {
    const { ruleArn, arns } = await ruleOver(['solo']);
    const traffic = targetGroups({ client, ruleArn, targetGroups: { shop_a: arns[0] ?? '', shop_b: 'arn:other' } });
    await expect(traffic.give('shop_b', 10)).rejects.toThrow('does not forward to both target groups');
    expect(await weights(ruleArn)).toEqual([100]);
  });
});
