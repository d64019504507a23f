import type * as pulumi from '@pulumi/pulumi';

/** Two target groups behind one rule of an Application Load Balancer, as `BlueGreenTargetGroups` makes them. */
export interface BalancedTraffic {
  /** The rule of a listener that forwards to both, with weights. */
  readonly ruleArn: pulumi.Input<string>;
  /** User to ARN of the target group of its fleet. */
  readonly arns: Readonly<Record<string, pulumi.Input<string>>>;
  /** IAM role of the job's service account (IRSA). Default: none is named, and the service account has its rights from elsewhere. */
  readonly roleArn?: pulumi.Input<string>;
}
