import type { EventEmitter } from 'node:events';

import type mysql from 'mysql2/promise';

import { followingPool, type Follows, type PoolOptions } from './pool.js';

export type { DrainOptions, Follows, PoolCounters, PoolOptions, RotationEvent, StragglerEvent } from './pool.js';

/** The promise pool of mysql2, which follows a rotation. */
export type Pool = Follows & mysql.Pool;

/**
 * A drop-in for `createPool` of mysql2/promise that follows a rotation.
 *
 * @throws TypeError when `credentials` is missing, or a user or password is given beside it.
 */
export function createPool(options: PoolOptions): Pool {
  const emitters: EventEmitter[] = [];
  const inner = followingPool(options, emitters);
  const pool = inner.promise();
  emitters.push(pool);
  return Object.assign(Object.defineProperty(pool, 'counters', { get: () => inner.counters }), {
    refresh: () => inner.refresh(),
    drain: inner.drain.bind(inner),
  }) as unknown as Pool;
}
