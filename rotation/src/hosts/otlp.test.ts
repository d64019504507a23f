import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

import { afterEach, beforeEach, expect, it } from 'vitest';

import { embeddedMetrics } from './aws-lambda/embedded-metrics.js';
import type { Reading } from './metrics.js';
import { pushReadings } from './otlp.js';

interface Received {
  readonly url: string | undefined;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: string;
}

let server: Server;
let url = '';
let received: Received[] = [];
let statuses: number[] = [];

beforeEach(async () => {
  received = [];
  statuses = [];
  server = createServer((request, response) => {
    void text(request).then((body) => {
      received.push({ url: request.url, headers: request.headers, body });
      response.writeHead(statuses.shift() ?? 200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const holder = { endpoint: 'writer', user: 'orders_a', application: 'worker', clientAddress: '10.0.0.7' };
const reading: Reading = {
  pair: 'orders',
  generation: 7,
  overdueMs: 1_500,
  ageMs: 3_600_000,
  blocked: {
    doing: 'advance',
    because: 'orders_a still has 3 sessions.',
    holders: [holder, holder, { ...holder, user: 'x' }],
  },
};

interface Metric {
  readonly name: string;
  readonly unit: string;
  readonly gauge: { readonly dataPoints: readonly Readonly<Record<string, unknown>>[] };
}

function metricsIn(body: string): readonly Metric[] {
  const { resourceMetrics } = JSON.parse(body) as {
    resourceMetrics: [{ scopeMetrics: [{ metrics: readonly Metric[] }] }];
  };
  return resourceMetrics[0].scopeMetrics[0].metrics;
}

it('sends every metric of a run to the collector that the environment names', async () => {
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: `${url}/`,
    OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20t0ken, x-tenant=a',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment=prod',
  };
  expect(await pushReadings(env, [reading])).toBeUndefined();
  const [only] = received;
  expect(received).toHaveLength(1);
  expect(only).toMatchObject({
    url: '/v1/metrics',
    headers: { authorization: 'Bearer t0ken', 'x-tenant': 'a', 'content-type': 'application/json' },
  });
  const metrics = metricsIn(only?.body ?? '');
  const string = (key: string, stringValue: string) => ({ key, value: { stringValue } });
  const points = Object.fromEntries(metrics.map(({ name, gauge }) => [name, gauge.dataPoints]));
  expect(points).toMatchObject({
    'keyturn.rotation.overdue': [{ asDouble: 1.5, attributes: [string('pair', 'orders')] }],
    'keyturn.rotation.age': [{ asDouble: 3_600 }],
    'keyturn.rotation.generation': [{ asInt: '7' }],
    'keyturn.rotation.blocked_by': [{ asInt: '2' }, { asInt: '1' }],
  });
  expect(points['keyturn.rotation.blocked_by']?.[0]?.['attributes']).toContainEqual(
    string('client_address', '10.0.0.7'),
  );
  expect(points['keyturn.rotation.overdue']?.[0]?.['timeUnixNano']).toMatch(/^\d{19}$/);
  const { resourceMetrics } = JSON.parse(only?.body ?? '') as {
    resourceMetrics: [{ resource: { attributes: object[] } }];
  };
  expect(resourceMetrics[0].resource.attributes).toEqual([
    string('service.name', 'keyturn'),
    string('deployment.environment', 'prod'),
  ]);
});

it('takes the endpoint for metrics as it is, and tries again when the collector is not ready', async () => {
  statuses = [503, 429];
  const env = {
    OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: `${url}/custom`,
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1',
  };
  expect(await pushReadings(env, [reading])).toBeUndefined();
  expect(received.map((one) => one.url)).toEqual(['/custom', '/custom', '/custom']);
});

it.each([
  { name: 'no endpoint', env: {} },
  { name: 'an SDK that is switched off', env: { OTEL_SDK_DISABLED: 'true', OTEL_EXPORTER_OTLP_ENDPOINT: 'set' } },
  { name: 'no exporter', env: { OTEL_METRICS_EXPORTER: 'none', OTEL_EXPORTER_OTLP_ENDPOINT: 'set' } },
])('sends nothing with $name', async ({ env }) => {
  expect(await pushReadings({ ...env }, [reading])).toBeUndefined();
  expect(received).toEqual([]);
});

it('says in one sentence why nothing was sent, without what a header holds', async () => {
  statuses = [401];
  const secret = { OTEL_EXPORTER_OTLP_HEADERS: 'authorization=s3cret' };
  const refused = await pushReadings({ ...secret, OTEL_EXPORTER_OTLP_ENDPOINT: url }, [reading]);
  expect(refused).toBe(`The metrics were not taken by ${url}/v1/metrics: status 401.`);
  expect(await pushReadings({ OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' }, [reading])).toContain(
    'http or https URL',
  );
  const grpc = { OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' };
  expect(await pushReadings(grpc, [reading])).toContain('Name the HTTP port of the collector');
  expect(received).toHaveLength(1);
  await new Promise((resolve) => server.close(resolve));
  const nobody = await pushReadings({ ...secret, OTEL_EXPORTER_OTLP_ENDPOINT: url }, [reading]);
  expect(nobody).toBe(`The metrics were not taken by ${url}/v1/metrics: ECONNREFUSED.`);
});

it('writes the line that CloudWatch reads metrics from', () => {
  const at = new Date('2026-11-26T12:00:00Z');
  const { _aws: meta, ...values } = JSON.parse(embeddedMetrics(reading, at)) as Record<string, unknown>;
  expect(values).toEqual({ pair: 'orders', overdue: 1.5, generation: 7, age: 3_600, blocked_by: 3 });
  expect(meta).toEqual({
    Timestamp: at.getTime(),
    CloudWatchMetrics: [
      {
        Namespace: 'keyturn',
        Dimensions: [['pair']],
        Metrics: [
          { Name: 'overdue', Unit: 'Seconds' },
          { Name: 'generation', Unit: 'Count' },
          { Name: 'age', Unit: 'Seconds' },
          { Name: 'blocked_by', Unit: 'Count' },
        ],
      },
    ],
  });
  const calm = { pair: 'orders', generation: 0, overdueMs: 0 };
  expect(JSON.parse(embeddedMetrics(calm, at))).toMatchObject({ overdue: 0, generation: 0, blocked_by: 0 });
});
