import { type HostGradually, milliseconds } from '@keyturn/plan';

import type { NamedPair } from '../../pair.js';
import { checkGreen, type GreenCheck } from '../blue-green/analysis.js';

/** Two fleets behind an HTTPRoute, as `BlueGreenFleets` makes them, and what is looked at while one of them gets more of the traffic. */
export interface JobGradually {
  /** Name of an HTTPRoute of the Gateway API, in the namespace of the job. */
  readonly route: string;
  /** User to Service of its fleet. */
  readonly services: Readonly<Record<string, string>>;
  /** User to Deployment of its fleet. */
  readonly deployments: Readonly<Record<string, string>>;
  /** What is looked at, every 20 seconds. The queries may hold `${user}`, `${version}` and `${fleet}`, the name of the Deployment. */
  readonly check: GreenCheck;
  /** Shares in percent, growing up to 100. Default: 10, 50, 100. */
  readonly steps?: readonly number[];
}

/** The candidate cannot be tried in this way; the message says why. */
export class GraduallyError extends Error {
  override readonly name = 'GraduallyError';
}

const shares = [10, 50, 100] as const;
const defaultEach = '5m';

/**
 * @throws GraduallyError when a user has no fleet, or the steps are not growing shares up to 100.
 * @throws GreenCheckError when a step is too short to see anything.
 */
export function checkGradually({ services, deployments, check, steps = shares }: JobGradually, pair: NamedPair): void {
  for (const [kind, named] of Object.entries({ services, deployments })) {
    const names = pair.users.map((user) => named[user]);
    const missing = pair.users.find((user) => named[user] === undefined);
    if (missing !== undefined)
      throw new GraduallyError(
        `\`${kind}\` of \`gradually\` names none for ${missing}. Name one for each user of the pair.`,
      );
    if (names[0] === names[1])
      throw new GraduallyError(
        `\`${kind}\` of \`gradually\` names ${String(names[0])} for both users. Each has a fleet of its own.`,
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
export function graduallySettings({ route, services, deployments, check, steps }: JobGradually): HostGradually {
  const { prometheus: address, refusedLogins, errorRate, mostErrors, each = defaultEach } = check;
  return {
    route,
    services,
    deployments,
    check: { address, refusedLogins, errorRate, ...(mostErrors === undefined ? {} : { mostErrors }) },
    ...(steps === undefined ? {} : { steps }),
    each,
  };
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
