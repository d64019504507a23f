import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';

import { makeChild, type Transform } from '../transform.js';

/** What is watched, and who is told. */
export interface Watched {
  readonly pair: string;
  readonly secretArn: pulumi.Input<string>;
  readonly functionName: pulumi.Input<string>;
  readonly logName: pulumi.Input<string>;
  readonly topicArn: pulumi.Input<string> | undefined;
  readonly tags: Readonly<Record<string, string>>;
  readonly transform: Transform<aws.cloudwatch.MetricAlarmArgs> | undefined;
}

/** Lines that the function writes, and what the alarm on them says. */
const lines = {
  blocked: 'A step did nothing because somebody still holds the credential. Nobody lost a login; the log says who.',
  overdue: 'The rotation is late, and is asked for again at every run of the second schedule.',
} as const;

/**
 * Alarms on a failed, a blocked and a late rotation, and a rule for what Secrets Manager says about rotations.
 *
 * @returns the policy document that their topic needs; `undefined` without a topic.
 */
export function watch(
  name: string,
  watched: Watched,
  options: pulumi.CustomResourceOptions & { readonly parent: pulumi.Resource },
): pulumi.Output<string> | undefined {
  const { pair, topicArn, tags } = watched;
  const alarm = (
    kind: string,
    says: string,
    metric: Pick<aws.cloudwatch.MetricAlarmArgs, 'namespace' | 'metricName' | 'dimensions'>,
  ): pulumi.Output<string> =>
    makeChild<aws.cloudwatch.MetricAlarmArgs, aws.cloudwatch.MetricAlarm>(aws.cloudwatch.MetricAlarm, {
      name: `${name}-${kind}`,
      args: {
        alarmDescription: `Pair ${pair}: ${says}`,
        ...metric,
        statistic: 'Sum',
        period: 3600,
        evaluationPeriods: 1,
        threshold: 1,
        comparisonOperator: 'GreaterThanOrEqualToThreshold',
        treatMissingData: 'notBreaching',
        alarmActions: topicArn === undefined ? [] : [topicArn],
        tags,
      },
      options,
      transform: watched.transform,
    }).arn;

  const alarms = [
    alarm('failed', "A rotation step failed or is blocked. Nobody lost a login; the function's log says why.", {
      namespace: 'AWS/Lambda',
      metricName: 'Errors',
      dimensions: { FunctionName: watched.functionName },
    }),
  ];
  for (const [kind, says] of Object.entries(lines)) {
    const metric = { namespace: 'keyturn', name: `${pair}-${kind}` };
    new aws.cloudwatch.LogMetricFilter(
      `${name}-${kind}-lines`,
      {
        logGroupName: watched.logName,
        pattern: `{ $.type = "${kind}" }`,
        metricTransformation: { ...metric, value: '1' },
      },
      options,
    );
    alarms.push(alarm(kind, says, { namespace: metric.namespace, metricName: metric.name }));
  }
  if (topicArn === undefined) return undefined;
  const rule = rotationRule(`${name}-events`, watched, ['RotationSucceeded', 'RotationFailed'], options);
  new aws.cloudwatch.EventTarget(`${name}-events-target`, { rule: rule.name, arn: topicArn }, options);
  return topicPolicy(topicArn, alarms);
}

function topicPolicy(
  topicArn: pulumi.Input<string>,
  alarmArns: readonly pulumi.Output<string>[],
): pulumi.Output<string> {
  const publish = { Effect: 'Allow', Action: 'sns:Publish', Resource: topicArn };
  return pulumi.jsonStringify({
    Version: '2012-10-17',
    Statement: [
      {
        ...publish,
        Sid: 'Alarms',
        Principal: { Service: 'cloudwatch.amazonaws.com' },
        Condition: { ArnEquals: { 'aws:SourceArn': alarmArns } },
      },
      // https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-sns-permissions shows no condition for SNS.
      { ...publish, Sid: 'Rotations', Principal: { Service: 'events.amazonaws.com' } },
    ],
  });
}

/** A rule for what Secrets Manager reports about the rotations of one secret. CloudTrail must be on, which brings these events. */
export function rotationRule(
  name: string,
  { pair, secretArn, tags }: Pick<Watched, 'pair' | 'secretArn' | 'tags'>,
  events: readonly string[],
  options: pulumi.CustomResourceOptions,
): aws.cloudwatch.EventRule {
  return new aws.cloudwatch.EventRule(
    name,
    {
      description: `Rotations of the pair ${pair}.`,
      eventPattern: pulumi.jsonStringify({
        source: ['aws.secretsmanager'],
        'detail-type': ['AWS Service Event via CloudTrail'],
        detail: { eventName: [...events], additionalEventData: { SecretId: [secretArn] } },
      }),
      tags,
    },
    options,
  );
}
