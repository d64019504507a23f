import * as monitor from '@pulumi/azure-native/monitor/index.js';
import * as pulumi from '@pulumi/pulumi';

import { makeChild, type Transform } from '../transform.js';

/** Where the log of the function goes, and who is told. */
export interface RotatorWatch {
  /** Required. Resource id of a Log Analytics workspace. */
  readonly workspaceId: pulumi.Input<string>;
  /** Optional. Resource id of an action group. Default: the alerts exist and tell nobody. */
  readonly actionGroupId?: pulumi.Input<string>;
}

export interface Watched extends RotatorWatch {
  readonly pair: string;
  readonly appId: pulumi.Input<string>;
  readonly resourceGroupName: pulumi.Input<string>;
  readonly location: pulumi.Input<string> | undefined;
  readonly tags: Readonly<Record<string, string>>;
  readonly transform: Transform<monitor.ScheduledQueryRuleArgs> | undefined;
}

/** Lines of the function's log, in the last hour; `said` is what it says as JSON. */
const alerts = {
  failed: {
    says: 'An invocation ended with an error. Nobody lost a login; the log says why.',
    where: 'Level == "Error"',
    when: 'GreaterThan',
    threshold: 0,
  },
  blocked: {
    says: 'Somebody still holds the credential whose turn it is. Nobody lost a login; the log says who.',
    where: 'isnotempty(said.blocked_by)',
    when: 'GreaterThan',
    threshold: 0,
  },
  overdue: {
    says: 'The rotation is more than a day late, and is tried again every few minutes.',
    where: 'said.type == "state" and toint(said.overdue) > 86400',
    when: 'GreaterThan',
    threshold: 0,
  },
  silent: {
    says: 'The function did not say for an hour where the pair stands: it does not run, or cannot reach vault or database.',
    where: 'said.type == "state"',
    when: 'LessThan',
    threshold: 1,
  },
} as const;

/** Sends the log of the function to a workspace, with alerts on a failed, a blocked and a late rotation, and on a function that is silent. */
export function watch(
  name: string,
  watched: Watched,
  options: pulumi.CustomResourceOptions & { readonly parent: pulumi.Resource },
): void {
  const { pair, appId, workspaceId, actionGroupId, resourceGroupName, location, tags } = watched;
  const log = new monitor.DiagnosticSetting(
    `${name}-log`,
    { resourceUri: appId, workspaceId, logs: [{ category: 'FunctionAppLogs', enabled: true }] },
    options,
  );
  for (const [kind, { says, where, when, threshold }] of Object.entries(alerts)) {
    makeChild<monitor.ScheduledQueryRuleArgs, monitor.ScheduledQueryRule>(monitor.ScheduledQueryRule, {
      name: `${name}-${kind}`,
      args: {
        resourceGroupName,
        ...(location !== undefined && { location }),
        description: `Pair ${pair}: ${says}`,
        enabled: true,
        kind: 'LogAlert',
        severity: 2,
        scopes: [workspaceId],
        evaluationFrequency: 'PT1H',
        windowSize: 'PT1H',
        criteria: {
          allOf: [
            {
              query: pulumi.interpolate`FunctionAppLogs | where _ResourceId =~ "${appId}" | extend said = parse_json(Message) | where ${where}`,
              timeAggregation: 'Count',
              operator: when,
              threshold,
              failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 },
            },
          ],
        },
        actions: { actionGroups: actionGroupId === undefined ? [] : [actionGroupId] },
        tags,
      },
      options: { ...options, dependsOn: [log] },
      transform: watched.transform,
    });
  }
}
