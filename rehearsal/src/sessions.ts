import { setTimeout as sleep } from 'node:timers/promises';

import { now } from './evidence.js';

/** How many sessions each user had in a database at a moment; the administrator's are left out. */
export interface SessionSample {
  readonly at: number;
  readonly sessions: Readonly<Record<string, number>>;
}

/** Counts the sessions of a database. */
export interface SessionCounter {
  /** Sessions per user, without those of whoever counts. It throws while the database is away, and may be asked again. */
  count(): Promise<Readonly<Record<string, number>>>;
  end(): Promise<void>;
}

const everyMs = 200;

/** Counts sessions per user five times a second until it is stopped. */
export class SessionSampler {
  readonly samples: SessionSample[] = [];
  readonly #counter: SessionCounter;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;

  constructor(counter: SessionCounter) {
    this.#counter = counter;
  }

  async start(): Promise<void> {
    await this.#sample();
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    await this.#counter.end().catch(() => undefined);
  }

  async #run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      await sleep(everyMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
      // A database that restarts is asked again as soon as it is back.
      await this.#sample().catch(() => undefined);
    }
  }

  async #sample(): Promise<void> {
    const sessions = await this.#counter.count();
    this.samples.push({ at: now(), sessions });
  }
}
