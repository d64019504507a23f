import type { Meter } from '@opentelemetry/api';
import type * as Exporter from '@opentelemetry/exporter-prometheus';
import type * as Sdk from '@opentelemetry/sdk-metrics';

/** Where Prometheus finds the metrics. */
export interface PrometheusOptions {
  /** Default: 9464, as OpenTelemetry has it. */
  readonly port?: number;
  /** Address to listen on. Default: 127.0.0.1; the metrics name users and client addresses. */
  readonly host?: string;
}

/** A running endpoint. */
export interface Prometheus {
  /** `http://127.0.0.1:9464/metrics`. */
  readonly url: string;
  /** For `meter` of the process host. */
  readonly meter: Meter;
  stop(): Promise<void>;
}

/** The optional peers are not installed, or the port is taken. */
export class PrometheusError extends Error {
  override readonly name = 'PrometheusError';
}

/**
 * Serves the metrics of a process host at `/metrics` in the format of Prometheus.
 *
 * @throws PrometheusError when `@opentelemetry/exporter-prometheus` and `@opentelemetry/sdk-metrics` are not installed, or it cannot listen.
 */
export async function servePrometheus({
  port = 9464,
  host = '127.0.0.1',
}: PrometheusOptions = {}): Promise<Prometheus> {
  const { MeterProvider, PrometheusExporter } = await exporter();
  const reader = new PrometheusExporter({ port, host, preventServerStart: true });
  const provider = new MeterProvider({ readers: [reader] });
  try {
    await reader.startServer();
  } catch (cause) {
    throw new PrometheusError(
      `Cannot listen on ${host}:${port} for Prometheus (${String((cause as { code?: unknown }).code)}). Choose another port.`,
      { cause },
    );
  }
  return {
    url: `http://${host}:${port}/metrics`,
    meter: provider.getMeter('@keyturn/rotation'),
    stop: async () => await provider.shutdown(),
  };
}

/** Both are optional peers: only who serves metrics needs them. */
async function exporter(): Promise<Pick<typeof Exporter, 'PrometheusExporter'> & Pick<typeof Sdk, 'MeterProvider'>> {
  try {
    const [{ PrometheusExporter }, { MeterProvider }] = await Promise.all([
      import('@opentelemetry/exporter-prometheus'),
      import('@opentelemetry/sdk-metrics'),
    ]);
    return { PrometheusExporter, MeterProvider };
  } catch (cause) {
    throw new PrometheusError(
      'The endpoint for Prometheus needs two packages. Run: npm install @opentelemetry/exporter-prometheus @opentelemetry/sdk-metrics',
      { cause },
    );
  }
}
