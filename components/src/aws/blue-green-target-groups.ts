import { componentTypes, type Duration, formatDuration, milliseconds, tags } from '@keyturn/plan';
import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';

import type { BalancedTraffic } from '../balanced-traffic.js';
import { type NamedPair, type PairInput, pairOf } from '../pair.js';
import { makeChild, type Transform } from '../transform.js';
import { onlyAccount, type PodAccount, trafficPolicy } from './blue-green/rights.js';

export interface BlueGreenTargetGroupsArgs {
  /** Required. Network of the load balancer and the pods. */
  readonly vpcId: pulumi.Input<string>;
  /** Required. Listener of an Application Load Balancer. */
  readonly listenerArn: pulumi.Input<string>;
  /** Required. Place of the rule among those of its listener, 1 to 50,000: no two have the same. */
  readonly priority: number;
  /** Required. The pair whose users the two fleets log in as. */
  readonly pair: PairInput;
  /** Required. Port of the pods. */
  readonly port: number;
  /** Required. Path that answers 200 while a pod can serve. */
  readonly healthPath: string;
  /** Optional. Time between two questions to it, 5 seconds to 5 minutes. Default: 10s. */
  readonly healthEvery?: Duration;
  /** Optional. Hosts that the rule is for. Default: every host of the listener. */
  readonly hosts?: readonly string[];
  /** Optional. Paths that the rule is for. Default: every path, `/*`. */
  readonly paths?: readonly string[];
  /** Optional. How long a pod that goes may still answer, up to an hour. Default: 30s. */
  readonly longestRequest?: Duration;
  /** Optional. The user whose fleet has all of the traffic when the rule is made. Default: the first. Later the job moves it. */
  readonly serves?: string;
  /** Optional. The service account of the job on EKS: a role is made for it. Default: none; `policy` is there for you to attach. */
  readonly job?: PodAccount;
  /** Optional. Changes a child before it is made. */
  readonly transform?: {
    /** Applied to both. */
    readonly targetGroups?: Transform<aws.lb.TargetGroupArgs>;
    readonly rule?: Transform<aws.lb.ListenerRuleArgs>;
    readonly role?: Transform<aws.iam.RoleArgs>;
  };
}

/** The load balancer cannot be told this; the message says why. */
export class TargetGroupsError extends Error {
  override readonly name = 'TargetGroupsError';
}

/**
 * Two target groups behind one rule of an Application Load Balancer, one for the fleet of each user of a pair, and the right to move the weights of that rule and of no
 * other. `BlueGreenFleets` puts pods into them, and a `RotationJob` gives a candidate 10, 50 and 100 % of the traffic before it publishes it.
 */
export class BlueGreenTargetGroups extends pulumi.ComponentResource {
  static readonly type = componentTypes.awsBlueGreenTargetGroups;

  /** For `targetGroups` of BlueGreenFleets, or of `gradually` of RotationJob. */
  readonly traffic: BalancedTraffic;
  readonly ruleArn: pulumi.Output<string>;
  /** User to ARN of the target group of its fleet. */
  readonly targetGroupArns: pulumi.Output<Readonly<Record<string, string>>>;
  /** Policy document that moves the weights of this rule, and sees the health of targets. */
  readonly policy: pulumi.Output<string>;
  /** ARN of the role of the job, where there is a `job`. */
  readonly roleArn: pulumi.Output<string | undefined>;
  readonly ready: pulumi.Output<string>;

