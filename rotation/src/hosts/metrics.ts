import type { Attributes, Meter } from '@opentelemetry/api';

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

/**
 * The metrics that every host reports, each with the attribute `pair`: `overdue` and `age` in seconds, `generation`, and `blocked_by`, which
 * counts the sessions per `user`, `application` and `client_address`, or is 1 with the attribute `kind` where no session is the reason.
 */
export function observeRotations(meter: Meter, read: () => Iterable<Reading>): void {
  const overdue = meter.createObservableGauge(`${metricPrefix}.overdue`, {
    unit: 's',
    description: 'Time by which a rotation is late',
  });
  const age = meter.createObservableGauge(`${metricPrefix}.age`, {
    unit: 's',
    description: 'Time since the published credential was published',
  });
  const generation = meter.createObservableGauge(`${metricPrefix}.generation`, {
    description: 'Generation of the published credential',
  });
  const blockedBy = meter.createObservableGauge(`${metricPrefix}.blocked_by`, {
    description: 'Sessions, or another reason, that keep a rotation from going on',
  });
  meter.addBatchObservableCallback(
    (result) => {
      for (const reading of read()) {
        const { pair } = reading;
        result.observe(overdue, reading.overdueMs / 1_000, { pair });
        result.observe(generation, reading.generation, { pair });
        if (reading.ageMs !== undefined) result.observe(age, reading.ageMs / 1_000, { pair });
        for (const [count, attributes] of blocks(reading)) result.observe(blockedBy, count, attributes);
      }
    },
    [overdue, age, generation, blockedBy],
  );
}

function blocks({ pair, blocked }: Reading): readonly (readonly [number, Attributes])[] {
  if (blocked === undefined) return [];
  const { doing } = blocked;
  if (blocked.holders.length === 0) return [[1, { pair, doing, kind: blocked.failed === true ? 'error' : 'gate' }]];
  const groups = new Map<string, [number, Attributes]>();
  for (const { user, application = '', clientAddress = '' } of blocked.holders) {
    const key = [user, application, clientAddress].join('\0');
    const attributes = { pair, doing, kind: 'session', user, application, client_address: clientAddress };
    groups.set(key, [(groups.get(key)?.[0] ?? 0) + 1, attributes]);
  }
  return [...groups.values()];
}
