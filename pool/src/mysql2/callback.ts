import { followingPool, type Pool, type PoolOptions } from './pool.js';

export type { DrainOptions, Follows, Pool, PoolCounters, PoolOptions, RotationEvent, StragglerEvent } from './pool.js';

/**
 * A drop-in for `createPool` of mysql2 that follows a rotation: user and password come from a source and swap together, what runs finishes on
 * its old connection, and a refused login reads the source once and tries again before any caller sees an error.
 *
 * @throws TypeError when `credentials` is missing, or a user or password is given beside it.
 */
export function createPool(options: PoolOptions): Pool {
  return followingPool(options, []);
}
