import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { hostExitCodes, type HostSettings, hostVariables } from '@keyturn/plan';
import {
  type AwsCaller,
  type HttpService,
  type KubernetesStandIn,
  orNotRun,
  type PostgresServer,
  startAwsCaller,
  startKubernetesStandIn,
  startMoto,
  startPostgres,
} from '@keyturn/services';
import * as pulumi from '@pulumi/pulumi';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { BlueGreenFleets } from '../kubernetes/blue-green-fleets.js';
import type { Rule } from '../kubernetes/job/rights.js';
import { RotationJob } from '../kubernetes/rotation-job.js';
import { BlueGreenTargetGroups } from './blue-green-target-groups.js';
import { apply } from './contract/apply.js';
import { documentsOf, permits } from './contract/iam.js';

const oidcProviderArn = 'arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/ABC';
const folder = mkdtempSync(path.join(tmpdir(), 'keyturn-balanced-'));
let moto: HttpService | undefined;
let missing: string | undefined;
let aws: AwsCaller;
let cluster: KubernetesStandIn;
let server: PostgresServer;
let refusedLogins = 0;
const prometheus = createServer((request, response) => {
  const query = new URL(request.url ?? '', 'http://x').searchParams.get('query') ?? '';
  const result = query.startsWith('refused') ? [{ metric: {}, value: [1, String(refusedLogins)] }] : [];
  response.end(JSON.stringify({ status: 'success', data: { resultType: 'vector', result } }));
});
/** Inputs of Kubernetes objects by name, and what the API of AWS refused. */
const objects = new Map<string, Readonly<Record<string, unknown>>>();
const refused: string[] = [];
let rules: readonly Rule[] = [];

const ask = async <Answer = Readonly<Record<string, unknown>>>(
  does: string,
  parameters: Record<string, unknown>,
): Promise<Answer> => {
  const [service = '', operation = ''] = does.split(' ');
  return (await aws.call({ service, operation, parameters })) as Answer;
};
const value = async <T>(output: pulumi.Input<T>): Promise<T> =>
  await new Promise<T>((resolve) => void pulumi.output(output).apply((known) => resolve(known as T)));

