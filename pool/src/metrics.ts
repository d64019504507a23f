import type { Attributes, BatchObservableResult, Meter } from '@opentelemetry/api';

import type { PoolCounters } from './following.js';

/** A pool of this package, whatever its driver. */
export interface Observed {
  readonly counters: PoolCounters;
}

/**
 * Reports a pool to OpenTelemetry. What is counted is read when the meter collects: nothing is added to a query.
 *
 * - `keyturn.pool.credential.generation`, `keyturn.pool.credential.age` (seconds since the source was last read with success)
 * - `keyturn.pool.rotations`, `keyturn.pool.refreshes` (attribute `outcome`: `read` or `failed`), `keyturn.pool.refused_logins`,
 *   `keyturn.pool.stragglers`
 * - `keyturn.pool.connections.superseded`: connections of an older generation that are still open
 *
 * @param meter Such as `metrics.getMeter('my-app')`.
 * @param attributes Told with every number, such as `{ 'db.client.connection.pool.name': 'orders' }`. Never holds a password.
 * @returns How to stop; to be called when the pool has ended.
 */
export function observe(pool: Observed, meter: Meter, attributes: Attributes = {}): () => void {
  const gauge = (name: string, unit: string, description: string) =>
    meter.createObservableGauge(`keyturn.pool.${name}`, { unit, description });
  const counter = (name: string, unit: string, description: string) =>
    meter.createObservableCounter(`keyturn.pool.${name}`, { unit, description });
  const generation = gauge('credential.generation', '{generation}', 'Generation of the credential that last logged in');
  const age = gauge('credential.age', 's', 'Time since the credential source was last read with success');
  const superseded = gauge('connections.superseded', '{connection}', 'Open connections of an older generation');
  const rotations = counter('rotations', '{rotation}', 'Moves to another credential');
  const refreshes = counter('refreshes', '{read}', 'Readings of the credential source');
  const refused = counter('refused_logins', '{login}', 'Logins that the server refused');
  const stragglers = counter('stragglers', '{connection}', 'Connections that were closed in use');
  const observables = [generation, age, superseded, rotations, refreshes, refused, stragglers];
  const report = (result: BatchObservableResult): void => {
    const now = pool.counters;
    if (now.generation !== undefined) result.observe(generation, now.generation, attributes);
    if (now.credentialAgeMillis !== undefined) result.observe(age, now.credentialAgeMillis / 1_000, attributes);
    result.observe(superseded, now.superseded, attributes);
    result.observe(rotations, now.rotations, attributes);
    result.observe(refreshes, now.refreshes, { ...attributes, outcome: 'read' });
    result.observe(refreshes, now.failedRefreshes, { ...attributes, outcome: 'failed' });
    result.observe(refused, now.refused, attributes);
    result.observe(stragglers, now.stragglers, attributes);
  };
  meter.addBatchObservableCallback(report, observables);
  return () => meter.removeBatchObservableCallback(report, observables);
}
