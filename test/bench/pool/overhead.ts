import pg from 'pg';

import { type Interval, intervalOfMedian } from '../pool-statistics.js';
import { load, type Queryable } from './load.js';
import type { Server } from './server.js';
import { connections, followingPool } from './subjects.js';

export interface Overhead {
  readonly pairs: number;
  readonly qps: Interval;
  readonly p99: Interval;
  /** Processor time of this process per query. */
  readonly cpu: Interval;
}

interface Share {
  queries: number;
  millis: number;
  cpuMicros: number;
  p99: number[];
}

/** A machine's other work comes and goes in less than a second: the two of a pair take turns this often. */
const turns = 6;

/**
 * Queries per second through our pool against those through the bare driver's, in pairs whose two halves are interleaved. Each pair opens its
 * own pools: where the server's processes happen to run would else favour one of the two from beginning to end.
 */
export async function measureOverhead(server: Server, pairs: number, roundMillis: number): Promise<Overhead> {
  await measurePair(server, roundMillis, 0);
  const results: Ratios[] = [];
  for (let at = 0; at < pairs; at += 1) results.push(await measurePair(server, roundMillis, at));
  return {
    pairs,
    qps: intervalOfMedian(results.map(({ qps }) => qps)),
    p99: intervalOfMedian(results.map(({ p99 }) => p99)),
    cpu: intervalOfMedian(results.map(({ cpu }) => cpu)),
  };
}

interface Ratios {
  readonly qps: number;
  readonly p99: number;
  readonly cpu: number;
}

async function measurePair(server: Server, roundMillis: number, pair: number): Promise<Ratios> {
  const { user, password } = server.published;
  const bare = new pg.Pool({ ...server.at, max: connections, user, password });
  // The server may stop before it has closed the last connections.
  bare.on('error', () => undefined);
  const following = followingPool(server);
  const theirs = { db: bare, share: { queries: 0, millis: 0, cpuMicros: 0, p99: [] as number[] } };
  const ours = { db: following.db, share: { queries: 0, millis: 0, cpuMicros: 0, p99: [] as number[] } };
  // Whoever goes first may be at an advantage: theirs, ours, ours, theirs, …
  const first = pair % 2 === 0 ? [theirs, ours] : [ours, theirs];
  for (const { db } of first) await load(db, connections, roundMillis / turns);
  for (let at = 0; at < turns; at += 1) {
    for (const { db, share } of at % 2 === 0 ? first : [...first].reverse()) await turn(db, roundMillis / turns, share);
  }
  await Promise.all([bare.end(), following.end()]);
  const ratio = (of: (share: Share) => number): number => of(ours.share) / of(theirs.share);
  return {
    qps: ratio(({ queries, millis }) => queries / millis),
    p99: ratio(({ p99 }) => intervalOfMedian(p99).median),
    cpu: ratio(({ queries, cpuMicros }) => cpuMicros / queries),
  };
}

async function turn(db: Queryable, millis: number, share: Share): Promise<void> {
  const [cpu, begin] = [process.cpuUsage(), performance.now()];
  const { queries, steady } = await load(db, connections, millis);
  const used = process.cpuUsage(cpu);
  share.millis += performance.now() - begin;
  share.cpuMicros += used.user + used.system;
  share.queries += queries;
  share.p99.push(steady.p99);
}
