import { tags } from '@keyturn/plan';
import * as pulumi from '@pulumi/pulumi';

/** Policy document that moves the weights of one listener rule, and remembers on it what was bad. */
export function trafficPolicy(ruleArn: pulumi.Input<string>): pulumi.Output<string> {
  const on = { Effect: 'Allow', Resource: ruleArn };
  return pulumi.jsonStringify({
    Version: '2012-10-17',
    Statement: [
      { ...on, Action: ['elasticloadbalancing:ModifyRule'] },
      {
        ...on,
        Action: ['elasticloadbalancing:AddTags', 'elasticloadbalancing:RemoveTags'],
        Condition: { 'ForAllValues:StringEquals': { 'aws:TagKeys': [tags.abortedVersion] } },
      },
      {
        Effect: 'Allow',
        Action: [
          'elasticloadbalancing:DescribeRules',
          'elasticloadbalancing:DescribeTags',
          'elasticloadbalancing:DescribeTargetHealth',
        ],
        // These actions know no resource: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awselasticloadbalancingv2.html
        Resource: '*',
      },
    ],
  });
}

/** The service account of a pod of EKS. */
export interface PodAccount {
  /** ARN of the cluster's OpenID Connect provider in IAM. */
  readonly oidcProviderArn: pulumi.Input<string>;
  readonly namespace: pulumi.Input<string>;
  /** Name of the service account: that of the `RotationJob`. */
  readonly name: pulumi.Input<string>;
}

/** Who may take the role: this service account, and nobody else. */
export function onlyAccount({ oidcProviderArn, namespace, name }: PodAccount): pulumi.Output<string> {
  return pulumi.all([oidcProviderArn, namespace, name]).apply(([Federated, inNamespace, account]) => {
    // arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/…
    const issuer = Federated.slice(Federated.indexOf('/') + 1);
    return JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: { Federated },
          Action: 'sts:AssumeRoleWithWebIdentity',
          Condition: {
            StringEquals: {
              [`${issuer}:sub`]: `system:serviceaccount:${inNamespace}:${account}`,
              [`${issuer}:aud`]: 'sts.amazonaws.com',
            },
          },
        },
      ],
    });
  });
}
