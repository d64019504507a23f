import { UnknownInputError } from '../../recorded.js';
import { at, type ApiTable, named, tagList } from './aws-api.js';

const conditionFields: Readonly<Record<string, readonly [string, string]>> = {
  hostHeader: ['host-header', 'HostHeaderConfig'],
  pathPattern: ['path-pattern', 'PathPatternConfig'],
};

/** What the AWS provider does with target groups and rules of load balancers. */
export const elbApi: Readonly<Record<string, ApiTable>> = {
  'aws:lb/targetGroup:TargetGroup': {
    calls: [
      {
        does: 'elbv2 CreateTargetGroup',
        fields: {
          vpcId: 'VpcId',
          port: 'Port',
          protocol: 'Protocol',
          targetType: 'TargetType',
          healthCheck: {
            of: {
              path: 'HealthCheckPath',
              interval: 'HealthCheckIntervalSeconds',
              timeout: 'HealthCheckTimeoutSeconds',
              healthyThreshold: 'HealthyThresholdCount',
              unhealthyThreshold: 'UnhealthyThresholdCount',
              matcher: 'Matcher.HttpCode',
            },
          },
          tags: tagList(),
        },
        adds: named('Name'),
      },
      {
        does: 'elbv2 ModifyTargetGroupAttributes',
        fields: {
          deregistrationDelay: {
            to: 'Attributes',
            as: (seconds) => [{ Key: 'deregistration_delay.timeout_seconds', Value: String(seconds) }],
          },
        },
        adds: ({ answers }) => ({ TargetGroupArn: at(answers, 0, 'TargetGroups', 0, 'TargetGroupArn') }),
      },
    ],
    gives: ({ answers }) => {
      const arn = at(answers, 0, 'TargetGroups', 0, 'TargetGroupArn');
      return { id: arn, arn };
    },
  },
  'aws:lb/listenerRule:ListenerRule': {
    calls: [
      {
        does: 'elbv2 CreateRule',
        fields: {
          listenerArn: 'ListenerArn',
          priority: 'Priority',
          conditions: { to: 'Conditions', as: conditions },
          actions: {
            to: 'Actions',
            each: {
              type: 'Type',
              forward: {
                of: {
                  targetGroups: {
                    to: 'ForwardConfig.TargetGroups',
                    each: { arn: 'TargetGroupArn', weight: 'Weight' },
                  },
                },
              },
            },
          },
          tags: tagList(),
        },
      },
    ],
    gives: ({ answers }) => {
      const arn = at(answers, 0, 'Rules', 0, 'RuleArn');
      return { id: arn, arn };
    },
  },
};

/** The API wants the kind of a condition beside it. */
function conditions(list: unknown): unknown {
  return (list as Readonly<Record<string, { readonly values: unknown }>>[]).flatMap((condition) =>
    Object.entries(condition).map(([kind, { values, ...others }]) => {
      const [Field, config] = conditionFields[kind] ?? [];
      if (config === undefined || Object.keys(others).length > 0)
        throw new UnknownInputError(
          `A condition has ${[kind, ...Object.keys(others)].join(', ')}, which is in no table.`,
        );
      return { Field, [config]: { Values: values } };
    }),
  );
}
