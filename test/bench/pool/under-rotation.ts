import { setTimeout as after } from 'node:timers/promises';

import { load, Windows } from './load.js';
import type { Server } from './server.js';
import { connections, type Subject } from './subjects.js';

/** What a pool's callers saw of a series of rotations. */
export interface Outcome {
  readonly rotations: number;
  readonly queries: number;
  readonly failed: number;
  readonly qps: number;
  /** p99 of the queries that overlapped a rotation, against that of the queries between rotations. */
  readonly p99Ratio: number;
  /** Milliseconds. */
  readonly p99: number;
  readonly steadyP99: number;
  readonly longest: number;
  readonly steadyLongest: number;
  /** The share of all queries that overlapped a rotation. */
  readonly share: number;
}

/** What a rotation does to a pool may come after its operator is done: each window is at least so long. */
const leastWindowMillis = 1_000;

/**
 * Rotates again and again under load. A window begins before the idle user gets its new password, and ends when the pool holds nothing of the
 * older credential, but not before one second is over, for every pool alike. Between windows the same load goes on for as long, which is what
 * the windows are compared with: both halves see the same machine.
 */
export async function underRotation(server: Server, subject: Subject, rotations: number): Promise<Outcome> {
  await load(subject.db, connections, 1_000);
  const windows = new Windows();
  const rotate = async (): Promise<void> => {
    for (let count = 0; count < rotations; count += 1) {
      const begin = Date.now();
      windows.begin();
      await subject.published(await server.advance());
      await after(Math.max(0, begin + leastWindowMillis - Date.now()));
      windows.end();
      await after(Date.now() - begin);
    }
  };
  const seen = await load(subject.db, connections, rotate(), windows);
  await subject.end();
  const { steady, during } = seen;
  return {
    rotations,
    queries: seen.queries,
    failed: seen.failed,
    qps: seen.qps,
    p99Ratio: during.p99 / steady.p99,
    p99: during.p99,
    steadyP99: steady.p99,
    longest: during.longest,
    steadyLongest: steady.longest,
    share: during.count / (during.count + steady.count),
  };
}
