import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';

import { rotationRule, type Watched } from './watch.js';

/** An ECS service that is deployed again after each rotation. */
export interface RedeployedService {
  readonly consumer: string;
  readonly clusterArn: pulumi.Input<string>;
  readonly serviceArn: pulumi.Input<string>;
}

/**
 * Deploys ECS services again when a rotation has succeeded, for consumers that read the secret only at start. The old tasks keep their
 * credential, which works until it is retired.
 */
export function redeploy(
  name: string,
  services: readonly RedeployedService[],
  about: Pick<Watched, 'pair' | 'secretArn' | 'tags'>,
  options: pulumi.CustomResourceOptions,
): void {
  const role = (
    part: string,
    service: string,
    actions: string,
    on: pulumi.Input<pulumi.Input<string>[]>,
  ): aws.iam.Role => {
    const made = new aws.iam.Role(
      `${name}-${part}-role`,
      { assumeRolePolicy: aws.iam.assumeRolePolicyForPrincipal({ Service: service }), tags: about.tags },
      options,
    );
    new aws.iam.RolePolicy(
      `${name}-${part}-rights`,
      {
        role: made.id,
        policy: pulumi.jsonStringify({
          Version: '2012-10-17',
          Statement: [{ Effect: 'Allow', Action: actions, Resource: on }],
        }),
      },
      options,
    );
    return made;
  };

  const deployer = role(
    'redeploy',
    'states.amazonaws.com',
    'ecs:UpdateService',
    services.map(({ serviceArn }) => serviceArn),
  );
  const machine = new aws.sfn.StateMachine(
    `${name}-redeploy`,
    {
      roleArn: deployer.arn,
      definition: pulumi.jsonStringify({
        Comment: `Deploys the consumers of the pair ${about.pair} again.`,
        StartAt: 'Redeploy',
        States: {
          Redeploy: {
            Type: 'Parallel',
            End: true,
            Branches: services.map(({ consumer, clusterArn, serviceArn }) => ({
              StartAt: consumer,
              States: {
                [consumer]: {
                  Type: 'Task',
                  Resource: 'arn:aws:states:::aws-sdk:ecs:updateService',
                  Parameters: { Cluster: clusterArn, Service: serviceArn, ForceNewDeployment: true },
                  Retry: [{ ErrorEquals: ['States.ALL'], IntervalSeconds: 10, MaxAttempts: 5, BackoffRate: 2 }],
                  End: true,
                },
              },
            })),
          },
        },
      }),
      tags: about.tags,
    },
    options,
  );
  const starter = role('redeploy-start', 'events.amazonaws.com', 'states:StartExecution', [machine.arn]);
  const rule = rotationRule(`${name}-rotated`, about, ['RotationSucceeded'], options);
  new aws.cloudwatch.EventTarget(
    `${name}-redeploy-target`,
    { rule: rule.name, arn: machine.arn, roleArn: starter.arn },
    options,
  );
}
