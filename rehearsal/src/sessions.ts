import { setTimeout as sleep } from 'node:timers/promises';

import { Client } from 'pg';

import { now } from './evidence.js';

/** How many sessions each user had in a database at a moment; the administrator's are left out. */
export interface SessionSample {
  readonly at: number;
  readonly sessions: Readonly<Record<string, number>>;
}

/** How to reach a PostgreSQL as somebody who may see every session. */
export interface Administrator {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

const everyMs = 200;

/** Counts sessions per user five times a second, from `pg_stat_activity`, until it is stopped. */
export class SessionSampler {
  readonly samples: SessionSample[] = [];
  readonly #administrator: Administrator;
  readonly #stopping = new AbortController();
  #client: Client | undefined;
  #running: Promise<void> | undefined;

  constructor(administrator: Administrator) {
    this.#administrator = administrator;
  }

  async start(): Promise<void> {
    await this.#sample();
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    await this.#client?.end().catch(() => undefined);
  }

  async #run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      await sleep(everyMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
      // A database that restarts is asked again as soon as it is back.
      await this.#sample().catch(() => (this.#client = undefined));
    }
  }

  async #sample(): Promise<void> {
    const client = (this.#client ??= await this.#connect());
    const { rows } = await client.query<{ usename: string; sessions: number }>(
      `SELECT usename, count(*)::int AS sessions FROM pg_stat_activity
        WHERE datname = current_database() AND backend_type = 'client backend' AND usename <> current_user
        GROUP BY usename`,
    );
    this.samples.push({ at: now(), sessions: Object.fromEntries(rows.map((row) => [row.usename, row.sessions])) });
  }

  async #connect(): Promise<Client> {
    const client = new Client({ ...this.#administrator, application_name: 'keyturn rehearsal' });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }
}
