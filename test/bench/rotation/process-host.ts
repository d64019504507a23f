import { setTimeout as pause } from 'node:timers/promises';

import { createProcessHost, type HostedPair } from '@keyturn/rotation/process';

import { heapMb } from '../heap.js';

/** What scheduling costs, apart from the rotations. */
export interface Scheduled {
  readonly pairs: number;
  /** From start until every pair was rotated once, in milliseconds. */
  readonly firstRoundMs: number;
  readonly rotations: number;
  /** Time of the process per rotation, in microseconds. */
  readonly cpuMicrosPerRotation: number;
  /** Heap per pair after the first round, in kilobytes. */
  readonly heapKbPerPair: number;
  /** Heap that came on top from the first round to the last, in megabytes. */
  readonly heapGrowthMb: number;
  /** The longest that a rotation began after it was due, in milliseconds. */
  readonly lateMs: number;
}

/** Rotates pairs again and again whose rotators answer at once: no server is asked. */
export async function schedulePairs(count: number, rounds: number): Promise<Scheduled> {
  const everyMs = Math.max(500, count / 2);
  const before = heapMb();
  let rotations = 0;
  let lateMs = 0;
  const pairs: HostedPair[] = Array.from({ length: count }, (_, at) => {
    let generation = 0;
    let publishedAt = 0;
    const name = `pair-${at}`;
    return {
      name,
      plan: { strategy: 'dual-user', every: everyMs, consumers: [] },
      rotator: {
        advance: () => {
          const now = Date.now();
          if (generation > 0) lateMs = Math.max(lateMs, now - publishedAt - everyMs);
          generation += 1;
          publishedAt = now;
          rotations += 1;
          return Promise.resolve({ outcome: 'advanced', generation, published: 'a', superseded: undefined });
        },
        retire: () => Promise.resolve({ outcome: 'nothing', holders: [] }),
        resume: () => Promise.resolve({ outcome: 'nothing', holders: [] }),
        status: () => {
          const published = { user: 'a', version: 'v', generation, at: publishedAt };
          const state = { id: name, pair: name, generation, now: Date.now(), sessions: {} };
          return Promise.resolve(generation === 0 ? state : { ...state, published });
        },
      },
    };
  });
  let failed: unknown;
  const host = createProcessHost({
    pairs,
    onReport: (report) => {
      if ('error' in report) failed ??= report.error;
    },
  });
  const reached = async (wanted: number): Promise<void> => {
    while (rotations < wanted && failed === undefined) await pause(5);
    if (failed !== undefined) throw failed;
  };
  const started = performance.now();
  const cpu = process.cpuUsage();
  host.start();
  await reached(count);
  const firstRoundMs = performance.now() - started;
  const afterFirst = heapMb();
  await reached(count * rounds);
  const { user, system } = process.cpuUsage(cpu);
  const done = rotations;
  await host.stop();
  const afterLast = heapMb();
  return {
    pairs: count,
    firstRoundMs: Math.round(firstRoundMs),
    rotations: done,
    cpuMicrosPerRotation: Math.round((user + system) / done),
    heapKbPerPair: Math.round(((afterFirst - before) * 10_240) / count) / 10,
    heapGrowthMb: Math.round((afterLast - afterFirst) * 100) / 100,
    lateMs,
  };
}
