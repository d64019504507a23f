import { type Duration, milliseconds, type Plan } from '@keyturn/plan';
import type { Meter } from '@opentelemetry/api';
import PQueue from 'p-queue';

import type { ResumeResult, Rotator, Status } from '../../rotator.js';
import { type Block, observeRotations, type Reading } from '../metrics.js';
import { allowedFrom, checkSchedule, dueAt, type Schedule } from './schedule.js';

/** A pair that the host looks after. */
export interface HostedPair {
  readonly name: string;
  readonly rotator: Pick<Rotator, 'advance' | 'retire' | 'resume' | 'status'>;
  readonly plan: Plan;
  /** Default: `every` of the plan after the last publication, at any time. */
  readonly schedule?: Schedule;
}

export type Doing = 'advance' | 'retire' | 'resume';

/** What the host did, or could not do, with a pair. */
export type HostReport = { readonly pair: string; readonly at: Date } & (
  | { readonly doing: Doing; readonly result: ResumeResult }
  | { readonly doing: Doing | 'look'; readonly error: unknown; readonly retryAt: Date }
);

export interface ProcessHostOptions {
  readonly pairs: readonly HostedPair[];
  /** Most pairs at the same time. Default: 4. */
  readonly concurrency?: number;
  /** Time until what was blocked or failed is tried again; doubles with each failure in a row, up to an hour. Default: 5 minutes. */
  readonly retry?: Duration;
  /** Longest time between two looks at a pair; somebody may have rotated it by hand. Default: 1 hour. */
  readonly lookEvery?: Duration;
  /** Where `overdue`, `blocked_by`, `age` and `generation` are reported. Default: nowhere. */
  readonly meter?: Meter;
  readonly onReport?: (report: HostReport) => void;
}

/** A process that rotates many pairs, each by its plan and schedule. What it needs to know after a restart is in the databases. */
export interface ProcessHost {
  start(): void;
  /** Begins nothing more, and resolves when what is under way has come to its end. */
  stop(): Promise<void>;
  /** Where each pair stands, as of the last look. */
  readings(): readonly Reading[];
}

interface Task {
  readonly pair: HostedPair;
  readonly schedule: Schedule;
  wake: number;
  queued: boolean;
  failures: number;
  doing: Doing | 'look';
  blocked?: Block | undefined;
  seen?: { readonly generation: number; readonly publishedAt?: number; readonly dueAt: number } | undefined;
}

const longestRetryMs = 3_600_000;
const longestTimerMs = 2 ** 31 - 1;

/** @throws ScheduleError when a schedule cannot work with its plan. */
export function createProcessHost(options: ProcessHostOptions): ProcessHost {
  return new Host(options);
}

class Host implements ProcessHost {
  readonly #tasks: readonly Task[];
  readonly #queue: PQueue;
  readonly #retryMs: number;
  readonly #lookMs: number;
  readonly #report: (report: HostReport) => void;
  #timer: NodeJS.Timeout | undefined;
  #armedFor = Number.POSITIVE_INFINITY;
  #running = false;

