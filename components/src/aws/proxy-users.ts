import type { DualUsers } from '@keyturn/plan';
import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';

/** How an RDS Proxy authenticates one of the two users: an element of `auths` of `aws.rds.Proxy`. */
export interface ProxyAuth {
  readonly authScheme: 'SECRETS';
  readonly iamAuth: 'DISABLED';
  readonly secretArn: string;
  readonly description: string;
}

export interface ProxyUsers {
  readonly secretArns: readonly [a: pulumi.Output<string>, b: pulumi.Output<string>];
  readonly auths: pulumi.Output<readonly ProxyAuth[]>;
  /** Policy document for the proxy's role. */
  readonly policy: pulumi.Output<string>;
}

/**
 * A secret per user, empty until the function writes it. A proxy that is given only the rotated secret follows its current version, and refuses
 * the other user while applications still hold it.
 */
export function proxyUsers(
  name: string,
  { users }: DualUsers,
  kmsKeyArn: pulumi.Input<string>,
  tags: Readonly<Record<string, string>>,
  options: pulumi.CustomResourceOptions,
): ProxyUsers {
  const secretOf = (user: string, part: string): pulumi.Output<string> =>
    new aws.secretsmanager.Secret(
      `${name}-${part}-secret`,
      {
        description: `Login of ${user} for RDS Proxy. The rotation function writes it; applications read the pair's secret.`,
        kmsKeyId: kmsKeyArn,
        tags,
      },
      options,
    ).arn;
  const secretArns = [secretOf(users[0], 'user-a'), secretOf(users[1], 'user-b')] as const;
  return {
    secretArns,
    auths: pulumi.all([...secretArns]).apply((arns) =>
      arns.map((secretArn, index) => ({
        authScheme: 'SECRETS' as const,
        iamAuth: 'DISABLED' as const,
        secretArn,
        description: users[index === 0 ? 0 : 1],
      })),
    ),
    policy: pulumi.jsonStringify({
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Action: 'secretsmanager:GetSecretValue', Resource: [...secretArns] },
        { Effect: 'Allow', Action: 'kms:Decrypt', Resource: kmsKeyArn },
      ],
    }),
  };
}
