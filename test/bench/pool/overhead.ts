import pg from 'pg';

import { type Interval, intervalOfMedian } from '../pool-statistics.js';
import { load } from './load.js';
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

/** Queries per second through our pool against those through the bare driver's, in pairs whose two halves are interleaved. */
export async function measureOverhead(server: Server, pairs: number, roundMillis: number): Promise<Overhead> {
  const { user, password } = server.published;
  const bare = new pg.Pool({ ...server.at, max: connections, user, password });
  // The server may stop before it has closed the last connections.
  bare.on('error', () => undefined);
  const following = followingPool(server);
  const turn = async (db: pg.Pool | typeof following.db, share: Share): Promise<void> => {
    const [cpu, begin] = [process.cpuUsage(), performance.now()];
    const { queries, steady } = await load(db, connections, roundMillis / turns);
    const used = process.cpuUsage(cpu);
    share.millis += performance.now() - begin;
    share.cpuMicros += used.user + used.system;
    share.queries += queries;
    share.p99.push(steady.p99);
  };
  const pair = async (): Promise<{ qps: number; p99: number; cpu: number }> => {
    const share = (): Share => ({ queries: 0, millis: 0, cpuMicros: 0, p99: [] });
    const [theirs, ours] = [share(), share()];
    // Whoever goes first may be at an advantage: theirs, ours, ours, theirs, …
    for (let at = 0; at < turns; at += 1) {
      for (const mine of at % 2 === 0 ? [false, true] : [true, false]) {
        await (mine ? turn(following.db, ours) : turn(bare, theirs));
      }
    }
    const p99 = ({ p99: all }: Share): number => intervalOfMedian(all).median;
    return {
      qps: ours.queries / ours.millis / (theirs.queries / theirs.millis),
      p99: p99(ours) / p99(theirs),
      cpu: ours.cpuMicros / ours.queries / (theirs.cpuMicros / theirs.queries),
    };
  };
  await pair();
  const results: { qps: number; p99: number; cpu: number }[] = [];
  for (let at = 0; at < pairs; at += 1) results.push(await pair());
  await Promise.all([bare.end(), following.end()]);
  return {
    pairs,
    qps: intervalOfMedian(results.map(({ qps }) => qps)),
    p99: intervalOfMedian(results.map(({ p99 }) => p99)),
    cpu: intervalOfMedian(results.map(({ cpu }) => cpu)),
  };
}
