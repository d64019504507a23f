import { type Duration, formatDuration, milliseconds } from '@keyturn/plan';

/** What is looked at before green gets more traffic. */
export interface GreenCheck {
  /** Required. Address of Prometheus. */
  readonly prometheus: string;
  /** Required. PromQL: logins that the database refused to green's pods since the last look. Above 0 blue gets everything back. */
  readonly refusedLogins: string;
  /** Required. PromQL: the share of green's requests that failed, 0 to 1. */
  readonly errorRate: string;
  /** Optional. The largest share that is taken. Default: 0.01. */
  readonly mostErrors?: number;
  /** Optional. How long each step is looked at. Default: 5m, at least 1m. */
  readonly each?: Duration;
}

/** The step cannot be checked; the message says why. */
export class GreenCheckError extends Error {
  override readonly name = 'GreenCheckError';
}

const lookSeconds = 20;

/** @throws GreenCheckError when a step is too short to see anything, or the share of errors is none. */
export function checkGreen({ mostErrors = 0.01, each = '5m' }: GreenCheck): void {
  if (!(mostErrors >= 0 && mostErrors < 1)) {
    throw new GreenCheckError(`\`mostErrors\` has to be a share of 0 to 1, got ${mostErrors}. Write for example 0.01.`);
  }
  if (milliseconds(each) < 60_000) {
    throw new GreenCheckError(
      `A step of ${formatDuration(milliseconds(each))} is too short to see a refused login. Write "1m" or more.`,
    );
  }
}

/** Spec of an AnalysisTemplate: looks every 20 seconds for as long as a step lasts; one bad look ends it. */
export function analysisSpec(check: GreenCheck): Readonly<Record<string, unknown>> {
  const { prometheus, refusedLogins, errorRate, mostErrors = 0.01, each = '5m' } = check;
  checkGreen(check);
  const metric = (name: string, query: string, most: number) => ({
    name,
    interval: `${lookSeconds}s`,
    count: Math.ceil(milliseconds(each) / (lookSeconds * 1_000)),
    failureLimit: 0,
    // Prometheus that does not answer is an error, and green does not go on without it.
    consecutiveErrorLimit: 2,
    successCondition: `len(result) == 0 || result[0] <= ${most}`,
    failureCondition: `len(result) > 0 && result[0] > ${most}`,
    provider: { prometheus: { address: prometheus, query } },
  });
  return { metrics: [metric('refused-logins', refusedLogins, 0), metric('error-rate', errorRate, mostErrors)] };
}
