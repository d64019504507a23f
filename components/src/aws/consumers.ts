import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';

/** A version of the secret, by its staging label. */
export type SecretStage = 'AWSCURRENT' | 'AWSPREVIOUS' | 'AWSPENDING';

/** Something that reads the secret. */
export interface SecretConsumer {
  /** Versions that it may read. Default: the current and the previous one, which both log in until the previous is retired. */
  readonly stages?: readonly SecretStage[];
  /** Role that gets the policy. Default: none; attach `readerPolicyArns` yourself. */
  readonly roleName?: pulumi.Input<string>;
  /** ECS service that reads the secret only at start: it is deployed again after each rotation. Default: it is left alone. */
  readonly ecsService?: { readonly clusterArn: pulumi.Input<string>; readonly serviceArn: pulumi.Input<string> };
}

const usedStages: readonly SecretStage[] = ['AWSCURRENT', 'AWSPREVIOUS'];

interface ReadableSecret {
  readonly secretArn: pulumi.Input<string>;
  readonly kmsKeyArn: pulumi.Input<string>;
}

/** What lets somebody read versions of this secret and nothing else. */
export function readerDocument(
  { secretArn, kmsKeyArn }: ReadableSecret,
  stages?: readonly SecretStage[],
): pulumi.Output<string> {
  const ofStages =
    stages === undefined
      ? {}
      : { Condition: { 'ForAnyValue:StringEquals': { 'secretsmanager:VersionStage': [...stages] } } };
  return pulumi.jsonStringify({
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Action: 'secretsmanager:GetSecretValue', Resource: secretArn, ...ofStages },
      { Effect: 'Allow', Action: 'secretsmanager:DescribeSecret', Resource: secretArn },
      { Effect: 'Allow', Action: 'kms:Decrypt', Resource: kmsKeyArn },
    ],
  });
}

/** A policy per consumer, attached to its role where one is named. Returns their ARNs. */
export function readerPolicies(
  name: string,
  consumers: Readonly<Record<string, SecretConsumer>>,
  secret: ReadableSecret,
  options: pulumi.CustomResourceOptions,
): Readonly<Record<string, pulumi.Output<string>>> {
  return Object.fromEntries(
    Object.entries(consumers).map(([consumer, { stages = usedStages, roleName }]) => {
      const policy = new aws.iam.Policy(
        `${name}-reader-${consumer}`,
        { description: `Lets ${consumer} read the secret of ${name}.`, policy: readerDocument(secret, stages) },
        options,
      );
      if (roleName !== undefined) {
        new aws.iam.RolePolicyAttachment(
          `${name}-reader-${consumer}-role`,
          { role: roleName, policyArn: policy.arn },
          options,
        );
      }
      return [consumer, policy.arn];
    }),
  );
}

/** Nobody but the rotation function writes versions or moves their labels: what somebody else puts there would stop the rotation. */
export function onlyRotatorWrites(roleArn: pulumi.Input<string>): pulumi.Output<string> {
  return pulumi.jsonStringify({
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'OnlyTheRotatorWrites',
        Effect: 'Deny',
        Principal: '*',
        Action: ['secretsmanager:PutSecretValue', 'secretsmanager:UpdateSecretVersionStage'],
        Resource: '*',
        Condition: { ArnNotEquals: { 'aws:PrincipalArn': roleArn } },
      },
    ],
  });
}
