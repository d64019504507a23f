import * as pulumi from '@pulumi/pulumi';

/** One statement of an IAM policy. */
export interface Statement {
  readonly Effect: 'Allow';
  readonly Action: readonly string[];
  readonly Resource: pulumi.Input<string>;
}

/** What the rotation function may do, and on what. */
export function rotatorStatements(on: {
  readonly secretArn: pulumi.Input<string>;
  readonly adminSecretArn: pulumi.Input<string>;
  readonly adminKmsKeyArn?: pulumi.Input<string> | undefined;
  /** Secrets of single users that a proxy reads. */
  readonly userSecretArns: readonly pulumi.Input<string>[];
  readonly kmsKeyArn: pulumi.Input<string>;
  /** Of the group; its streams are what is written to. */
  readonly logArn: pulumi.Input<string>;
  readonly network: boolean;
  readonly looksAtProxy: boolean;
}): readonly Statement[] {
  const network: Statement = {
    Effect: 'Allow',
    // https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
    Action: [
      'ec2:AssignPrivateIpAddresses',
      'ec2:CreateNetworkInterface',
      'ec2:DeleteNetworkInterface',
      'ec2:DescribeNetworkInterfaces',
      'ec2:DescribeSubnets',
      'ec2:UnassignPrivateIpAddresses',
    ],
    // These actions know no resource that could be named beforehand.
    Resource: '*',
  };
  return [
    {
      Effect: 'Allow',
      Action: [
        'secretsmanager:DescribeSecret',
        'secretsmanager:GetSecretValue',
        'secretsmanager:PutSecretValue',
        // For a rotation that is late.
        'secretsmanager:RotateSecret',
        'secretsmanager:UpdateSecretVersionStage',
      ],
      Resource: on.secretArn,
    },
    { Effect: 'Allow', Action: ['secretsmanager:GetSecretValue'], Resource: on.adminSecretArn },
    ...on.userSecretArns.map((Resource): Statement => ({
      Effect: 'Allow',
      Action: ['secretsmanager:PutSecretValue'],
      Resource,
    })),
    { Effect: 'Allow', Action: ['kms:Decrypt', 'kms:GenerateDataKey'], Resource: on.kmsKeyArn },
    ...(on.adminKmsKeyArn === undefined
      ? []
      : [{ Effect: 'Allow' as const, Action: ['kms:Decrypt'], Resource: on.adminKmsKeyArn }]),
    {
      Effect: 'Allow',
      Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      Resource: pulumi.interpolate`${on.logArn}:*`,
    },
    // The ARN of a proxy holds an id that AWS makes up, and no name.
    ...(on.looksAtProxy ? [{ Effect: 'Allow' as const, Action: ['rds:DescribeDBProxies'], Resource: '*' }] : []),
    ...(on.network ? [network] : []),
  ];
}
