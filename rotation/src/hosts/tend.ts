import type { HostCommand, Plan, Schedule } from '@keyturn/plan';

import type { ResumeResult, Rotator, Status } from '../rotator.js';
import type { Reading } from './metrics.js';
import { allowedFrom, dueAt } from './process/schedule.js';

/** A pair, and what a host that runs once does with it. */
export interface Tending {
  readonly name: string;
  readonly rotator: Pick<Rotator, 'advance' | 'retire' | 'resume' | 'status'>;
  readonly plan: Plan;
  /** Default: `every` of the plan after the last publication, at any time. */
  readonly schedule?: Schedule;
  /** Told after each thing that was done or tried. */
  readonly onResult?: (doing: Doing, result: ResumeResult) => void;
}

export type Doing = 'advance' | 'retire' | 'resume';

/** Where the pair stands at the end. */
export interface Tended {
  readonly reading: Reading;
  /** A due rotation is kept by a session or by a candidate that may not be published yet, or was refused: somebody has to look. */
  readonly needsPerson: boolean;
}

/** An advance that is followed by a retire, with what an earlier run left before it. */
const mostThings = 4;

/**
 * Finishes what is half done, advances when that is due, and retires when nobody can hold the superseded credential any more; or does the one
 * thing that it is told. What cannot be done yet is left for the next run.
 */
export async function tend(pair: Tending, command: Exclude<HostCommand, 'bootstrap'>): Promise<Tended> {
  let last: { readonly doing: Doing; readonly result: ResumeResult; readonly begun: boolean } | undefined;
  for (let things = 0; things < mostThings; things += 1) {
    const status = await pair.rotator.status();
    const doing = command === 'tend' ? nextFor(pair, status) : things === 0 ? command : undefined;
    if (doing === undefined) break;
    const result = await pair.rotator[doing]();
    pair.onResult?.(doing, result);
    last = { doing, result, begun: status.intent !== undefined };
    if (result.outcome === 'waiting' || result.outcome === 'refused' || result.outcome === 'nothing') break;
    last = undefined;
  }
  const reading = readingOf(pair, await pair.rotator.status());
  if (last === undefined || (last.result.outcome !== 'waiting' && last.result.outcome !== 'refused')) {
    return { reading, needsPerson: false };
  }
  const { doing, result, begun } = last;
  const { because, holders, until } = last.result;
  return {
    reading: { ...reading, blocked: { doing, because, holders } },
    needsPerson:
      result.outcome === 'refused' || ((doing === 'advance' || begun) && (holders.length > 0 || until === undefined)),
  };
}

function nextFor(pair: Tending, status: Status): Doing | undefined {
  const { intent, superseded } = status;
  // What is half done is finished at any time: windows are for beginning.
  if (intent !== undefined || superseded?.phase === 'locked' || superseded?.undo !== undefined) return 'resume';
  const now = Date.now();
  const allowed = allowedFrom(pair.schedule ?? {}, now) <= now;
  if (!allowed) return undefined;
  if (dueOf(pair, status, now) <= now) return 'advance';
  return superseded === undefined || superseded.phase === 'retired' ? undefined : 'retire';
}

/** Times of the database are moved to the clock of this host, which schedules go by. */
function dueOf({ name, plan, schedule = {} }: Tending, { published, now }: Status, at: number): number {
  const publishedAt = published === undefined ? undefined : published.at + (at - now);
  const due = dueAt(schedule, plan, { name, publishedAt, generation: published?.generation ?? 0 }, at);
  return allowedFrom(schedule, due);
}

function readingOf(pair: Tending, status: Status): Reading {
  const { published, now } = status;
  const at = Date.now();
  return {
    pair: pair.name,
    generation: published?.generation ?? 0,
    overdueMs: Math.max(0, at - dueOf(pair, status, at)),
    ...(published === undefined ? {} : { ageMs: Math.max(0, now - published.at) }),
  };
}
