import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import { setTimeout as after } from 'node:timers/promises';

/** What queries go through. */
export interface Queryable {
  query(sql: string): Promise<unknown>;
}

/** Tells whether a rotation is going on now, and counts those that began. */
export class Windows {
  begun = 0;
  open = false;

  begin(): void {
    this.begun += 1;
    this.open = true;
  }

  end(): void {
    this.open = false;
  }
}

/** What a load saw. */
export interface Seen {
  readonly queries: number;
  readonly failed: number;
  readonly qps: number;
  /** Milliseconds; of queries that did not overlap a rotation. */
  readonly steady: Figures;
  /** Milliseconds; of queries that overlapped a rotation. */
  readonly during: Figures;
}

export interface Figures {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly longest: number;
}

/** Runs `SELECT 1` in this many callers, each the next as soon as the last was answered, for so many milliseconds or until something ends. */
export async function load(
  db: Queryable,
  callers: number,
  until: number | Promise<void>,
  windows = new Windows(),
): Promise<Seen> {
  const [steady, during] = [createHistogram({ figures: 4 }), createHistogram({ figures: 4 })];
  let failed = 0;
  let running = true;
  const begin = performance.now();
  const workers = Array.from({ length: callers }, async () => {
    while (running) {
      const { open, begun } = windows;
      const start = performance.now();
      try {
        await db.query('SELECT 1');
        const nanoseconds = Math.max(1, Math.round((performance.now() - start) * 1e6));
        (open || windows.open || windows.begun > begun ? during : steady).record(nanoseconds);
      } catch {
        failed += 1;
        await after(1);
      }
    }
  });
  await (typeof until === 'number' ? after(until) : until).finally(() => (running = false));
  await Promise.all(workers);
  const seconds = (performance.now() - begin) / 1_000;
  const queries = steady.count + during.count;
  return {
    queries: queries + failed,
    failed,
    qps: queries / seconds,
    steady: figures(steady),
    during: figures(during),
  };
}

function figures(histogram: RecordableHistogram): Figures {
  const millis = (nanoseconds: number): number => (histogram.count === 0 ? Number.NaN : nanoseconds / 1e6);
  return {
    count: histogram.count,
    p50: millis(histogram.percentile(50)),
    p99: millis(histogram.percentile(99)),
    longest: millis(histogram.max),
  };
}
