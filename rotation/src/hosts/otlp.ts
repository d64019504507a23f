import { setTimeout as pause } from 'node:timers/promises';

import { measurementsOf, type Measurement, metricPrefix, type Reading } from './metrics.js';

/** The metrics could not be sent; the rotation is not touched by that. */
export class MetricsError extends Error {
  override readonly name = 'MetricsError';
}

/** Waits between tries, in milliseconds. A collector that restarts is back within them, and a job does not wait for long. */
const retries = [500, 2_000] as const;
const again: ReadonlySet<number> = new Set([429, 502, 503, 504]);

interface Receiver {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

/**
 * Sends the metrics of a host that runs once to an OpenTelemetry collector, as JSON over HTTP, when the environment names one with the variables
 * of OpenTelemetry (`OTEL_EXPORTER_OTLP_ENDPOINT` and those that go with it). No metric is worth a rotation, so it does not throw.
 *
 * @returns one sentence when they could not be sent, without what a header holds.
 */
export async function pushReadings(env: NodeJS.ProcessEnv, readings: readonly Reading[]): Promise<string | undefined> {
  let receiver: Receiver | undefined;
  try {
    receiver = receiverIn(env);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  if (receiver === undefined || readings.length === 0) return undefined;
  const body = JSON.stringify(payloadOf(readings, resourceIn(env), new Date()));
  for (let attempt = 0; ; attempt += 1) {
    const said = await send(receiver, body);
    if (said === undefined) return undefined;
    const wait = retries[attempt];
    if (!said.again || wait === undefined) return `The metrics were not taken by ${receiver.url}: ${said.because}.`;
    await pause(wait);
  }
}

async function send(
  { url, headers, timeoutMs }: Receiver,
  body: string,
): Promise<{ readonly because: string; readonly again: boolean } | undefined> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
      signal: AbortSignal.timeout(timeoutMs),
    });
    await response.text();
    return response.ok ? undefined : { because: `status ${response.status}`, again: again.has(response.status) };
  } catch (error) {
    const { name, cause } = error as { readonly name?: unknown; readonly cause?: { readonly code?: unknown } };
    return { because: name === 'TimeoutError' ? 'time-out' : String(cause?.code ?? name), again: true };
  }
}

function receiverIn(env: NodeJS.ProcessEnv): Receiver | undefined {
  if (env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true' || env['OTEL_METRICS_EXPORTER'] === 'none') return undefined;
  const [own, general] = [env['OTEL_EXPORTER_OTLP_METRICS_ENDPOINT'], env['OTEL_EXPORTER_OTLP_ENDPOINT']];
  const text = given(own) ? own : given(general) ? `${general.replace(/\/$/, '')}/v1/metrics` : undefined;
  if (text === undefined) return undefined;
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
    throw new TypeError('The metrics were not sent: the endpoint of OTLP has to be an http or https URL.');
  }
  const protocol = env['OTEL_EXPORTER_OTLP_METRICS_PROTOCOL'] ?? env['OTEL_EXPORTER_OTLP_PROTOCOL'];
  if (protocol === 'grpc') {
    throw new TypeError(
      'The metrics were not sent: this host speaks OTLP over HTTP, and not "grpc". Name the HTTP port of the collector, 4318.',
    );
  }
  const timeout = Number(env['OTEL_EXPORTER_OTLP_METRICS_TIMEOUT'] ?? env['OTEL_EXPORTER_OTLP_TIMEOUT']);
  return {
    url: new URL(text).href,
    headers: pairsIn(env['OTEL_EXPORTER_OTLP_METRICS_HEADERS'] ?? env['OTEL_EXPORTER_OTLP_HEADERS']),
    timeoutMs: Number.isFinite(timeout) && timeout > 0 ? timeout : 10_000,
  };
}

function given(text: string | undefined): text is string {
  return text !== undefined && text !== '';
}

/** `key=value,key=value`, percent-encoded, as OpenTelemetry writes headers and resource attributes. */
function pairsIn(text = ''): Record<string, string> {
  return Object.fromEntries(
    text
      .split(',')
      .map((pair) => [pair.slice(0, pair.indexOf('=')).trim(), pair.slice(pair.indexOf('=') + 1).trim()] as const)
      .filter(([key]) => key !== '')
      .map(([key, value]) => [key, decoded(value)]),
  );
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

function resourceIn(env: NodeJS.ProcessEnv): Record<string, string> {
  const attributes = pairsIn(env['OTEL_RESOURCE_ATTRIBUTES']);
  const name = env['OTEL_SERVICE_NAME'];
  return { 'service.name': 'keyturn', ...attributes, ...(given(name) && { 'service.name': name }) };
}

/** An ExportMetricsServiceRequest in the JSON form of OTLP 1: numbers of 64 bits are texts. */
function payloadOf(readings: readonly Reading[], resource: Readonly<Record<string, string>>, at: Date): object {
  const byName = new Map<string, Measurement[]>();
  for (const one of readings.flatMap(measurementsOf)) byName.set(one.name, [...(byName.get(one.name) ?? []), one]);
  const timeUnixNano = `${at.getTime()}000000`;
  const metrics = [...byName].map(([name, points]) => ({
    name: `${metricPrefix}.${name}`,
    description: points[0]?.description ?? '',
    unit: points[0]?.unit ?? '',
    gauge: {
      dataPoints: points.map(({ value, unit, attributes }) => ({
        timeUnixNano,
        attributes: attributesOf(attributes),
        ...(unit === 's' ? { asDouble: value } : { asInt: String(value) }),
      })),
    },
  }));
  const scope = { name: '@keyturn/rotation' };
  return {
    resourceMetrics: [{ resource: { attributes: attributesOf(resource) }, scopeMetrics: [{ scope, metrics }] }],
  };
}

function attributesOf(values: Readonly<Record<string, string>>): object[] {
  return Object.entries(values).map(([key, stringValue]) => ({ key, value: { stringValue } }));
}
