import { type HostGradually, milliseconds } from '@keyturn/plan';
import * as pulumi from '@pulumi/pulumi';

import type { BalancedTraffic } from '../../balanced-traffic.js';
import { GraduallyError } from '../../gradually-error.js';
import type { NamedPair } from '../../pair.js';
import { checkGreen, type GreenCheck } from '../blue-green/analysis.js';

/** Two fleets, as `BlueGreenFleets` makes them, what the traffic to them goes through, and what is looked at while one of them gets more of it. */
export type JobGradually = JobTrial & (JobRoute | { readonly targetGroups: BalancedTraffic });

/** Fleets behind an HTTPRoute. */
export interface JobRoute {
  /** Name of an HTTPRoute of the Gateway API, in the namespace of the job. */
  readonly route: string;
  /** User to Service of its fleet. */
  readonly services: Readonly<Record<string, string>>;
}

/** What is looked at while a fleet gets more of the traffic. */
export interface JobTrial {
  /** User to Deployment of its fleet. */
  readonly deployments: Readonly<Record<string, string>>;
  /** What is looked at, every 20 seconds. The queries may hold `${user}`, `${version}` and `${fleet}`, the name of the Deployment. */
  readonly check: GreenCheck;
  /** Shares in percent, growing up to 100. Default: 10, 50, 100. */
  readonly steps?: readonly number[];
}

const shares = [10, 50, 100] as const;
const defaultEach = '5m';

/**
 * @throws GraduallyError when a user has no fleet, or the steps are not growing shares up to 100.
 * @throws GreenCheckError when a step is too short to see anything.
 */
export function checkGradually(gradually: JobGradually, pair: NamedPair): void {
  const { deployments, check, steps = shares } = gradually;
  const behind =
    'targetGroups' in gradually ? { targetGroups: gradually.targetGroups.arns } : { services: gradually.services };
  for (const [kind, named] of Object.entries({ ...behind, deployments })) {
    const names = pair.users.map((user) => named[user]);
    const missing = pair.users.find((user) => named[user] === undefined);
    if (missing !== undefined)
      throw new GraduallyError(
        `\`${kind}\` of \`gradually\` names none for ${missing}. Name one for each user of the pair.`,
      );
    if (typeof names[0] === 'string' && names[0] === names[1])
      throw new GraduallyError(
        `\`${kind}\` of \`gradually\` names ${names[0]} for both users. Each has a fleet of its own.`,
      );
  }
  const grows = steps.every((share, index) => share > (steps[index - 1] ?? 0));
  if (!grows || steps.at(-1) !== 100)
    throw new GraduallyError(
      `\`steps\` of \`gradually\` have to grow up to 100, got ${steps.join(', ')}. Write for example 10, 50, 100.`,
    );
  checkGreen(check);
  if (!URL.canParse(check.prometheus))
    throw new GraduallyError(
      `\`prometheus\` has to be an address such as http://prometheus.monitoring:9090, got "${check.prometheus}".`,
    );
}

/** What the job is told. */
export function graduallySettings(gradually: JobGradually): pulumi.Output<HostGradually> {
  const { deployments, check, steps } = gradually;
  const { prometheus: address, refusedLogins, errorRate, mostErrors, each = defaultEach } = check;
  const trial = {
    deployments,
    check: { address, refusedLogins, errorRate, ...(mostErrors === undefined ? {} : { mostErrors }) },
    ...(steps === undefined ? {} : { steps }),
    each,
  };
  if ('route' in gradually) return pulumi.output({ route: gradually.route, services: gradually.services, ...trial });
  const { ruleArn, arns } = gradually.targetGroups;
  return pulumi.output({ ruleArn, arns }).apply((targetGroups) => ({ targetGroups, ...trial }));
}

/** How long all steps take, in seconds. */
export function trialSeconds({ check, steps = shares }: JobGradually): number {
  return Math.ceil((steps.length * milliseconds(check.each ?? defaultEach)) / 1_000);
}

/** Where Prometheus listens. */
export function prometheusPort({ check }: JobGradually): number {
  const { port, protocol } = new URL(check.prometheus);
  return port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port);
}
