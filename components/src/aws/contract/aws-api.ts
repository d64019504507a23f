import { randomUUID } from 'node:crypto';

import type * as pulumi from '@pulumi/pulumi';

import { type Field, type Fields, type Parameters } from './translate.js';

/** A resource while it is made. */
export interface Making {
  readonly name: string;
  readonly inputs: Parameters;
  /** What the calls before answered. */
  readonly answers: readonly Parameters[];
}

export interface ApiCall {
  /** Service and operation in the words of the API: `iam CreateRole`. */
  readonly does: `${string} ${string}`;
  readonly fields: Fields;
  /** What the provider adds, by place: names that it makes up, and ids of what it made. */
  readonly adds?: (making: Making) => Parameters;
}

/** The calls that a resource becomes. The first is always made, and one without properties too; others when one of theirs is set. */
export interface ApiTable {
  readonly calls: readonly ApiCall[];
  /** What the provider gives back: the id, and the outputs that others refer to. */
  readonly gives: (making: Making) => Parameters & { readonly id: unknown };
}

/** The provider makes up names like this where a program gives none. */
export const autoname = (name: string): string => `${name}-1a2b3c4`;

export const named =
  (place: string) =>
  ({ name }: Making): Parameters => ({ [place]: autoname(name) });
const pairs =
  (key: string, value: string) =>
  (map: unknown): unknown =>
    Object.entries(map as object).map(([name, item]) => ({ [key]: name, [value]: item as unknown }));
export const tagList = (to = 'Tags', key = 'Key', value = 'Value'): Field => ({ to, as: pairs(key, value) });
const document = (value: unknown): unknown => (typeof value === 'string' ? value : JSON.stringify(value));
export const at = (value: unknown, ...path: readonly (string | number)[]): unknown =>
  path.reduce<unknown>((here, step) => (here as Record<string | number, unknown> | undefined)?.[step], value);

async function zip(code: unknown): Promise<unknown> {
  const files = Object.entries(await (code as pulumi.asset.AssetArchive).assets);
  return { $zip: Object.fromEntries(await Promise.all(files.map(async ([name, file]) => [name, await pathOf(file)]))) };
}
const pathOf = async (file: unknown): Promise<string> => await (file as pulumi.asset.FileAsset).path;

const ruleBetween = (peer: string): Fields => ({
  securityGroupId: 'GroupId',
  ipProtocol: 'IpPermissions.0.IpProtocol',
  fromPort: 'IpPermissions.0.FromPort',
  toPort: 'IpPermissions.0.ToPort',
  referencedSecurityGroupId: `IpPermissions.0.UserIdGroupPairs.0.${peer}`,
  cidrIpv4: 'IpPermissions.0.IpRanges.0.CidrIp',
});
const everywhere = { IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] };