beforeAll(async () => {
  const started = await orNotRun(startMoto);
  missing = started.because;
  if (!started.part) return;
  moto = started.part;
  const allows = (verb: string, resource: string, name: string | undefined) =>
    rules.some(
      (rule) =>
        rule.resources.includes(resource) &&
        rule.verbs.includes(verb) &&
        (rule.resourceNames === undefined || (name !== undefined && rule.resourceNames.includes(name))),
    );
  [aws, cluster, server] = await Promise.all([
    startAwsCaller(moto.url),
    startKubernetesStandIn({ allows }),
    startPostgres(),
  ]);
  await new Promise<void>((resolve) => prometheus.listen(0, '127.0.0.1', resolve));
  await pulumi.runtime.setMocks({
    newResource: async ({ name, type, inputs, custom }) => {
      const given = inputs as Record<string, unknown>;
      if (custom !== true) return { id: '', state: given };
      if (!type.startsWith('aws:')) {
        objects.set(name, JSON.parse(JSON.stringify(given)) as Record<string, unknown>);
        return { id: name, state: given };
      }
      const outputs = await apply(aws, { name, type, inputs: given }).catch((error: unknown) => {
        refused.push(`${name}: ${String(error)}`);
        return { id: `${name}-refused` };
      });
      return { id: String(outputs.id), state: { ...given, ...outputs } };
    },
    call: ({ inputs }) => inputs as Record<string, unknown>,
  });
}, 300_000);
afterAll(async () => {
  prometheus.close();
  prometheus.closeAllConnections();
  await aws?.stop();
  await moto?.stop();
  await cluster?.stop();
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach((context) => {
  if (missing !== undefined) context.skip(missing);
});

/** A load balancer with a listener, as an account has one. */
async function listener(): Promise<{ vpcId: string; listenerArn: string }> {
  const { Vpc } = await ask<{ Vpc: { VpcId: string } }>('ec2 CreateVpc', { CidrBlock: '10.0.0.0/16' });
  const Subnets: string[] = [];
  for (const [CidrBlock, AvailabilityZone] of [
    ['10.0.1.0/24', 'eu-west-1a'],
    ['10.0.2.0/24', 'eu-west-1b'],
  ]) {
    const parameters = { VpcId: Vpc.VpcId, CidrBlock, AvailabilityZone };
    const made = await ask<{ Subnet: { SubnetId: string } }>('ec2 CreateSubnet', parameters);
    Subnets.push(made.Subnet.SubnetId);
  }
  const balancer = { Name: 'shop', Subnets };
  const { LoadBalancers } = await ask<{ LoadBalancers: [{ LoadBalancerArn: string }] }>(
    'elbv2 CreateLoadBalancer',
    balancer,
  );
  const { Listeners } = await ask<{ Listeners: [{ ListenerArn: string }] }>('elbv2 CreateListener', {
    LoadBalancerArn: LoadBalancers[0].LoadBalancerArn,
    Protocol: 'HTTP',
    Port: 80,
    DefaultActions: [{ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '404' } }],
  });
  return { vpcId: Vpc.VpcId, listenerArn: Listeners[0].ListenerArn };
}

const check = () => ({
  prometheus: `http://127.0.0.1:${(prometheus.address() as AddressInfo).port}`,
  refusedLogins: 'refused{pod=~"${fleet}-.*"}',
  errorRate: 'errors',
});

function fleetsBehind(groups: BlueGreenTargetGroups, versions: Readonly<Record<string, string>>): BlueGreenFleets {
  return new BlueGreenFleets('web', {
    namespace: 'shop',
    replicas: 2,
    port: 8080,
    pair: 'shop',
    secretName: 'shop-db',
    versions,
    podSpec: { containers: [{ name: 'web', image: 'registry.example/shop:1' }] },
    login: { by: 'psql', host: 'db.internal', database: 'shop' },
    drain: { longestRequest: '30s' },
    targetGroups: groups.traffic,
    check: check(),
  });
}

/** The job in a folder with the files that its pod has, with its role in AWS; only the mount, the API server and the minutes are others. */
async function jobOf(fleets: BlueGreenFleets) {
  const job = new RotationJob('shop-rotation', {
    namespace: 'shop',
    pair: 'shop',
    database: { host: server.host, port: server.port, name: 'postgres', tls: 'off' },
    adminSecretName: 'shop-rotator',
    secretName: 'shop-db',
    schedule: { every: '30 days' },
    plan: { consumers: [{ name: 'web', chain: [{ kind: 'pool', longest: '30m' }] }] },
    gradually: fleets.gradually,
  });
  await value(job.ready);
  rules = objects.get('shop-rotation-role')?.['rules'] as Rule[];
  const { spec } = objects.get('shop-rotation-job') as unknown as {
    spec: { jobTemplate: { spec: { template: { spec: { volumes: [{ projected: { sources: unknown[] } }] } } } } };
  };
  const { sources } = spec.jobTemplate.spec.template.spec.volumes[0].projected;
  const data = Object.assign(
    {},
    ...sources.map((source) => {
      const { configMap } = source as { configMap: { name: string } };
      return objects.get(configMap.name)?.['data'] as Record<string, string>;
    }),
  ) as Record<string, string>;
  for (const [file, text] of Object.entries(data)) writeFileSync(path.join(folder, file), text);
  writeFileSync(path.join(folder, 'username'), server.superuser);
  writeFileSync(path.join(folder, 'password'), server.superuserPassword);
  writeFileSync(path.join(folder, 'token'), 'a.web.token');
  const settings = JSON.parse(data['settings.json'] ?? '') as HostSettings;
  const { metadata } = objects.get('shop-rotation-account') as {
    metadata: { annotations: Readonly<Record<string, string>> };
  };
  const env = {
    [hostVariables.settings]: JSON.stringify({
      ...settings,
      database: { ...settings.database, admin: folder },
      store: { ...settings.store, server: cluster.url },
      gradually: { ...settings.gradually, each: '20ms', every: '10ms' },
    }),
    // What the webhook of EKS puts into the pod of an account with a role.
    AWS_ROLE_ARN: metadata.annotations['eks.amazonaws.com/role-arn'],
    AWS_WEB_IDENTITY_TOKEN_FILE: path.join(folder, 'token'),
    AWS_REGION: 'eu-west-1',
    AWS_ENDPOINT_URL: moto?.url,
  };
  return async (command = 'tend') =>
    await new Promise<{ code: number; wanted: string; shares: string[]; text: string }>((resolve) => {
      execFile(process.execPath, ['kubernetes-job.mjs', command], { cwd: folder, env }, (error, stdout) =>
        resolve({
          code: error === null ? 0 : Number(error.code),
          wanted: /version ([0-9a-f-]{36})/.exec(stdout)?.[1] ?? '',
          shares: [...stdout.matchAll(/"percent":(\d+)/g)].map(([, percent = '']) => percent),
          text: stdout,
        }),
      );
    });
}

describe('target groups, fleets and a job on EKS, made through the AWS API', { timeout: 180_000 }, () => {
  it('try a candidate with 10, 50 and 100 % of the traffic, give everything back, and publish what did well', async () => {
    const { vpcId, listenerArn } = await listener();
    const groups = new BlueGreenTargetGroups('web', {
      vpcId,
      listenerArn,
      priority: 10,
      pair: 'shop',
      port: 8080,
      healthPath: '/ready',
      hosts: ['shop.example'],
      job: { oidcProviderArn, namespace: 'shop', name: 'shop-rotation' },
    });
    const ruleArn = await value(groups.ready);
    const arns = await value(groups.targetGroupArns);
    expect(refused).toEqual([]);
    const run = await jobOf(fleetsBehind(groups, {}));

    const weights = async () => {
      const { Rules } = await ask<{
        Rules: [{ Actions: [{ ForwardConfig: { TargetGroups: { Weight: number }[] } }] }];
      }>('elbv2 DescribeRules', { RuleArns: [ruleArn] });
      return Rules[0].Actions[0].ForwardConfig.TargetGroups.map(({ Weight }) => Weight);
    };
    const deploy = async (fleet: string, versions: Readonly<Record<string, string>>) => {
      await value(fleetsBehind(groups, versions).ready);
      const status = { observedGeneration: 1, updatedReplicas: 2, availableReplicas: 2 };
      cluster.write('deployments', 'shop', { ...objects.get(`${fleet}-deployment`), status } as never);
    };
    /** What the controller of the load balancer does for a binding. */
    const register = async (fleet: string, address: string) => {
      const { spec } = objects.get(`${fleet}-binding`) as { spec: { targetGroupARN: string } };
      const Targets = [{ Id: address, Port: 8080 }];
      await ask('elbv2 RegisterTargets', { TargetGroupArn: spec.targetGroupARN, Targets });
    };

    const blue = (await run()).wanted;
    await deploy('web-a', { shop_a: blue });
    expect((await run()).text).toContain('Target group web-a-1a2b3c4 has no targets.');
    await register('web-a', '10.0.1.10');
    expect(await run()).toMatchObject({ code: hostExitCodes.done, shares: [] });
    expect(await weights()).toEqual([100, 0]);

    const green = (await run('advance')).wanted;
    await deploy('web-b', { shop_a: blue, shop_b: green });
    expect(await run()).toMatchObject({ code: hostExitCodes.blocked, shares: [] });
    await register('web-b', '10.0.2.10');
    refusedLogins = 2;
    const bad = await run();
    expect(bad).toMatchObject({ code: hostExitCodes.blocked, shares: ['10'] });
    expect(bad.text).toContain('the fleet of shop_b was bad: 2 logins were refused.');
    expect(await weights()).toEqual([100, 0]);
    refusedLogins = 0;
    const again = await run();
    expect(again).toMatchObject({ code: hostExitCodes.blocked, shares: [] });
    expect(again.text).toContain(`aws elbv2 remove-tags --resource-arns ${ruleArn} --tag-keys keyturn:aborted-version`);
    await ask('elbv2 RemoveTags', { ResourceArns: [ruleArn], TagKeys: ['keyturn:aborted-version'] });

    await ask('elbv2 DeregisterTargets', {
      TargetGroupArn: arns['shop_a'],
      Targets: [{ Id: '10.0.1.10', Port: 8080 }],
    });
    const alone = await run();
    expect(alone).toMatchObject({ code: hostExitCodes.blocked, shares: [] });
    expect(alone.text).toContain('Target group web-a-1a2b3c4 has no healthy target');
    await register('web-a', '10.0.1.10');
    expect(await run()).toMatchObject({ code: hostExitCodes.done, shares: ['10', '50', '100'] });
    expect(await weights()).toEqual([0, 100]);
    const published = cluster.read('secrets', 'shop', 'shop-db')?.data?.['username'] ?? '';
    expect(Buffer.from(published, 'base64').toString()).toBe('shop_b');
    expect(cluster.requests.filter((line) => line.endsWith(' 403'))).toEqual([]);

    const policies = await documentsOf(aws, 'web-role');
    const may = (does: string, arn: string) => permits(policies, `elasticloadbalancing:${does}`, arn);
    for (const does of ['ModifyRule', 'AddTags', 'RemoveTags']) {
      expect(may(does, ruleArn), does).toBe(true);
      expect(may(does, `${ruleArn}0`), does).toBe(false);
    }
    for (const does of ['DescribeRules', 'DescribeTags', 'DescribeTargetHealth']) expect(may(does, '*')).toBe(true);
    expect(may('RegisterTargets', arns['shop_a'] ?? '')).toBe(false);
    expect(may('DeleteRule', ruleArn)).toBe(false);
  });
});