  /**
   * @throws TargetGroupsError when AWS does not know such a priority or time, or `serves` is no user of the pair.
   * @throws NameError when a name does not fit the database.
   */
  constructor(name: string, args: BlueGreenTargetGroupsArgs, opts?: pulumi.ComponentResourceOptions) {
    const pair = pairOf(args.pair);
    const { serves = pair.users[0], transform = {}, port } = args;
    checkRule(pair, serves, args);
    const healthEvery = within('healthEvery', args.healthEvery ?? '10s', 5, 300);
    const longestRequest = within('longestRequest', args.longestRequest ?? '30s', 0, 3_600);
    super(BlueGreenTargetGroups.type, name, { pair }, opts);
    const options = { parent: this };
    const tagged = { [tags.pair]: pair.name };

    const groups = pair.users.map((user, index) => ({
      user,
      group: makeChild<aws.lb.TargetGroupArgs, aws.lb.TargetGroup>(aws.lb.TargetGroup, {
        // Names of target groups have 32 characters at most.
        name: `${name}-${index === 0 ? 'a' : 'b'}`,
        args: {
          vpcId: args.vpcId,
          port,
          protocol: 'HTTP',
          targetType: 'ip',
          deregistrationDelay: longestRequest,
          healthCheck: {
            path: args.healthPath,
            interval: healthEvery,
            timeout: Math.min(5, healthEvery - 1),
            healthyThreshold: 2,
            unhealthyThreshold: 2,
            matcher: '200',
          },
          tags: tagged,
        },
        options,
        transform: transform.targetGroups,
        fixed: { targetType: 'pods are registered by their addresses.' },
      }),
    }));
    const { hosts, paths = ['/*'] } = args;
    const rule = makeChild<aws.lb.ListenerRuleArgs, aws.lb.ListenerRule>(aws.lb.ListenerRule, {
      name: `${name}-rule`,
      args: {
        listenerArn: args.listenerArn,
        priority: args.priority,
        conditions: [
          ...(hosts === undefined ? [] : [{ hostHeader: { values: [...hosts] } }]),
          { pathPattern: { values: [...paths] } },
        ],
        actions: [
          {
            type: 'forward',
            forward: {
              targetGroups: groups.map(({ user, group }) => ({ arn: group.arn, weight: user === serves ? 100 : 0 })),
            },
          },
        ],
        tags: tagged,
      },
      // The job moves the weights and remembers what was bad; a later up must not turn that back.
      // Of a map, a real engine leaves alone the whole and not one key: after a refresh it took the job's tag away.
      options: { ...options, ignoreChanges: ['actions', 'tags', 'tagsAll'] },
      transform: transform.rule,
      fixed: { actions: 'the job moves their weights. Use `serves`.' },
    });
    this.policy = trafficPolicy(rule.arn);
    const { job } = args;
    const role =
      job &&
      makeChild<aws.iam.RoleArgs, aws.iam.Role>(aws.iam.Role, {
        name: `${name}-role`,
        args: { assumeRolePolicy: onlyAccount(job), tags: tagged },
        options,
        transform: transform.role,
      });
    const rights =
      role === undefined
        ? []
        : [new aws.iam.RolePolicy(`${name}-rights`, { role: role.id, policy: this.policy }, options)];

    const arns = Object.fromEntries(groups.map(({ user, group }) => [user, group.arn]));
    this.traffic = { ruleArn: rule.arn, arns, ...(role === undefined ? {} : { roleArn: role.arn }) };
    this.ruleArn = rule.arn;
    this.targetGroupArns = pulumi.output(arns);
    this.roleArn = pulumi.output<string | undefined>(role?.arn);
    this.ready = pulumi.all([rule.arn, pulumi.all(rights.map(({ id }) => id))]).apply(([arn]) => arn);
    this.registerOutputs({
      ruleArn: this.ruleArn,
      targetGroupArns: this.targetGroupArns,
      policy: this.policy,
      roleArn: this.roleArn,
      ready: this.ready,
    });
  }
}

function checkRule(
  pair: NamedPair,
  serves: string,
  { priority, hosts = [], paths = [] }: BlueGreenTargetGroupsArgs,
): void {
  if (!pair.users.includes(serves))
    throw new TargetGroupsError(`\`serves\` is ${serves}, and the users of the pair are ${pair.users.join(' and ')}.`);
  if (!Number.isInteger(priority) || priority < 1 || priority > 50_000)
    throw new TargetGroupsError(`\`priority\` has to be a whole number, 1 to 50,000, got ${priority}.`);
  // https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
  const values = hosts.length + Math.max(1, paths.length);
  if (values > 5)
    throw new TargetGroupsError(
      `A rule takes five values in its conditions, and \`hosts\` and \`paths\` have ${values}. Make a rule for each part, or use wildcards.`,
    );
}

function within(what: string, time: Duration, least: number, most: number): number {
  const millis = milliseconds(time);
  const seconds = millis / 1_000;
  if (Number.isInteger(seconds) && seconds >= least && seconds <= most) return seconds;
  throw new TargetGroupsError(
    `\`${what}\` has to be whole seconds, ${least} to ${most}, got ${formatDuration(millis)}.`,
  );
}