/** What the AWS provider does with each resource, as far as the component uses it. */
export const awsApi: Readonly<Record<string, ApiTable>> = {
  'aws:kms/key:Key': {
    calls: [
      { does: 'kms CreateKey', fields: { description: 'Description', tags: tagList('Tags', 'TagKey', 'TagValue') } },
      {
        does: 'kms EnableKeyRotation',
        fields: { enableKeyRotation: { only: true } },
        adds: ({ answers }) => ({ KeyId: at(answers, 0, 'KeyMetadata', 'KeyId') }),
      },
    ],
    gives: ({ answers }) => ({
      id: at(answers, 0, 'KeyMetadata', 'KeyId'),
      arn: at(answers, 0, 'KeyMetadata', 'Arn'),
    }),
  },
  'aws:secretsmanager/secret:Secret': {
    calls: [
      {
        does: 'secretsmanager CreateSecret',
        fields: {
          description: 'Description',
          kmsKeyId: 'KmsKeyId',
          replicas: { to: 'AddReplicaRegions', each: { region: 'Region', kmsKeyId: 'KmsKeyId' } },
          tags: tagList(),
        },
        adds: named('Name'),
      },
    ],
    gives: ({ answers }) => ({ id: at(answers, 0, 'ARN'), arn: at(answers, 0, 'ARN') }),
  },
  'aws:secretsmanager/secretPolicy:SecretPolicy': {
    calls: [
      {
        does: 'secretsmanager PutResourcePolicy',
        fields: { secretArn: 'SecretId', policy: 'ResourcePolicy', blockPublicPolicy: 'BlockPublicPolicy' },
      },
    ],
    gives: ({ answers }) => ({ id: at(answers, 0, 'ARN') }),
  },
  'aws:secretsmanager/secretRotation:SecretRotation': {
    calls: [
      {
        // moto 5.2.5 cannot rotate a secret without a version (it reads a variable that it sets only with one); AWS can.
        does: 'secretsmanager PutSecretValue',
        fields: {},
        adds: ({ inputs }) => ({ SecretId: inputs['secretId'], SecretString: '{}', ClientRequestToken: randomUUID() }),
      },
      {
        does: 'secretsmanager RotateSecret',
        fields: {
          secretId: 'SecretId',
          rotationLambdaArn: 'RotationLambdaARN',
          rotationRules: {
            of: { scheduleExpression: 'RotationRules.ScheduleExpression', duration: 'RotationRules.Duration' },
          },
          rotateImmediately: 'RotateImmediately',
        },
        // The SDK sends a token of its own where none is given.
        adds: () => ({ ClientRequestToken: randomUUID() }),
      },
    ],
    gives: ({ inputs }) => ({ id: inputs['secretId'] }),
  },
  'aws:iam/role:Role': {
    calls: [
      {
        does: 'iam CreateRole',
        fields: { assumeRolePolicy: { to: 'AssumeRolePolicyDocument', as: document }, tags: tagList() },
        adds: named('RoleName'),
      },
    ],
    gives: ({ name, answers }) => ({ id: autoname(name), name: autoname(name), arn: at(answers, 0, 'Role', 'Arn') }),
  },
  'aws:iam/rolePolicy:RolePolicy': {
    calls: [
      {
        does: 'iam PutRolePolicy',
        fields: { role: 'RoleName', policy: { to: 'PolicyDocument', as: document } },
        adds: named('PolicyName'),
      },
    ],
    gives: ({ name, inputs }) => ({ id: `${String(inputs['role'])}:${autoname(name)}` }),
  },
  'aws:iam/policy:Policy': {
    calls: [
      {
        does: 'iam CreatePolicy',
        fields: { description: 'Description', policy: { to: 'PolicyDocument', as: document } },
        adds: named('PolicyName'),
      },
    ],
    gives: ({ answers }) => ({ id: at(answers, 0, 'Policy', 'Arn'), arn: at(answers, 0, 'Policy', 'Arn') }),
  },
  'aws:iam/rolePolicyAttachment:RolePolicyAttachment': {
    calls: [{ does: 'iam AttachRolePolicy', fields: { role: 'RoleName', policyArn: 'PolicyArn' } }],
    gives: ({ name, inputs }) => ({ id: `${String(inputs['role'])}-${name}` }),
  },
  'aws:ec2/securityGroup:SecurityGroup': {
    calls: [
      {
        does: 'ec2 CreateSecurityGroup',
        fields: { vpcId: 'VpcId', description: 'Description' },
        adds: named('GroupName'),
      },
      {
        // EC2 opens every new group to everywhere; the provider closes it.
        does: 'ec2 RevokeSecurityGroupEgress',
        fields: {},
        adds: ({ answers }) => ({ GroupId: at(answers, 0, 'GroupId'), IpPermissions: [everywhere] }),
      },
    ],
    gives: ({ answers }) => ({ id: at(answers, 0, 'GroupId') }),
  },
  'aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule': {
    calls: [{ does: 'ec2 AuthorizeSecurityGroupEgress', fields: ruleBetween('GroupId') }],
    gives: ({ name }) => ({ id: name }),
  },
  'aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule': {
    calls: [{ does: 'ec2 AuthorizeSecurityGroupIngress', fields: ruleBetween('GroupId') }],
    gives: ({ name }) => ({ id: name }),
  },
  'aws:ec2/vpcEndpoint:VpcEndpoint': {
    calls: [
      {
        does: 'ec2 CreateVpcEndpoint',
        fields: {
          vpcId: 'VpcId',
          serviceName: 'ServiceName',
          vpcEndpointType: 'VpcEndpointType',
          subnetIds: 'SubnetIds',
          securityGroupIds: 'SecurityGroupIds',
          privateDnsEnabled: 'PrivateDnsEnabled',
        },
      },
    ],
    gives: ({ answers }) => ({ id: at(answers, 0, 'VpcEndpoint', 'VpcEndpointId') }),
  },
  'aws:cloudwatch/logGroup:LogGroup': {
    calls: [
      { does: 'logs CreateLogGroup', fields: { tags: 'tags' }, adds: named('logGroupName') },
      {
        does: 'logs PutRetentionPolicy',
        fields: { retentionInDays: 'retentionInDays' },
        adds: named('logGroupName'),
      },
      { does: 'logs DescribeLogGroups', fields: {}, adds: named('logGroupNamePrefix') },
    ],
    gives: ({ name, answers }) => ({
      id: autoname(name),
      name: autoname(name),
      // The provider takes `:*` away, which the API puts behind it.
      arn: String(at(answers.at(-1), 'logGroups', 0, 'arn')).replace(/:\*$/, ''),
    }),
  },
  'aws:cloudwatch/logMetricFilter:LogMetricFilter': {
    calls: [
      {
        does: 'logs PutMetricFilter',
        fields: {
          logGroupName: 'logGroupName',
          pattern: 'filterPattern',
          metricTransformation: {
            of: {
              namespace: 'metricTransformations.0.metricNamespace',
              name: 'metricTransformations.0.metricName',
              value: 'metricTransformations.0.metricValue',
            },
          },
        },
        adds: named('filterName'),
      },
    ],
    gives: ({ name }) => ({ id: autoname(name) }),
  },
  'aws:cloudwatch/metricAlarm:MetricAlarm': {
    calls: [
      {
        does: 'cloudwatch PutMetricAlarm',
        fields: {
          alarmDescription: 'AlarmDescription',
          namespace: 'Namespace',
          metricName: 'MetricName',
          dimensions: { to: 'Dimensions', as: pairs('Name', 'Value') },
          statistic: 'Statistic',
          period: 'Period',
          evaluationPeriods: 'EvaluationPeriods',
          threshold: 'Threshold',
          comparisonOperator: 'ComparisonOperator',
          treatMissingData: 'TreatMissingData',
          alarmActions: 'AlarmActions',
          tags: tagList(),
        },
        adds: named('AlarmName'),
      },
    ],
    gives: ({ name }) => ({ id: autoname(name) }),
  },
  'aws:cloudwatch/eventRule:EventRule': {
    calls: [
      {
        does: 'events PutRule',
        fields: {
          description: 'Description',
          scheduleExpression: 'ScheduleExpression',
          eventPattern: 'EventPattern',
          tags: tagList(),
        },
        adds: named('Name'),
      },
    ],
    gives: ({ name, answers }) => ({ id: autoname(name), name: autoname(name), arn: at(answers, 0, 'RuleArn') }),
  },
  'aws:cloudwatch/eventTarget:EventTarget': {
    calls: [
      {
        does: 'events PutTargets',
        fields: { rule: 'Rule', arn: 'Targets.0.Arn', input: 'Targets.0.Input', roleArn: 'Targets.0.RoleArn' },
        adds: named('Targets.0.Id'),
      },
    ],
    gives: ({ name, inputs }) => ({ id: `${String(inputs['rule'])}-${name}` }),
  },
  'aws:lambda/function:Function': {
    calls: [
      {
        does: 'lambda CreateFunction',
        fields: {
          description: 'Description',
          role: 'Role',
          runtime: 'Runtime',
          handler: 'Handler',
          code: { to: 'Code.ZipFile', as: zip },
          timeout: 'Timeout',
          memorySize: 'MemorySize',
          loggingConfig: { of: { logFormat: 'LoggingConfig.LogFormat', logGroup: 'LoggingConfig.LogGroup' } },
          environment: { of: { variables: 'Environment.Variables' } },
          vpcConfig: { of: { subnetIds: 'VpcConfig.SubnetIds', securityGroupIds: 'VpcConfig.SecurityGroupIds' } },
          tags: 'Tags',
        },
        adds: named('FunctionName'),
      },
      {
        does: 'lambda PutFunctionConcurrency',
        fields: { reservedConcurrentExecutions: 'ReservedConcurrentExecutions' },
        adds: named('FunctionName'),
      },
    ],
    gives: ({ name, answers }) => ({ id: autoname(name), name: autoname(name), arn: at(answers, 0, 'FunctionArn') }),
  },
  'aws:lambda/permission:Permission': {
    calls: [
      {
        does: 'lambda AddPermission',
        fields: { action: 'Action', function: 'FunctionName', principal: 'Principal', sourceArn: 'SourceArn' },
        adds: named('StatementId'),
      },
    ],
    gives: ({ name }) => ({ id: autoname(name) }),
  },
  'aws:sfn/stateMachine:StateMachine': {
    calls: [
      {
        does: 'stepfunctions CreateStateMachine',
        fields: { roleArn: 'roleArn', definition: 'definition', tags: tagList('tags', 'key', 'value') },
        adds: named('name'),
      },
    ],
    gives: ({ answers }) => ({ id: at(answers, 0, 'stateMachineArn'), arn: at(answers, 0, 'stateMachineArn') }),
  },
};
