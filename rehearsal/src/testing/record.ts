import type { Query } from '../drive.js';
import type { InstanceEvidence } from '../evidence.js';
import type { PhaseRecord } from '../phase.js';

const start = 1_000_000;

/** A query of `instance 1`, with times in milliseconds after the start of the load. */
export function query(sentMs: number, tookMs: number, changes: Partial<Query> = {}): Query {
  return {
    instance: 'instance 1',
    operation: 'read',
    dueAt: start + sentMs,
    sentAt: start + sentMs,
    endedAt: start + sentMs + tookMs,
    ...changes,
  };
}

/** A moment after the start of the load. */
export function at(ms: number): number {
  return start + ms;
}

/** `instance 1`, which read the old credential before the load began. */
export function instance(changes: Partial<InstanceEvidence> = {}): InstanceEvidence {
  return {
    instance: 'instance 1',
    startedAt: at(-500),
    reads: [{ at: at(-400), credential: 'old' }],
    logins: [],
    ...changes,
  };
}

/** A phase of ten seconds in which the re-key was sent at 4.9 s, and the source got the new credential at 5 s. */
export function record(changes: Partial<PhaseRecord> = {}): PhaseRecord {
  return {
    name: 'incident',
    startedAt: start,
    endedAt: at(10_000),
    queries: [],
    marks: [],
    sessions: [],
    settings: {},
    evidence: {
      source: [
        { at: at(-1_000), credential: 'old' },
        { at: at(5_000), credential: 'new' },
      ],
      database: [
        { credential: 'old', from: at(-1_000), ending: { begunAt: at(4_900), doneAt: at(4_910) } },
        { credential: 'new', from: at(4_900) },
      ],
      instances: [instance()],
    },
    ...changes,
  };
}
