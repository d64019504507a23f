import { NameError, PlanError } from '@keyturn/plan';
import * as pulumi from '@pulumi/pulumi';
import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';

import { ScheduleError } from '../schedule/rotation-schedule.js';
import { RotatingDatabaseSecret, type RotatingDatabaseSecretArgs } from './rotating-database-secret.js';

const args: RotatingDatabaseSecretArgs = {
  pair: 'shop',
  database: { host: 'db.internal', name: 'shop' },
  adminSecretArn: 'arn:admin',
  schedule: { cron: '0 4 1 * *' },
  plan: { consumers: [{ name: 'shop', chain: [{ kind: 'pool', longest: '30m' }] }] },
};
const inputs = new Map<string, Record<string, unknown>>();

beforeAll(async () => {
  await pulumi.runtime.setMocks({
    newResource: ({ name, type, inputs: given }) => {
      inputs.set(name, given as Record<string, unknown>);
      const state = given as Record<string, unknown>;
      return { id: `${name}-id`, state: { name, ...state, arn: `arn:${type}:${name}` } };
    },
    call: ({ inputs: given }) => given,
  });
});
beforeEach(() => void vi.restoreAllMocks());

async function build(name: string, change: Partial<RotatingDatabaseSecretArgs> = {}) {
  const children: string[] = [];
  const note = ({ name: child, type }: pulumi.ResourceTransformationArgs): undefined =>
    void children.push(`${child}: ${type}`);
  const secret = new RotatingDatabaseSecret(name, { ...args, ...change }, { transformations: [note] });
  const [reader] = await new Promise<[string, string]>(
    (resolve) =>
      void pulumi
        .all([secret.readerPolicy, secret.ready, secret.readerPolicyArns])
        .apply(([policy, ready]) => resolve([policy, ready])),
  );
  return { secret, children, reader: JSON.parse(reader) as { Statement: { Resource: string }[] } };
}

const value = async <T>(output: pulumi.Output<T>): Promise<T> =>
  await new Promise<T>((resolve) => void output.apply((known) => resolve(known)));

const statements = (name: string) =>
  (JSON.parse(String(inputs.get(name)?.['policy'])) as { Statement: { Action: string[]; Resource: string }[] })
    .Statement;

