import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import { drive, type Query } from './drive.js';
import { type Accepted, type Evidence, type Fingerprint, fingerprintOf, type Held, now } from './evidence.js';
import { Fleet } from './fleet.js';
import type { AnyApp } from './instance.js';
import { type Arrival, arrivals, type Load } from './load.js';
import type { DifferingSetting, SourceFile } from './observation.js';
import { type SessionCounter, type SessionSample, SessionSampler } from './sessions.js';

/** A user and password, as the rehearsal is told of it. Only its fingerprint is kept. */
export interface Pair {
  readonly user: string;
  readonly password: string;
}

/** Something worth seeing in the timeline. */
export interface Mark {
  readonly at: number;
  readonly label: string;
}

/** What to rehearse. */
export interface PhaseOptions {
  readonly name: string;
  readonly app: AnyApp;
  readonly instances: number;
  readonly load: Load;
  /** The load goes on for so long, and then until the rotation has ended. */
  readonly seconds: number;
  /** Absent when the credential comes with the environment. */
  readonly source?: SourceFile;
  /** From which file instances load their driver. Default: the script that they were started with. */
  readonly driverOf?: string;
  /** What the source holds, and the database takes, before anything is rotated. */
  readonly initial: Pair;
  readonly sessions: SessionCounter;
  /** Rotates, under load. */
  rotate(drill: Drill): Promise<void>;
  /** Key of the fingerprints. Default: a random one. */
  readonly key?: string;
  readonly signal: AbortSignal;
  onMark?(mark: Mark): void;
}

/** All that was recorded of one phase. */
export interface PhaseRecord {
  readonly name: string;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly queries: readonly Query[];
  readonly marks: readonly Mark[];
  readonly sessions: readonly SessionSample[];
  readonly evidence: Evidence;
  readonly settings: Readonly<Record<string, DifferingSetting>>;
  /** When the database was taken away on purpose. */
  readonly excused?: readonly Excused[];
}

/** A time in which failures say nothing about credentials. */
export interface Excused {
  readonly from: number;
  readonly to: number;
}

/** What a rotation can see and tell while it runs under load. */
export class Drill {
  readonly fleet: Fleet;
  readonly signal: AbortSignal;
  readonly #startedAt: number;
  readonly #notes: Notes;
  readonly #sampler: SessionSampler;

  constructor(fleet: Fleet, startedAt: number, notes: Notes, sampler: SessionSampler, signal: AbortSignal) {
    this.fleet = fleet;
    this.signal = signal;
    this.#startedAt = startedAt;
    this.#notes = notes;
    this.#sampler = sampler;
  }

  /** Queries that arrive at one moment, beside the load. */
  volley(queries: number): void {
    this.#notes.volley += queries;
  }

  /** The fingerprint of a credential in this run. */
  fingerprint({ user, password }: Pair): Fingerprint {
    return fingerprintOf(this.#notes.key, user, password);
  }

  /** Waits until so many seconds after the start of the load; at once when that has passed. */
  async second(second: number): Promise<void> {
    const left = this.#startedAt + second * 1_000 - now();
    if (left > 0) await sleep(left, undefined, { signal: this.signal });
  }

  mark(label: string, at = now()): void {
    this.#notes.mark(label, at);
  }

  /** The source holds this credential from now on. */
  sourceHolds(pair: Pair, at = now()): void {
    this.#notes.sourceHolds(pair, at);
  }

  /** The database takes this credential from now on. */
  databaseTakes(pair: Pair, at = now()): void {
    this.#notes.databaseTakes(pair, at);
  }

  /** The database does not take this credential any more: the statement was sent at `begunAt` and has been acknowledged. */
  databaseEnds(pair: Pair, begunAt: number, doneAt = now()): void {
    this.#notes.databaseEnds(pair, begunAt, doneAt);
  }

  /** Failures in this time come from what was done to the database on purpose, and not from a credential. */
  excuse(from: number, to: number): void {
    this.#notes.excused.push({ from, to });
  }

  /** When sessions were counted last. */
  get sampledAt(): number {
    return this.#sampler.samples.at(-1)?.at ?? 0;
  }

  /** The newest count of sessions of a user. */
  sessionsOf(user: string): number {
    return this.#sampler.samples.at(-1)?.sessions[user] ?? 0;
  }
}

/** A key for the fingerprints of one run. */
export function randomKey(): string {
  return randomBytes(32).toString('base64url');
}

class Notes {
  readonly key: string;
  /** Queries that were asked for and not sent yet. */
  volley = 0;
  readonly excused: Excused[] = [];
  readonly source: Held[] = [];
  readonly database: Accepted[] = [];
  readonly marks: Mark[] = [];
  readonly #onMark: ((mark: Mark) => void) | undefined;

