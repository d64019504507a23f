import { afterEach, describe, expect, it } from 'vitest';

import type { Status } from '../../rotator.js';
import {
  createProcessHost,
  type HostedPair,
  type HostReport,
  type ProcessHost,
  type ProcessHostOptions,
} from './process-host.js';

let host: ProcessHost | undefined;
afterEach(async () => await host?.stop());

const plan = { strategy: 'dual-user', every: '1d', consumers: [], runTime: '1ms' } as const;
const day = 86_400_000;

interface World {
  readonly calls: string[];
  readonly reports: HostReport[];
  readonly most: () => number;
}

/** Pairs whose published credential has an age; an advance makes it new. */
function run(
  pairs: readonly { readonly name: string; readonly ageMs: number; readonly change?: Partial<HostedPair['rotator']> }[],
  options: Partial<ProcessHostOptions> & { readonly schedule?: HostedPair['schedule'] } = {},
): World {
  const calls: string[] = [];
  const reports: HostReport[] = [];
  let active = 0;
  let most = 0;
  const hosted = pairs.map(({ name, ageMs, change }): HostedPair => {
    let at = Date.now() - ageMs;
    let generation = 1;
    const status = (): Promise<Status> =>
      Promise.resolve({
        id: name,
        pair: name,
        generation,
        now: Date.now(),
        sessions: {},
        published: { user: 'a', version: 'v', generation, at },
      });
    const nothing = () => Promise.resolve({ outcome: 'nothing', holders: [] } as const);
    return {
      name,
      plan,
      ...(options.schedule && { schedule: options.schedule }),
      rotator: {
        status,
        resume: nothing,
        retire: nothing,
        async advance() {
          calls.push(name);
          active += 1;
          most = Math.max(most, active);
          await new Promise((resolve) => setTimeout(resolve, 20));
          active -= 1;
          at = Date.now();
          generation += 1;
          return { outcome: 'advanced', generation, published: 'b', superseded: 'a' };
        },
        ...change,
      },
    };
  });
  host = createProcessHost({ ...options, pairs: hosted, onReport: (report) => reports.push(report) });
  host.start();
  return { calls, reports, most: () => most };
}

async function until(condition: () => boolean): Promise<void> {
  const started = Date.now();
  while (!condition()) {
    if (Date.now() - started > 5_000) throw new Error('it did not come to that');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

describe('a process host', () => {
  it('rotates what is due and leaves what is not', async () => {
    const { calls } = run([
      { name: 'due', ageMs: day },
      { name: 'fresh', ageMs: day - 60_000 },
    ]);
    await pause(150);
    expect(calls).toEqual(['due']);
    expect(host?.readings().map(({ pair, generation, overdueMs }) => ({ pair, generation, overdueMs }))).toEqual([
      { pair: 'due', generation: 2, overdueMs: 0 },
      { pair: 'fresh', generation: 1, overdueMs: 0 },
    ]);
  });

  it('wakes for what becomes due', async () => {
    const { calls } = run([{ name: 'soon', ageMs: day - 200 }]);
    await pause(60);
    expect(calls).toEqual([]);
    await until(() => calls.length === 1);
  });

  it('never works on more pairs at the same time than it may, and on all in the end', async () => {
    const pairs = Array.from({ length: 20 }, (_, index) => ({ name: `p${index}`, ageMs: 2 * day }));
    const world = run(pairs, { concurrency: 3 });
    await until(() => world.reports.length === 20);
    expect(world.most()).toBe(3);
    expect(new Set(world.calls).size).toBe(20);
  });

  it('tries what is blocked again, and says by whom and for how long', async () => {
    const holders = [{ endpoint: 'writer', user: 'b', application: 'nightly' }];
    const because = 'b still has 1 session';
    const { reports } = run(
      [
        {
          name: 'held',
          ageMs: day + 5_000,
          change: { advance: () => Promise.resolve({ outcome: 'waiting', because, holders }) },
        },
      ],
      { retry: 30 },
    );
    await until(() => reports.length >= 3);
    const [reading] = host?.readings() ?? [];
    expect(reading).toMatchObject({ pair: 'held', blocked: { doing: 'advance', because, holders } });
    expect(reading?.overdueMs).toBeGreaterThanOrEqual(5_000);
  });

  it('keeps the others going when one fails, and waits twice as long after each failure', async () => {
    const { reports, calls } = run(
      [
        { name: 'broken', ageMs: day, change: { status: () => Promise.reject(new Error('no answer')) } },
        { name: 'due', ageMs: day },
      ],
      { retry: 40 },
    );
    await until(() => reports.filter(({ pair }) => pair === 'broken').length === 3);
    expect(calls).toEqual(['due']);
    const waits = reports.flatMap((report) =>
      'error' in report ? [report.retryAt.getTime() - report.at.getTime()] : [],
    );
    expect(Math.round((waits[2] ?? 0) / (waits[0] ?? 1))).toBe(4);
    expect(host?.readings()[0]?.blocked).toMatchObject({ because: 'no answer', failed: true });
  });

  it('begins nothing in a blackout', async () => {
    const { calls } = run([{ name: 'due', ageMs: 9 * day }], {
      schedule: { blackouts: [{ from: '2000-01-01', to: '2999-12-31' }] },
    });
    await pause(150);
    expect(calls).toEqual([]);
  });

  it('stops when what is under way is done, and begins nothing more', async () => {
    const world = run(
      Array.from({ length: 6 }, (_, index) => ({ name: `p${index}`, ageMs: 2 * day })),
      { concurrency: 1 },
    );
    await until(() => world.calls.length === 2);
    await host?.stop();
    expect(world.reports).toHaveLength(2);
    await pause(60);
    expect(world.calls).toHaveLength(2);
  });
});