describe('the children of RotatingDatabaseSecret', () => {
  it('have names that never change', async () => {
    expect((await build('db')).children).toEqual([
      'db: keyturn:aws:RotatingDatabaseSecret',
      'db-key: aws:kms/key:Key',
      'db-secret: aws:secretsmanager/secret:Secret',
      'db-role: aws:iam/role:Role',
      'db-only-rotator-writes: aws:secretsmanager/secretPolicy:SecretPolicy',
      'db-log: aws:cloudwatch/logGroup:LogGroup',
      'db-rights: aws:iam/rolePolicy:RolePolicy',
      'db-rotator: aws:lambda/function:Function',
      'db-asks-again: aws:iam/rolePolicy:RolePolicy',
      'db-allow-secrets-manager: aws:lambda/permission:Permission',
      'db-rotation: aws:secretsmanager/secretRotation:SecretRotation',
      'db-retire: aws:cloudwatch/eventRule:EventRule',
      'db-allow-schedule: aws:lambda/permission:Permission',
      'db-retire-target: aws:cloudwatch/eventTarget:EventTarget',
      'db-failed: aws:cloudwatch/metricAlarm:MetricAlarm',
      'db-blocked-lines: aws:cloudwatch/logMetricFilter:LogMetricFilter',
      'db-blocked: aws:cloudwatch/metricAlarm:MetricAlarm',
      'db-overdue-lines: aws:cloudwatch/logMetricFilter:LogMetricFilter',
      'db-overdue: aws:cloudwatch/metricAlarm:MetricAlarm',
    ]);
  });

  it('have names that never change, of what is made when asked for', async () => {
    const { children: plain } = await build('db');
    const { children } = await build('db', {
      proxy: true,
      alarmTopicArn: 'arn:topic',
      network: { vpcId: 'vpc', subnetIds: ['a', 'b'], databaseSecurityGroupId: 'sg-db' },
      consumers: {
        web: { roleName: 'web', ecsService: { clusterArn: 'arn:cluster', serviceArn: 'arn:service' } },
        batch: {},
      },
    });
    expect(children.filter((child) => !plain.includes(child))).toEqual([
      'db-user-a-secret: aws:secretsmanager/secret:Secret',
      'db-user-b-secret: aws:secretsmanager/secret:Secret',
      'db-security-group: aws:ec2/securityGroup:SecurityGroup',
      'db-to-database: aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule',
      'db-from-rotator: aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule',
      'db-endpoint-security-group: aws:ec2/securityGroup:SecurityGroup',
      'db-to-secrets-manager: aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule',
      'db-into-endpoint: aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule',
      'db-endpoint: aws:ec2/vpcEndpoint:VpcEndpoint',
      'db-events: aws:cloudwatch/eventRule:EventRule',
      'db-events-target: aws:cloudwatch/eventTarget:EventTarget',
      'db-redeploy-role: aws:iam/role:Role',
      'db-redeploy-rights: aws:iam/rolePolicy:RolePolicy',
      'db-redeploy: aws:sfn/stateMachine:StateMachine',
      'db-redeploy-start-role: aws:iam/role:Role',
      'db-redeploy-start-rights: aws:iam/rolePolicy:RolePolicy',
      'db-rotated: aws:cloudwatch/eventRule:EventRule',
      'db-redeploy-target: aws:cloudwatch/eventTarget:EventTarget',
      'db-reader-web: aws:iam/policy:Policy',
      'db-reader-web-role: aws:iam/rolePolicyAttachment:RolePolicyAttachment',
      'db-reader-batch: aws:iam/policy:Policy',
    ]);
  });

  it('let the function look at a proxy only where it is named', async () => {
    await build('asked', { proxy: { name: 'shop-proxy' } });
    const variables = (name: string) =>
      (inputs.get(`${name}-rotator`)?.['environment'] as { variables: Record<string, string> }).variables;
    const looks = { Effect: 'Allow', Action: ['rds:DescribeDBProxies'], Resource: '*' };
    expect(variables('asked')['KEYTURN_PROXY']).toBe('shop-proxy');
    expect(variables('asked')['KEYTURN_USER_SECRETS']).toContain('shop_b');
    expect(statements('asked-rights')).toContainEqual(looks);
    await build('unasked', { proxy: true });
    expect(variables('unasked')['KEYTURN_PROXY']).toBeUndefined();
    expect(statements('unasked-rights')).not.toContainEqual(looks);
  });

  it('say what the topic of the alarms needs: these three alarms may publish, and EventBridge', async () => {
    const built = await build('told', { alarmTopicArn: 'arn:topic' });
    const alarm = (kind: string) => `arn:aws:cloudwatch/metricAlarm:MetricAlarm:told-${kind}`;
    const publish = { Effect: 'Allow', Action: 'sns:Publish', Resource: 'arn:topic' };
    expect(JSON.parse((await value(built.secret.alarmTopicPolicy)) ?? '')).toEqual({
      Version: '2012-10-17',
      Statement: [
        {
          ...publish,
          Sid: 'Alarms',
          Principal: { Service: 'cloudwatch.amazonaws.com' },
          Condition: { ArnEquals: { 'aws:SourceArn': ['failed', 'blocked', 'overdue'].map(alarm) } },
        },
        { ...publish, Sid: 'Rotations', Principal: { Service: 'events.amazonaws.com' } },
      ],
    });
    expect(await value((await build('silent')).secret.alarmTopicPolicy)).toBeUndefined();
  });

  it('make no key of their own when one is given', async () => {
    const { children, reader } = await build('given', { kmsKeyArn: 'arn:key' });
    expect(children).not.toContain('given-key: aws:kms/key:Key');
    expect(inputs.get('given-secret')?.['kmsKeyId']).toBe('arn:key');
    expect(reader.Statement.map(({ Resource }) => Resource)).toEqual([
      'arn:aws:secretsmanager/secret:Secret:given-secret',
      'arn:aws:secretsmanager/secret:Secret:given-secret',
      'arn:key',
    ]);
  });

  it('give the function rights on its two secrets, its key and its log, and on nothing else', async () => {
    await build('least');
    expect(statements('least-rights').map(({ Resource }) => Resource)).toEqual([
      'arn:aws:secretsmanager/secret:Secret:least-secret',
      'arn:admin',
      'arn:aws:kms/key:Key:least-key',
      'arn:aws:cloudwatch/logGroup:LogGroup:least-log:*',
    ]);
    expect(statements('least-rights').flatMap(({ Action }) => Action)).not.toContain('secretsmanager:*');
  });

  it('hold no value of the secret, and tell the function no password', async () => {
    await build('empty');
    expect([...inputs.keys()].filter((name) => name.startsWith('empty-') && /version/i.test(name))).toEqual([]);
    expect(JSON.stringify(inputs.get('empty-rotator')?.['environment'])).not.toMatch(/"password"|"secretString"/);
  });

  it('keep the interval that the calendar keeps at worst', async () => {
    await build('calendar');
    const { variables } = inputs.get('calendar-rotator')?.['environment'] as { variables: Record<string, string> };
    expect(JSON.parse(variables['KEYTURN_PLAN'] ?? '')).toMatchObject({
      strategy: 'dual-user',
      every: 28 * 86_400_000,
    });
    expect(inputs.get('calendar-rotation')?.['rotationRules']).toMatchObject({
      scheduleExpression: 'cron(0 4 1 * ? *)',
    });
  });
});