  constructor(key: string, onMark?: (mark: Mark) => void) {
    this.key = key;
    this.#onMark = onMark;
  }

  mark(label: string, at: number): void {
    const mark = { at, label };
    this.marks.push(mark);
    this.#onMark?.(mark);
  }

  sourceHolds(pair: Pair, at: number): void {
    this.source.push({ at, credential: this.#fingerprint(pair) });
  }

  databaseTakes(pair: Pair, from: number): void {
    const credential = this.#fingerprint(pair);
    if (!this.database.some((accepted) => accepted.credential === credential)) this.database.push({ credential, from });
  }

  databaseEnds(pair: Pair, begunAt: number, doneAt: number): void {
    const credential = this.#fingerprint(pair);
    const index = this.database.findIndex((accepted) => accepted.credential === credential);
    const accepted = this.database[index];
    if (accepted && !accepted.ending) this.database[index] = { ...accepted, ending: { begunAt, doneAt } };
  }

  #fingerprint({ user, password }: Pair): string {
    return fingerprintOf(this.key, user, password);
  }
}

/**
 * Starts the instances, puts them under load, rotates, and stops everything, whatever happened.
 *
 * @throws what `rotate` throws, InstanceError, and the reason of `signal` when it aborts.
 */
export async function runPhase(options: PhaseOptions): Promise<PhaseRecord> {
  const notes = new Notes(options.key ?? randomKey(), options.onMark);
  const begun = now();
  notes.databaseTakes(options.initial, begun);
  notes.sourceHolds(options.initial, begun);
  const fleet = new Fleet(options.app, {
    key: notes.key,
    ...(options.source ? { source: options.source } : {}),
    ...(options.driverOf === undefined ? {} : { driverOf: options.driverOf }),
  });
  const sampler = new SessionSampler(options.sessions);
  const stopping = new AbortController();
  const signal = AbortSignal.any([options.signal, stopping.signal]);
  try {
    await sampler.start();
    await fleet.start(options.instances, signal);

    const startedAt = now();
    let rotated = false;
    const drill = new Drill(fleet, startedAt, notes, sampler, signal);
    const rotation = options.rotate(drill).then(
      () => (rotated = true),
      (error: unknown) => {
        stopping.abort(error);
        throw error;
      },
    );
    const over = (): boolean => rotated && now() - startedAt >= options.seconds * 1_000;
    const [driven] = await Promise.all([
      drive(fleet, { stream: arrivals(options.load), volleys: volleys(notes, options.load) }, over, signal),
      rotation,
    ]);
    const evidence = { source: notes.source, database: notes.database, instances: fleet.evidence };
    return {
      name: options.name,
      ...driven,
      marks: notes.marks,
      sessions: sampler.samples.filter((sample) => sample.at <= driven.endedAt),
      evidence,
      settings: fleet.settings,
      excused: notes.excused,
    };
  } finally {
    stopping.abort(new Error('The phase is over.'));
    await Promise.allSettled([fleet.stop(), sampler.stop()]);
  }
}

/** What to send beside the stream, as often as was asked for. */
function* volleys(notes: Notes, load: Load): Generator<Arrival | undefined, never> {
  const source = arrivals({ ...load, seed: load.seed / 2 });
  for (;;) {
    if (notes.volley === 0) yield undefined;
    else {
      notes.volley--;
      yield source.next().value;
    }
  }
}