  constructor(options: ProcessHostOptions) {
    this.#tasks = options.pairs.map((pair) => ({
      pair,
      schedule: checkSchedule(pair.schedule ?? {}, pair.plan),
      wake: 0,
      queued: false,
      failures: 0,
      doing: 'look',
    }));
    this.#queue = new PQueue({ concurrency: options.concurrency ?? 4 });
    this.#retryMs = milliseconds(options.retry ?? '5m');
    this.#lookMs = milliseconds(options.lookEvery ?? '1h');
    this.#report = options.onReport ?? (() => undefined);
    if (options.meter !== undefined) observeRotations(options.meter, () => this.readings());
  }

  start(): void {
    this.#running = true;
    this.#fire();
  }

  async stop(): Promise<void> {
    this.#running = false;
    clearTimeout(this.#timer);
    this.#queue.clear();
    await this.#queue.onIdle();
  }

  readings(): readonly Reading[] {
    const now = Date.now();
    return this.#tasks.flatMap(({ pair, seen, blocked }) => {
      if (seen === undefined) {
        return blocked === undefined ? [] : [{ pair: pair.name, generation: 0, overdueMs: 0, blocked }];
      }
      return [
        {
          pair: pair.name,
          generation: seen.generation,
          overdueMs: Math.max(0, now - seen.dueAt),
          ...(seen.publishedAt !== undefined && { ageMs: Math.max(0, now - seen.publishedAt) }),
          ...(blocked && { blocked }),
        },
      ];
    });
  }

  #fire(): void {
    this.#armedFor = Number.POSITIVE_INFINITY;
    const now = Date.now();
    let earliest = Number.POSITIVE_INFINITY;
    for (const task of this.#tasks) {
      if (task.queued) continue;
      if (task.wake > now) earliest = Math.min(earliest, task.wake);
      else {
        task.queued = true;
        void this.#queue.add(() => this.#run(task));
      }
    }
    this.#arm(earliest);
  }

  #arm(at: number): void {
    if (!this.#running || at >= this.#armedFor) return;
    this.#armedFor = at;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#fire(), Math.min(longestTimerMs, Math.max(0, at - Date.now())));
  }

  async #run(task: Task): Promise<void> {
    try {
      task.wake = await this.#work(task);
      task.failures = 0;
    } catch (error) {
      task.failures += 1;
      const wait = Math.min(longestRetryMs, this.#retryMs * 2 ** (task.failures - 1));
      task.wake = Date.now() + wait;
      const because = error instanceof Error ? error.message : String(error);
      task.blocked = { doing: task.doing === 'look' ? 'advance' : task.doing, because, holders: [], failed: true };
      this.#report({ pair: task.pair.name, at: new Date(), doing: task.doing, error, retryAt: new Date(task.wake) });
    } finally {
      task.queued = false;
      this.#arm(task.wake);
    }
  }

  /** Does one thing at most, and answers when to look again. */
  async #work(task: Task): Promise<number> {
    const { rotator } = task.pair;
    task.doing = 'look';
    const status = await this.#look(task);
    const { intent, superseded, now } = status;
    const skew = Date.now() - now;
    const live = superseded !== undefined && superseded.phase !== 'retired';
    // What is half done is finished at any time: windows are for beginning.
    if (intent !== undefined || live) {
      const result = await this.#do(task, 'resume', () => rotator.resume());
      if (result.outcome !== 'nothing') return await this.#after(task, result, skew);
    }
    const due = task.seen?.dueAt ?? Date.now();
    if (due <= Date.now())
      return await this.#after(task, await this.#do(task, 'advance', () => rotator.advance()), skew);
    if (live && allowedFrom(task.schedule, Date.now()) <= Date.now()) {
      return await this.#after(task, await this.#do(task, 'retire', () => rotator.retire()), skew);
    }
    task.blocked = undefined;
    const again = live ? allowedFrom(task.schedule, Date.now()) : due;
    return Math.min(again, due, Date.now() + this.#lookMs);
  }

  async #look(task: Task): Promise<Status> {
    const { pair, schedule } = task;
    const status = await pair.rotator.status();
    const skew = Date.now() - status.now;
    const publishedAt = status.published === undefined ? undefined : status.published.at + skew;
    const generation = status.published?.generation ?? 0;
    const due = dueAt(
      schedule,
      pair.plan,
      { name: pair.name, publishedAt, generation },
      task.seen?.dueAt ?? Date.now(),
    );
    task.seen = {
      generation,
      dueAt: allowedFrom(schedule, due),
      ...(publishedAt !== undefined && { publishedAt }),
    };
    // A due time in the past is kept for `overdue`; it only counts when now is allowed too.
    if (task.seen.dueAt <= Date.now() && allowedFrom(schedule, Date.now()) > Date.now()) {
      task.seen = { ...task.seen, dueAt: allowedFrom(schedule, Date.now()) };
    }
    return status;
  }

  async #do<Result extends ResumeResult>(task: Task, doing: Doing, run: () => Promise<Result>): Promise<Result> {
    task.doing = doing;
    const result = await run();
    if (result.outcome === 'waiting' || result.outcome === 'refused') {
      task.blocked = { doing, because: result.because, holders: result.holders };
    } else {
      task.blocked = undefined;
    }
    if (result.outcome !== 'nothing') this.#report({ pair: task.pair.name, at: new Date(), doing, result });
    return result;
  }

  async #after(task: Task, result: ResumeResult, skew: number): Promise<number> {
    const now = Date.now();
    if (result.outcome === 'nothing') return now + this.#lookMs;
    if (result.outcome !== 'waiting' && result.outcome !== 'refused') {
      await this.#look(task);
      return now;
    }
    const until = result.until === undefined ? now + this.#retryMs : result.until.getTime() + skew;
    const due = task.seen?.dueAt ?? Number.POSITIVE_INFINITY;
    return Math.min(Math.max(until, now + 10), due > now ? due : Number.POSITIVE_INFINITY, now + this.#lookMs);
  }
}
