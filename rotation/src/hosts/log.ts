import type { RotationEvent } from '../events.js';
import type { ResumeResult } from '../rotator.js';
import type { Tested } from '../work.js';
import type { Reading } from './metrics.js';
import type { Doing } from './tend.js';

/** Lines of JSON on standard output, one for each thing that happens. They hold no secrets. */
export interface HostLog {
  event(event: RotationEvent): void;
  result(doing: Doing, result: ResumeResult): void;
  /** A candidate gets a share of the traffic. */
  traffic(percent: number, tested: Tested): void;
  /** Where the pair stands: the metrics that every host reports, and what blocks. */
  state(reading: Reading): void;
  /** The name and message of an error; a stack or cause could show what was sent. */
  failure(error: unknown): void;
  say(what: string): void;
}

export function hostLog(pair: string | undefined, write: (line: string) => void): HostLog {
  const line = (type: string, more: object): void => {
    write(JSON.stringify({ at: new Date(), ...(pair === undefined ? {} : { pair }), type, ...more }));
  };
  return {
    event: ({ type, at, ...event }) => write(JSON.stringify({ at, pair, type, ...event })),
    result: (doing, result) => line('result', { doing, ...result }),
    traffic: (percent, { user, generation, version }) => line('traffic', { percent, user, generation, version }),
    state: ({ generation, ageMs, overdueMs, blocked }) =>
      line('state', {
        generation,
        ...(ageMs === undefined ? {} : { age: Math.round(ageMs / 1_000) }),
        overdue: Math.round(overdueMs / 1_000),
        ...(blocked === undefined ? {} : { blocked_by: blocked }),
      }),
    failure: (error) =>
      line('failure', {
        error: error instanceof Error ? error.name : 'unknown',
        message: error instanceof Error ? error.message : 'Something that is no error was thrown.',
      }),
    say: (what) => line(what, {}),
  };
}
