import { Client } from 'pg';

import type { SessionCounter } from './sessions.js';

/** How to reach a PostgreSQL as somebody who may see every session. */
export interface Administrator {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

/** Counts the sessions of a PostgreSQL database in `pg_stat_activity`. */
export class PostgresSessions implements SessionCounter {
  readonly #administrator: Administrator;
  #client: Client | undefined;

  constructor(administrator: Administrator) {
    this.#administrator = administrator;
  }

  async count(): Promise<Readonly<Record<string, number>>> {
    const client = (this.#client ??= await this.#connect());
    try {
      const { rows } = await client.query<{ usename: string; sessions: number }>(
        `SELECT usename, count(*)::int AS sessions FROM pg_stat_activity
          WHERE datname = current_database() AND backend_type = 'client backend' AND usename <> current_user
          GROUP BY usename`,
      );
      return Object.fromEntries(rows.map(({ usename, sessions }) => [usename, sessions]));
    } catch (error) {
      this.#client = undefined;
      throw error;
    }
  }

  async end(): Promise<void> {
    await this.#client?.end();
  }

  async #connect(): Promise<Client> {
    const client = new Client({ ...this.#administrator, application_name: 'keyturn rehearsal' });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }
}
