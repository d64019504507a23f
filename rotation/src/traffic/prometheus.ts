import type { Tested } from '../work.js';
import type { Look } from './gradual.js';

export interface PrometheusCheck {
  /** Such as `http://prometheus.monitoring:9090`. */
  readonly address: string;
  /** PromQL, with `${user}`, `${version}` and `${fleet}` filled in: logins that the database refused to the new fleet since the last look. Above 0 is bad. */
  readonly refusedLogins: string;
  /** PromQL, filled in likewise: the share of its requests that failed, 0 to 1. */
  readonly errorRate: string;
  /** What `${fleet}` is for each user, such as the names of Deployments. */
  readonly fleets?: Readonly<Record<string, string>>;
  /** The largest share that is taken. Default: 0.01. */
  readonly mostErrors?: number;
  /** Limit of one query, in milliseconds. Default: 5,000. */
  readonly timeoutMs?: number;
}

/** Prometheus did not answer, or not with a number. */
export class PrometheusError extends Error {
  override readonly name = 'PrometheusError';
}

/** Looks at refused logins and the share of errors. A query without a result is good: no requests, no errors. */
export function prometheusCheck(options: PrometheusCheck): Look {
  const { refusedLogins, errorRate, mostErrors = 0.01 } = options;
  return async (tested) => {
    const refused = await ask(options, filled(options, refusedLogins, tested));
    if (refused > 0) return `${refused} logins were refused`;
    const errors = await ask(options, filled(options, errorRate, tested));
    return errors > mostErrors
      ? `${share(errors)} of its requests failed, and ${share(mostErrors)} is taken`
      : undefined;
  };
}

function filled({ fleets = {} }: PrometheusCheck, query: string, { user, version }: Tested): string {
  const values: Readonly<Record<string, string | undefined>> = { user, version, fleet: fleets[user] };
  // Others, such as ${1} of label_replace, are PromQL's own.
  return query.replaceAll(/\$\{(user|version|fleet)\}/g, (all, name: string) => {
    const value = values[name];
    if (value !== undefined) return value;
    throw new PrometheusError(
      `The query holds ${all}, and nothing says what that is for ${user}. Name it in \`fleets\``,
    );
  });
}

const share = (of: number): string => `${Number((of * 100).toPrecision(3))} %`;

async function ask({ address, timeoutMs = 5_000 }: PrometheusCheck, query: string): Promise<number> {
  const url = new URL('api/v1/query', address.endsWith('/') ? address : `${address}/`);
  url.searchParams.set('query', query);
  const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) }).catch((cause: unknown) => {
    throw new PrometheusError(`Prometheus at ${address} does not answer`, { cause });
  });
  const body = (await response.json().catch(() => undefined)) as
    | { readonly status?: string; readonly error?: string; readonly data?: { readonly result?: readonly unknown[] } }
    | undefined;
  if (!response.ok || body?.status !== 'success' || !Array.isArray(body.data?.result))
    throw new PrometheusError(`Prometheus at ${address} answered ${response.status} ${body?.error ?? ''}`.trim());
  const values = (body.data.result as readonly unknown[]).map(valueOf);
  if (values.some((value) => value === undefined))
    throw new PrometheusError(`Prometheus at ${address} answered without a number; the query has to give a vector`);
  // 0/0, where there were no requests, is NaN.
  return Math.max(0, ...values.map((value) => (Number.isNaN(value) ? 0 : (value ?? 0))));
}

/** `[time, "value"]` of one element of a vector. */
function valueOf(element: unknown): number | undefined {
  const { value } = (element ?? {}) as { readonly value?: readonly unknown[] };
  return typeof value?.[1] === 'string' ? Number(value[1]) : undefined;
}
