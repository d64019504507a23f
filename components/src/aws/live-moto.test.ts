import { type AwsCaller, type HttpService, orNotRun, startAwsCaller, startMoto } from '@keyturn/services';
import type * as pulumi from '@pulumi/pulumi';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { apply } from './contract/apply.js';
import { autoname } from './contract/aws-api.js';
import { deploy, type Deployed, region, replicaRegion } from './contract/deploy.js';
import { allowsAll, documentsOf, type Document, permits } from './contract/iam.js';
import { type Surroundings, surroundingsOf } from './contract/surroundings.js';

const day = 86_400_000;
let moto: HttpService | undefined;
let missing: string | undefined;
let aws: AwsCaller;
let there: Surroundings;
let deployed: Deployed;

const ask = async <Answer = Readonly<Record<string, unknown>>>(
  does: string,
  parameters: Record<string, unknown>,
  at = region,
): Promise<Answer> => {
  const [service = '', operation = ''] = does.split(' ');
  return (await aws.call({ service, operation, parameters, region: at })) as Answer;
};
const arnOf = (name: string): string => String(deployed.made.get(name)?.['arn']);
const value = async <T>(output: pulumi.Output<T>): Promise<T> =>
  await new Promise<T>((resolve) => void output.apply((known) => resolve(known)));
const tagsOf = (list: unknown): Record<string, string> =>
  Object.fromEntries((list as { Key: string; Value: string }[]).map(({ Key, Value }) => [Key, Value]));

beforeAll(async () => {
  const started = await orNotRun(startMoto);
  missing = started.because;
  if (!started.part) return;
  moto = started.part;
  // Functions are not run, because that needs Docker.
  const config = { lambda: { use_docker: false } };
  await fetch(`${moto.url}/moto-api/config`, { method: 'POST', body: JSON.stringify(config) });
  aws = await startAwsCaller(moto.url);
  there = await surroundingsOf(aws, replicaRegion);

  deployed = await deploy(aws, there);
}, 300_000);

afterAll(async () => {
  await aws?.stop();
  await moto?.stop();
});

beforeEach((context) => {
  if (missing !== undefined) context.skip(missing);
});

