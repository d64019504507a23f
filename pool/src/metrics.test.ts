import type { BatchObservableCallback, Meter, Observable } from '@opentelemetry/api';
import { describe, expect, it } from 'vitest';

import type { PoolCounters } from './following.js';
import { observe } from './metrics.js';

/** A meter that collects when it is told to; the SDK's own needs an exporter and a schedule. */
function meterOf(): { meter: Meter; collect(): Record<string, number>; callbacks: Set<BatchObservableCallback> } {
  const callbacks = new Set<BatchObservableCallback>();
  const make = (name: string) => ({ name }) as unknown as Observable;
  return {
    callbacks,
    meter: {
      createObservableGauge: make,
      createObservableCounter: make,
      addBatchObservableCallback: (callback: BatchObservableCallback) => callbacks.add(callback),
      removeBatchObservableCallback: (callback: BatchObservableCallback) => callbacks.delete(callback),
    } as unknown as Meter,
    collect() {
      const seen: Record<string, number> = {};
      for (const callback of callbacks) {
        void callback({
          observe: (observable, value, attributes) => {
            const { name } = observable as unknown as { name: string };
            seen[[name, ...Object.values(attributes ?? {})].join(' ')] = value;
          },
        });
      }
      return seen;
    },
  };
}

describe('observe', () => {
  it('tells every counter when the meter collects, and nothing after it was stopped', () => {
    const counters: PoolCounters = {
      generation: 7,
      user: 'app_a',
      credentialAgeMillis: 2_500,
      rotations: 3,
      refreshes: 9,
      failedRefreshes: 1,
      refused: 2,
      stragglers: 4,
      superseded: 5,
      brokenConnections: 0,
    };
    const { meter, collect, callbacks } = meterOf();
    const stop = observe({ counters }, meter, { pool: 'orders' });
    expect(collect()).toEqual({
      'keyturn.pool.credential.generation orders': 7,
      'keyturn.pool.credential.age orders': 2.5,
      'keyturn.pool.connections.superseded orders': 5,
      'keyturn.pool.rotations orders': 3,
      'keyturn.pool.refreshes orders read': 9,
      'keyturn.pool.refreshes orders failed': 1,
      'keyturn.pool.refused_logins orders': 2,
      'keyturn.pool.stragglers orders': 4,
    });
    stop();
    expect(callbacks.size).toBe(0);
  });

  it('tells no generation before there is one', () => {
    const { meter, collect } = meterOf();
    const counters = { generation: undefined, credentialAgeMillis: undefined, rotations: 0 } as PoolCounters;
    observe({ counters }, meter);
    expect(Object.keys(collect())).not.toContain('keyturn.pool.credential.generation');
  });
});