describe('RotatingDatabaseSecret', () => {
  const parsed = (name: string, key: string): unknown => JSON.parse(String(inputs.get(name)?.[key]));
  const variablesOf = (name: string): Record<string, string> =>
    (inputs.get(`${name}-rotator`)?.['environment'] as { variables: Record<string, string> }).variables;

  it('lets a consumer read the versions that it names, and no others', async () => {
    await build('read', { consumers: { web: {}, green: { stages: ['AWSPENDING'] } } });
    const stages = (consumer: string) =>
      (parsed(`read-reader-${consumer}`, 'policy') as { Statement: { Condition?: unknown }[] }).Statement[0]?.Condition;
    const only = (...labels: string[]) => ({ 'ForAnyValue:StringEquals': { 'secretsmanager:VersionStage': labels } });
    expect(stages('web')).toEqual(only('AWSCURRENT', 'AWSPREVIOUS'));
    expect(stages('green')).toEqual(only('AWSPENDING'));
  });

  it('lets nobody but the function write versions', async () => {
    await build('written');
    expect(parsed('written-only-rotator-writes', 'policy')).toMatchObject({
      Statement: [
        { Effect: 'Deny', Condition: { ArnNotEquals: { 'aws:PrincipalArn': 'arn:aws:iam/role:Role:written-role' } } },
      ],
    });
  });

  it('registers both users with a proxy, and lets the function write their secrets', async () => {
    const { secret } = await build('proxied', { proxy: true });
    const arns = ['a', 'b'].map((user) => `arn:aws:secretsmanager/secret:Secret:proxied-user-${user}-secret`);

    expect(await value(secret.proxyAuths)).toEqual([
      { authScheme: 'SECRETS', iamAuth: 'DISABLED', secretArn: arns[0], description: 'shop_a' },
      { authScheme: 'SECRETS', iamAuth: 'DISABLED', secretArn: arns[1], description: 'shop_b' },
    ]);
    expect(JSON.parse(variablesOf('proxied')['KEYTURN_USER_SECRETS'] ?? '')).toEqual({
      shop_a: arns[0],
      shop_b: arns[1],
    });
    expect(statements('proxied-rights').filter(({ Resource }) => arns.includes(Resource))).toEqual(
      arns.map((Resource) => ({ Effect: 'Allow', Action: ['secretsmanager:PutSecretValue'], Resource })),
    );
    expect(JSON.stringify(await value(secret.proxyPolicy))).toContain(arns[1]);
  });

  it('has nothing for a proxy unless asked', async () => {
    const { secret } = await build('direct');
    expect(await value(secret.proxyAuths)).toEqual([]);
    expect(await value(secret.proxyPolicy)).toBeUndefined();
    expect(variablesOf('direct')).not.toHaveProperty('KEYTURN_USER_SECRETS');
  });

  it('tells the function how users are made on MySQL, and its port', async () => {
    const users = { host: '10.0.%', requireTls: true, connectionLimit: 50 };
    await build('mysql', { database: { engine: 'mysql', host: 'db', name: 'shop', users } });
    const variables = variablesOf('mysql');
    expect(JSON.parse(variables['KEYTURN_MYSQL_USERS'] ?? '')).toEqual(users);
    expect(JSON.parse(variables['KEYTURN_DATABASE'] ?? '')).toMatchObject({ engine: 'mysql', port: 3306 });
    expect(
      () =>
        new RotatingDatabaseSecret('long', {
          ...args,
          pair: 'p'.repeat(31),
          database: { engine: 'mysql', host: 'db', name: 'shop' },
        }),
    ).toThrow(NameError);
  });

  it('calls a rotation late after the longest month, the window, and an hour', async () => {
    await build('late');
    await build('punctual', { schedule: { cron: '0 4 1 * *', window: '3h' } });
    const hours = (name: string) => Number(variablesOf(name)['KEYTURN_ROTATES_WITHIN_MS']) / 3_600_000;
    expect(hours('late')).toBe(31 * 24 + 24 + 1);
    expect(hours('punctual')).toBe(31 * 24 + 3 + 1);
  });

  it('replicates the secret, and may decrypt an admin secret with a key of its own', async () => {
    await build('copied', { replicas: [{ region: 'eu-central-1' }], adminKmsKeyArn: 'arn:admin-key' });
    expect(inputs.get('copied-secret')?.['replicas']).toEqual([{ region: 'eu-central-1' }]);
    expect(statements('copied-rights')).toContainEqual({
      Effect: 'Allow',
      Action: ['kms:Decrypt'],
      Resource: 'arn:admin-key',
    });
  });

  it('deploys the services again that read the secret only at start', async () => {
    await build('again', {
      consumers: { web: { ecsService: { clusterArn: 'arn:cluster', serviceArn: 'arn:service' } } },
    });
    expect(parsed('again-redeploy', 'definition')).toMatchObject({
      States: {
        Redeploy: {
          Branches: [
            {
              States: {
                web: { Parameters: { Cluster: 'arn:cluster', Service: 'arn:service', ForceNewDeployment: true } },
              },
            },
          ],
        },
      },
    });
    expect(parsed('again-rotated', 'eventPattern')).toMatchObject({
      detail: {
        eventName: ['RotationSucceeded'],
        additionalEventData: { SecretId: ['arn:aws:secretsmanager/secret:Secret:again-secret'] },
      },
    });
  });

  it('says in preview that deploying it rotates', async () => {
    const said: string[] = [];
    vi.spyOn(pulumi.log, 'info').mockImplementation(async (message) => await Promise.resolve(void said.push(message)));
    vi.spyOn(pulumi.runtime, 'isDryRun').mockReturnValue(true);
    await build('previewed');
    expect(said.join()).toContain('Secrets Manager rotates once when this is deployed');
  });
});

describe('what RotatingDatabaseSecret refuses', () => {
  it('is a schedule that its consumers cannot follow', () => {
    const slow = { consumers: [{ name: 'batch', chain: [{ kind: 'process' as const, longest: '2 days' as const }] }] };
    expect(() => new RotatingDatabaseSecret('fast', { ...args, schedule: { every: '1 days' }, plan: slow })).toThrow(
      PlanError,
    );
  });

  it('is a schedule that Secrets Manager cannot keep', () => {
    expect(
      () => new RotatingDatabaseSecret('often', { ...args, schedule: { every: '1h' }, plan: { consumers: [] } }),
    ).toThrow(ScheduleError);
  });
});
