import type { Meter } from '@opentelemetry/api';

import type { Holder } from '../holder.js';

/** Where a pair stands, as a host last saw it. */
export interface Reading {
  readonly pair: string;
  readonly generation: number;
  /** Milliseconds since the published credential was published; missing before the first one. */
  readonly ageMs?: number;
  /** Milliseconds by which a rotation is late; 0 when none is. */
  readonly overdueMs: number;
  readonly blocked?: Block;
}

/** What keeps a pair from going on. */
export interface Block {
  readonly doing: 'advance' | 'retire' | 'resume';
  readonly because: string;
  readonly holders: readonly Holder[];
  /** Set when an error and not a gate keeps it. */
  readonly failed?: true;
}

/** Prefix of all metrics. */
export const metricPrefix = 'keyturn.rotation';

/** One value of one metric at one time. */
export interface Measurement {
  readonly name: 'overdue' | 'age' | 'generation' | 'blocked_by';
  readonly description: string;
  readonly unit: 's' | '1';
  readonly value: number;
  readonly attributes: Readonly<Record<string, string>>;
}

const described = {
  overdue: { unit: 's', description: 'Time by which a rotation is late' },
  age: { unit: 's', description: 'Time since the published credential was published' },
  generation: { unit: '1', description: 'Generation of the published credential' },
  blocked_by: { unit: '1', description: 'Sessions, or another reason, that keep a rotation from going on' },
} as const satisfies Readonly<Record<Measurement['name'], Pick<Measurement, 'unit' | 'description'>>>;

/**
 * The metrics that every host reports, each with the attribute `pair`: `overdue` and `age` in seconds, `generation`, and `blocked_by`, which
 * counts the sessions per `user`, `application` and `client_address`, or is 1 with the attribute `kind` where no session is the reason.
 */
export function measurementsOf(reading: Reading): readonly Measurement[] {
  const { pair, overdueMs, ageMs, generation } = reading;
  const one = (name: Measurement['name'], value: number, attributes: Measurement['attributes'] = { pair }) => ({
    name,
    ...described[name],
    value,
    attributes,
  });
  return [
    one('overdue', overdueMs / 1_000),
    one('generation', generation),
    ...(ageMs === undefined ? [] : [one('age', ageMs / 1_000)]),
    ...blocks(reading).map(([count, attributes]) => one('blocked_by', count, attributes)),
  ];
}

/** Reports {@link measurementsOf} whenever the meter is read. */
export function observeRotations(meter: Meter, read: () => Iterable<Reading>): void {
  const gauge = (name: Measurement['name']) => {
    const { unit, description } = described[name];
    return meter.createObservableGauge(`${metricPrefix}.${name}`, {
      description,
      ...(unit === 's' && { unit }),
    });
  };
  const gauges = {
    overdue: gauge('overdue'),
    age: gauge('age'),
    generation: gauge('generation'),
    blocked_by: gauge('blocked_by'),
  } as const;
  meter.addBatchObservableCallback((result) => {
    for (const { name, value, attributes } of [...read()].flatMap(measurementsOf))
      result.observe(gauges[name], value, attributes);
  }, Object.values(gauges));
}

function blocks({ pair, blocked }: Reading): readonly (readonly [number, Measurement['attributes']])[] {
  if (blocked === undefined) return [];
  const { doing } = blocked;
  if (blocked.holders.length === 0) return [[1, { pair, doing, kind: blocked.failed === true ? 'error' : 'gate' }]];
  const groups = new Map<string, [number, Measurement['attributes']]>();
  for (const { user, application = '', clientAddress = '' } of blocked.holders) {
    const key = [user, application, clientAddress].join('\0');
    const attributes = { pair, doing, kind: 'session', user, application, client_address: clientAddress };
    groups.set(key, [(groups.get(key)?.[0] ?? 0) + 1, attributes]);
  }
  return [...groups.values()];
}
