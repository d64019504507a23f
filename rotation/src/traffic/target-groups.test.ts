import {
  CreateListenerCommand,
  CreateLoadBalancerCommand,
  CreateRuleCommand,
  CreateTargetGroupCommand,
  DeregisterTargetsCommand,
  DescribeRulesCommand,
  ElasticLoadBalancingV2Client,
  RegisterTargetsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { type HttpService, orNotRun, startMoto } from '@keyturn/services';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { gradually } from './gradual.js';
import { targetGroups } from './target-groups.js';
import { otherTargetHealth, targetHealth } from './target-health.js';

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

const tested = { user: 'shop_b', generation: 2, version: 'v2' };
const good = (): Promise<undefined> => Promise.resolve(undefined);

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
      new CreateTargetGroupCommand({ Name, Protocol: 'HTTP', Port: 80, VpcId: balancer?.VpcId, TargetType: 'ip' }),
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

  it('remember in a tag of the rule what was bad, until a person or a better candidate takes it away', async () => {
    const { ruleArn, arns } = await ruleOver(['tag-a', 'tag-b']);
    const traffic = targetGroups({ client, ruleArn, targetGroups: { shop_a: arns[0] ?? '', shop_b: arns[1] ?? '' } });
    const tries = async (version: string, check: () => Promise<string | undefined>) =>
      await gradually({ traffic, fleet: good, other: good, check, sleep: good })({ ...tested, version });
    expect(await tries('v2', () => Promise.resolve('3 logins were refused'))).toContain('3 logins were refused');
    expect(await weights(ruleArn)).toEqual([100, 0]);
    expect(await tries('v2', good)).toContain(
      `let it be tried again: aws elbv2 remove-tags --resource-arns ${ruleArn} --tag-keys keyturn:aborted-version.`,
    );
    expect(await weights(ruleArn)).toEqual([100, 0]);
    expect(await tries('v3', good)).toBeUndefined();
    expect(await weights(ruleArn)).toEqual([0, 100]);
    expect(await traffic.aborted?.()).toBeUndefined();
  });

  it('get no traffic without healthy targets, and none is taken off a fleet that is not there', async () => {
    const { arns } = await ruleOver(['here-a', 'here-b']);
    const [a = '', b = ''] = arns;
    const options = { client, targetGroups: { shop_a: a, shop_b: b } };
    const [look, other] = [targetHealth(options), otherTargetHealth(options)];
    const target = (TargetGroupArn: string) => ({ TargetGroupArn, Targets: [{ Id: '10.0.0.1', Port: 8080 }] });
    expect(await look(tested)).toBe(
      'Target group here-b has no targets. Register the fleet of shop_b in it, with version v2.',
    );
    await client.send(new RegisterTargetsCommand(target(b)));
    expect(await look(tested)).toBeUndefined();
    expect(await other(tested)).toBe(
      'Target group here-a has no healthy target, and it has to take all of the traffic again when the fleet of shop_b is bad. Register the fleet of shop_a in it, with the version that is published.',
    );
    await client.send(new RegisterTargetsCommand(target(a)));
    expect(await other(tested)).toBeUndefined();
    await client.send(new DeregisterTargetsCommand(target(a)));
    expect(await other(tested)).toContain('Target group here-a has no healthy target');
    await expect(other({ ...tested, user: 'shop_c' })).rejects.toThrow('that of shop_c among them');
  });

  it.each([
    [['healthy', 'healthy', 'draining'], undefined, undefined],
    [
      ['healthy', 'unhealthy'],
      'Target.FailedHealthChecks',
      '1 of 2 targets of target group web-b are healthy (unhealthy, Target.FailedHealthChecks)',
    ],
    [['initial'], undefined, '0 of 1 targets of target group web-b are healthy (initial)'],
    [['draining'], undefined, 'Target group web-b has no targets.'],
  ])('are all looked at: %j', async (states, Reason, says) => {
    const send = () =>
      Promise.resolve({
        TargetHealthDescriptions: states.map((State) => ({
          TargetHealth: { State, ...(State === 'unhealthy' ? { Reason } : {}) },
        })),
      });
    // moto calls every target healthy.
    const answering = { send } as unknown as ElasticLoadBalancingV2Client;
    const arns = { shop_a: 'arn:x:targetgroup/web-a/1', shop_b: 'arn:x:targetgroup/web-b/2' };
    const answer = await targetHealth({ client: answering, targetGroups: arns })(tested);
    if (says === undefined) expect(answer).toBeUndefined();
    else expect(answer).toContain(says);
  });
});