describe('RotatingDatabaseSecret with every option, made through the AWS API', { timeout: 120_000 }, () => {
  it('is accepted, resource by resource', () => {
    expect(deployed.refused).toEqual([]);
    expect(deployed.made.size).toBeGreaterThan(35);
  });

  it('has no property that is sent nowhere', async () => {
    const odd = { name: 'odd', type: 'aws:kms/key:Key', inputs: { description: 'x', multiRegion: true } };
    await expect(apply(aws, odd)).rejects.toThrow('multiRegion, which is in no table');
    await expect(apply(aws, { ...odd, type: 'aws:s3/bucket:Bucket' })).rejects.toThrow('No table is known');
  });

  it('encrypts the secret with a key that rotates, replicates it, and says its plan in a tag', async () => {
    const found = await ask('secretsmanager DescribeSecret', { SecretId: arnOf('db-secret') });
    expect(found).toMatchObject({
      KmsKeyId: arnOf('db-key'),
      // moto does not keep the key of a replica.
      ReplicationStatus: [{ Region: replicaRegion }],
    });
    expect(tagsOf(found['Tags'])).toEqual({
      'keyturn:plan': 'dual-user every 28d longest 35m',
      'keyturn:strategy': 'dual-user',
      'keyturn:pair': 'shop',
    });
    const key = { KeyId: arnOf('db-key') };
    expect(await ask('kms GetKeyRotationStatus', key)).toMatchObject({ KeyRotationEnabled: true });
    const copy = await ask('secretsmanager DescribeSecret', { SecretId: autoname('db-secret') }, replicaRegion);
    expect(copy).toMatchObject({ PrimaryRegion: region });
  });

  // moto keeps no schedule expression; the caller checks the one that is sent against the pattern that AWS publishes.
  it('rotates the secret by the function, which only Secrets Manager and the second schedule may call', async () => {
    const found = await ask('secretsmanager DescribeSecret', { SecretId: arnOf('db-secret') });
    expect(found).toMatchObject({ RotationLambdaARN: arnOf('db-rotator') });
    const { Policy } = await ask<{ Policy: string }>('lambda GetPolicy', { FunctionName: autoname('db-rotator') });
    const allowed = (JSON.parse(Policy) as { Statement: Record<string, unknown>[] }).Statement;
    const sorted = [...allowed].sort((a, b) => String(b['Sid']).localeCompare(String(a['Sid'])));
    expect(
      sorted.map(({ Principal, Action, Condition, Resource }) => [Principal, Action, Condition, Resource]),
    ).toEqual([
      [
        { Service: 'secretsmanager.amazonaws.com' },
        'lambda:InvokeFunction',
        { ArnLike: { 'AWS:SourceArn': arnOf('db-secret') } },
        arnOf('db-rotator'),
      ],
      [
        { Service: 'events.amazonaws.com' },
        'lambda:InvokeFunction',
        { ArnLike: { 'AWS:SourceArn': arnOf('db-retire') } },
        arnOf('db-rotator'),
      ],
    ]);
  });

  it('lets nobody but the role of the function write versions', async () => {
    const { ResourcePolicy } = await ask<{ ResourcePolicy: string }>('secretsmanager GetResourcePolicy', {
      SecretId: arnOf('db-secret'),
    });
    const policy = JSON.parse(ResourcePolicy) as Document;
    const write = 'secretsmanager:PutSecretValue';
    expect(permits([allowsAll, policy], write, arnOf('db-secret'), arnOf('db-role'))).toBe(true);
    expect(permits([allowsAll, policy], write, arnOf('db-secret'), 'arn:aws:iam::123456789012:role/web')).toBe(false);
  });

  it('runs the function with its bundle, in its network, and tells it where everything is', async () => {
    const { Configuration, Concurrency } = await ask<{
      Configuration: { Environment: { Variables: Record<string, string> }; VpcConfig: unknown; CodeSize: number };
      Concurrency: unknown;
    }>('lambda GetFunction', { FunctionName: arnOf('db-rotator') });
    expect(Configuration).toMatchObject({
      Role: arnOf('db-role'),
      Runtime: 'nodejs22.x',
      Timeout: 300,
      VpcConfig: { SubnetIds: there.subnetIds, SecurityGroupIds: [deployed.made.get('db-security-group')?.id] },
    });
    expect(Configuration.CodeSize).toBeGreaterThan(10_000);
    expect(Concurrency).toEqual({ ReservedConcurrentExecutions: 1 });
    const variables = Configuration.Environment.Variables;
    expect(JSON.parse(variables['KEYTURN_DATABASE'] ?? '')).toEqual({
      engine: 'postgres',
      host: 'db.internal',
      port: 5432,
      dbname: 'shop',
      masterarn: there.adminSecretArn,
    });
    expect(JSON.parse(variables['KEYTURN_USER_SECRETS'] ?? '')).toEqual({
      shop_a: arnOf('db-user-a-secret'),
      shop_b: arnOf('db-user-b-secret'),
    });
    expect(JSON.parse(variables['KEYTURN_PLAN'] ?? '')).toMatchObject({ strategy: 'dual-user', every: 28 * day });
  });

  it('opens the way to the database and to Secrets Manager, and no other', async () => {
    const group = String(deployed.made.get('db-security-group')?.id);
    const endpointGroup = String(deployed.made.get('db-endpoint-security-group')?.id);
    const { SecurityGroups } = await ask<{ SecurityGroups: Record<string, Rule[]>[] }>('ec2 DescribeSecurityGroups', {
      GroupIds: [group, endpointGroup, there.databaseSecurityGroupId],
    });
    const rules = (id: string, way: string) =>
      (SecurityGroups.find(({ GroupId }) => String(GroupId) === id)?.[way] ?? []).map(
        ({ FromPort, ToPort, UserIdGroupPairs, IpRanges }) => [
          FromPort,
          ToPort,
          ...UserIdGroupPairs.map(({ GroupId }) => GroupId),
          ...IpRanges.map(({ CidrIp }) => CidrIp),
        ],
      );
    const sorted = (list: unknown[][]) => list.map(String).sort();
    expect(sorted(rules(group, 'IpPermissionsEgress'))).toEqual(
      sorted([
        [443, 443, endpointGroup],
        [5432, 5432, there.databaseSecurityGroupId],
      ]),
    );
    expect(rules(group, 'IpPermissions')).toEqual([]);
    expect(rules(there.databaseSecurityGroupId, 'IpPermissions')).toEqual([[5432, 5432, group]]);
    expect(rules(endpointGroup, 'IpPermissions')).toEqual([[443, 443, group]]);
    const { VpcEndpoints } = await ask<{ VpcEndpoints: unknown[] }>('ec2 DescribeVpcEndpoints', {
      VpcEndpointIds: [deployed.made.get('db-endpoint')?.id],
    });
    expect(VpcEndpoints).toMatchObject([
      { VpcId: there.vpcId, ServiceName: `com.amazonaws.${region}.secretsmanager`, SubnetIds: there.subnetIds },
    ]);
  });

  it('keeps the log as long as asked, and counts blocked and late rotations in it', async () => {
    const logGroupName = autoname('db-log');
    const { logGroups } = await ask<{ logGroups: unknown[] }>('logs DescribeLogGroups', {
      logGroupNamePrefix: logGroupName,
    });
    expect(logGroups).toMatchObject([{ logGroupName, retentionInDays: 90 }]);
    const { metricFilters } = await ask<{ metricFilters: { filterName: string }[] }>('logs DescribeMetricFilters', {
      logGroupName,
    });
    expect(metricFilters.sort((a, b) => a.filterName.localeCompare(b.filterName))).toMatchObject(
      ['blocked', 'overdue'].map((kind) => ({
        filterPattern: `{ $.type = "${kind}" }`,
        metricTransformations: [{ metricNamespace: 'keyturn', metricName: `shop-${kind}`, metricValue: '1' }],
      })),
    );
  });

  it('alarms on the metrics that the function and its log have', async () => {
    const { MetricAlarms } = await ask<{ MetricAlarms: Record<string, unknown>[] }>('cloudwatch DescribeAlarms', {});
    const watched = MetricAlarms.map(({ Namespace, MetricName, Dimensions, AlarmActions }) => [
      Namespace,
      MetricName,
      Dimensions,
      AlarmActions,
    ]);
    expect(watched.sort((a, b) => String(a[1]).localeCompare(String(b[1])))).toEqual([
      ['AWS/Lambda', 'Errors', [{ Name: 'FunctionName', Value: autoname('db-rotator') }], [there.topicArn]],
      ['keyturn', 'shop-blocked', [], [there.topicArn]],
      ['keyturn', 'shop-overdue', [], [there.topicArn]],
    ]);
  });

  it('calls the function every hour, and tells the topic what Secrets Manager says', async () => {
    expect(await ask('events DescribeRule', { Name: autoname('db-retire') })).toMatchObject({
      ScheduleExpression: 'rate(1 hour)',
      State: 'ENABLED',
    });
    const targets = async (rule: string) =>
      (await ask<{ Targets: Record<string, unknown>[] }>('events ListTargetsByRule', { Rule: autoname(rule) })).Targets;
    const [retire] = await targets('db-retire');
    expect(retire).toMatchObject({ Arn: arnOf('db-rotator') });
    expect(JSON.parse(String(retire?.['Input']))).toEqual({ keyturn: 'retire', SecretId: arnOf('db-secret') });
    expect(await targets('db-events')).toMatchObject([{ Arn: there.topicArn }]);
    expect(await targets('db-rotated')).toMatchObject([
      { Arn: arnOf('db-redeploy'), RoleArn: arnOf('db-redeploy-start-role') },
    ]);
  });

  it('hears of a rotation of its secret, and of no other', async () => {
    const queue = await ask<{ QueueUrl: string }>('sqs CreateQueue', { QueueName: 'heard' });
    const { Attributes } = await ask<{ Attributes: { QueueArn: string } }>('sqs GetQueueAttributes', {
      QueueUrl: queue.QueueUrl,
      AttributeNames: ['QueueArn'],
    });
    // A bus of its own, because moto can neither tell a topic nor start a state machine.
    const { EventPattern } = await ask('events DescribeRule', { Name: autoname('db-events') });
    const bus = { EventBusName: 'heard' };
    await ask('events CreateEventBus', { Name: 'heard' });
    await ask('events PutRule', { ...bus, Name: 'heard', EventPattern });
    await ask('events PutTargets', { ...bus, Rule: 'heard', Targets: [{ Id: 'heard', Arn: Attributes.QueueArn }] });
    const says = (eventName: string, SecretId: string) => ({
      ...bus,
      Source: 'aws.secretsmanager',
      DetailType: 'AWS Service Event via CloudTrail',
      Detail: JSON.stringify({ eventName, eventType: 'AwsServiceEvent', additionalEventData: { SecretId } }),
    });
    await ask('events PutEvents', {
      Entries: [
        says('RotationFailed', there.adminSecretArn),
        says('RotationStarted', arnOf('db-secret')),
        says('RotationFailed', arnOf('db-secret')),
      ],
    });
    const { Messages } = await ask<{ Messages: { Body: string }[] }>('sqs ReceiveMessage', {
      QueueUrl: queue.QueueUrl,
      MaxNumberOfMessages: 10,
    });
    expect(Messages.map(({ Body }) => (JSON.parse(Body) as { detail: unknown }).detail)).toMatchObject([
      { eventName: 'RotationFailed', additionalEventData: { SecretId: arnOf('db-secret') } },
    ]);
  });

  it('gives the function what its work needs, and nothing of anybody else', async () => {
    const policies = await documentsOf(aws, 'db-role');
    const may = (action: string, arn: string) => permits(policies, action, arn);
    const log = `${arnOf('db-log')}:log-stream:2026/01/01/[$LATEST]0`;
    const own = (does: string) => may(`secretsmanager:${does}`, arnOf('db-secret'));

    for (const does of ['DescribeSecret', 'GetSecretValue', 'PutSecretValue', 'UpdateSecretVersionStage'])
      expect(own(does), does).toBe(true);
    expect(may('logs:CreateLogStream', log)).toBe(true);
    expect(may('logs:PutLogEvents', log)).toBe(true);
    expect(may('secretsmanager:GetSecretValue', there.adminSecretArn)).toBe(true);
    expect(may('kms:Decrypt', there.adminKmsKeyArn)).toBe(true);
    expect(may('kms:GenerateDataKey', arnOf('db-key'))).toBe(true);
    for (const user of ['a', 'b'])
      expect(may('secretsmanager:PutSecretValue', arnOf(`db-user-${user}-secret`))).toBe(true);
    // What AWS lists for functions in a VPC: https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
    for (const does of [
      'CreateNetworkInterface',
      'DescribeNetworkInterfaces',
      'DescribeSubnets',
      'DeleteNetworkInterface',
      'AssignPrivateIpAddresses',
      'UnassignPrivateIpAddresses',
    ])
      expect(may(`ec2:${does}`, '*'), does).toBe(true);
    // "You also need lambda:InvokeFunction permissions on the rotation function", says the API's reference of RotateSecret.
    expect(own('RotateSecret')).toBe(true);
    expect(may('lambda:InvokeFunction', arnOf('db-rotator'))).toBe(true);

    expect(own('DeleteSecret')).toBe(false);
    expect(may('secretsmanager:PutSecretValue', there.adminSecretArn)).toBe(false);
    expect(may('secretsmanager:GetSecretValue', `${there.adminSecretArn}-other`)).toBe(false);
    expect(may('logs:PutLogEvents', log.replace('db-log', 'other'))).toBe(false);
  });

  it('lets a consumer read the secret, by a policy that is attached to its role', async () => {
    const { AttachedPolicies } = await ask<{ AttachedPolicies: { PolicyArn: string }[] }>(
      'iam ListAttachedRolePolicies',
      { RoleName: there.consumerRole },
    );
    const arns = await value(deployed.secret.readerPolicyArns);
    expect(AttachedPolicies.map(({ PolicyArn }) => PolicyArn)).toEqual([arns['web']]);
    for (const [consumer, stages] of [
      ['web', ['AWSCURRENT', 'AWSPREVIOUS']],
      ['green', ['AWSPENDING']],
    ] as const) {
      const { PolicyVersion } = await ask<{ PolicyVersion: { Document: Document } }>('iam GetPolicyVersion', {
        PolicyArn: arns[consumer],
        VersionId: 'v1',
      });
      const { Document: document } = PolicyVersion;
      expect(permits([document], 'secretsmanager:GetSecretValue', arnOf('db-secret'))).toBe(true);
      expect(permits([document], 'kms:Decrypt', arnOf('db-key'))).toBe(true);
      expect(permits([document], 'secretsmanager:GetSecretValue', there.adminSecretArn)).toBe(false);
      expect(permits([document], 'secretsmanager:PutSecretValue', arnOf('db-secret'))).toBe(false);
      expect(document.Statement[0]?.Condition).toEqual({
        'ForAnyValue:StringEquals': { 'secretsmanager:VersionStage': stages },
      });
    }
  });

  it('deploys the service again by the call that the state machine makes, with the right to do so', async () => {
    const deployment = async () => {
      const { services } = await ask<{ services: { deployments: { id: string }[] }[] }>('ecs DescribeServices', {
        cluster: 'shop',
        services: ['web'],
      });
      return services[0]?.deployments[0]?.id;
    };
    const before = await deployment();
    const { definition } = await ask<{ definition: string }>('stepfunctions DescribeStateMachine', {
      stateMachineArn: arnOf('db-redeploy'),
    });
    const [branch] = (JSON.parse(definition) as Machine).States.Redeploy.Branches;
    const task = branch?.States[branch.StartAt];
    expect(task?.Resource).toBe('arn:aws:states:::aws-sdk:ecs:updateService');
    // Step Functions begins each parameter with a capital, and the API of ECS does not; moto's Step Functions does not change that.
    const parameters = Object.entries(task?.Parameters ?? {}).map(
      ([name, item]) => [`${name.charAt(0).toLowerCase()}${name.slice(1)}`, item] as const,
    );
    await ask('ecs UpdateService', Object.fromEntries(parameters));

    expect(await deployment()).not.toBe(before);
    expect(permits(await documentsOf(aws, 'db-redeploy-role'), 'ecs:UpdateService', there.serviceArn)).toBe(true);
    const start = await documentsOf(aws, 'db-redeploy-start-role');
    expect(permits(start, 'states:StartExecution', arnOf('db-redeploy'))).toBe(true);
  });

  it('gives an RDS Proxy both users, and a policy for their secrets', async () => {
    const Auth = (await value(deployed.secret.proxyAuths)).map(({ authScheme, iamAuth, secretArn, description }) => ({
      AuthScheme: authScheme,
      IAMAuth: iamAuth,
      SecretArn: secretArn,
      Description: description,
    }));
    await ask('rds CreateDBProxy', {
      DBProxyName: 'shop',
      EngineFamily: 'POSTGRESQL',
      Auth,
      RoleArn: 'arn:aws:iam::123456789012:role/proxy',
      VpcSubnetIds: there.subnetIds,
    });
    const { DBProxies } = await ask<{ DBProxies: unknown[] }>('rds DescribeDBProxies', { DBProxyName: 'shop' });
    const users = [arnOf('db-user-a-secret'), arnOf('db-user-b-secret')];
    expect(DBProxies).toMatchObject([{ Auth: users.map((SecretArn) => ({ SecretArn })) }]);
    const PolicyDocument = await value(deployed.secret.proxyPolicy);
    await ask('iam PutRolePolicy', { RoleName: 'proxy', PolicyName: 'users', PolicyDocument });
    const policy = JSON.parse(PolicyDocument ?? '') as Document;
    for (const user of users) expect(permits([policy], 'secretsmanager:GetSecretValue', user)).toBe(true);
    expect(permits([policy], 'secretsmanager:GetSecretValue', arnOf('db-secret'))).toBe(false);
  });
});

interface Machine {
  readonly States: {
    readonly Redeploy: {
      readonly Branches: readonly {
        readonly StartAt: string;
        readonly States: Readonly<Record<string, { Resource: string; Parameters: object } | undefined>>;
      }[];
    };
  };
}

interface Rule {
  readonly FromPort: number;
  readonly ToPort: number;
  readonly UserIdGroupPairs: readonly { GroupId: string }[];
  readonly IpRanges: readonly { CidrIp: string }[];
}
