import { type Duration, formatDuration, milliseconds } from '@keyturn/plan';

/** How a pod goes without cutting a request. */
export interface Drain {
  /** Required. The longest request or transaction of the application. */
  readonly longestRequest: Duration;
  /** Optional. How long requests may still arrive after the pod was taken out of its Services. Default: 5s. */
  readonly settle?: Duration;
}

/** What the drain asks of the pod, in whole seconds. */
export interface DrainParts {
  readonly preStop: { readonly exec: { readonly command: string[] } };
  readonly terminationGracePeriodSeconds: number;
}

/** A drain cannot be as long as it is said to be. */
export class DrainError extends Error {
  override readonly name = 'DrainError';
}

/** For closing connections, after the last request. */
const closingSeconds = 5;
const longestGraceSeconds = 3_600;

/**
 * First new requests stop arriving, then the process is told and ends those that it has.
 *
 * @throws DrainError for more than an hour, which node drains and cluster upgrades do not wait for.
 */
export function drainParts({ longestRequest, settle = '5s' }: Drain): DrainParts {
  const seconds = (duration: Duration): number => Math.ceil(milliseconds(duration) / 1_000);
  const grace = seconds(settle) + seconds(longestRequest) + closingSeconds;
  if (grace > longestGraceSeconds) {
    throw new DrainError(
      `A pod would need ${formatDuration(grace * 1_000)} to go (settle ${formatDuration(milliseconds(settle))} + longest request ` +
        `${formatDuration(milliseconds(longestRequest))} + ${closingSeconds}s), and clusters wait an hour at most. Shorten the longest request, or hand it over to a Job.`,
    );
  }
  return {
    preStop: { exec: { command: ['/bin/sh', '-c', `sleep ${seconds(settle)}`] } },
    terminationGracePeriodSeconds: grace,
  };
}
