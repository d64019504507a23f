import { randomBytes } from 'node:crypto';
import { setTimeout as after } from 'node:timers/promises';

import { type PostgresServer, startPostgres } from '@keyturn/services';
import type { Credential } from '@keyturn/plan';
import pg from 'pg';

import type { CredentialSource } from '../credential-source.js';

/** A real server with dual users over a shared role, and what a rotation does to them. */
export interface PostgresPair {
  readonly server: PostgresServer;
  readonly admin: pg.Pool;
  readonly at: { host: string; port: number; database: string };
  /** Gives the idle user a new password and returns what to publish. */
  advance(): Promise<Credential>;
  retire(user: string): Promise<void>;
  /** Sessions per user, from `pg_stat_activity`. */
  sessions(): Promise<Record<string, number>>;
  /** Changes the password of a user to something that nobody knows. */
  spoil(user: string): Promise<void>;
  lock(user: string): Promise<void>;
  kill(user: string): Promise<void>;
  /** Refused logins in the server's log since the last call. */
  refusedLogins(): Promise<number>;
  stop(): Promise<void>;
}

export async function startPostgresPair(): Promise<PostgresPair> {
  const server = await startPostgres({ settings: { log_connections: 'off' } });
  const at = { host: server.host, port: server.port, database: 'postgres' };
  const admin = new pg.Pool({ ...at, user: server.superuser, password: server.superuserPassword, max: 2 });
  admin.on('error', () => undefined);
  await admin.query(
    `CREATE ROLE app NOLOGIN;
     CREATE ROLE app_a NOLOGIN IN ROLE app; CREATE ROLE app_b NOLOGIN IN ROLE app;
     CREATE TABLE orders (id bigserial PRIMARY KEY, note text);
     GRANT SELECT, INSERT ON orders TO app; GRANT USAGE ON SEQUENCE orders_id_seq TO app;`,
  );
  let generation = 0;
  let read = 0;
  return {
    server,
    admin,
    at,
    async advance() {
      generation += 1;
      const user = generation % 2 === 1 ? 'app_a' : 'app_b';
      const password = randomBytes(12).toString('hex');
      await admin.query(`ALTER ROLE ${user} LOGIN PASSWORD '${password}'`);
      return { user, password, generation };
    },
    async retire(user) {
      await admin.query(`ALTER ROLE ${user} NOLOGIN`);
    },
    async sessions() {
      const { rows } = await admin.query<{ usename: string; n: number }>(
        `SELECT usename, count(*)::int AS n FROM pg_stat_activity WHERE usename LIKE 'app%' GROUP BY usename`,
      );
      return Object.fromEntries(rows.map(({ usename, n }) => [usename, n]));
    },
    async spoil(user) {
      await admin.query(`ALTER ROLE ${user} PASSWORD '${randomBytes(12).toString('hex')}'`);
    },
    async lock(user) {
      await admin.query(`ALTER ROLE ${user} NOLOGIN`);
    },
    async kill(user) {
      await admin.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1', [user]);
    },
    async refusedLogins() {
      await after(50);
      const log = server.log().slice(read);
      read = server.log().length;
      return log.match(/FATAL: {2}(password authentication failed|role ".*" is not permitted|no pg_hba)/g)?.length ?? 0;
    },
    async stop() {
      await admin.end();
      await server.stop();
    },
  };
}

/** A source in memory; it counts how often it is read, and can be away. */
export class ScriptedSource implements CredentialSource {
  reads = 0;
  away = false;
  delayMillis = 0;
  readonly #watchers = new Set<() => void>();
  #credential: Credential;
  #previous: Credential | undefined;

  constructor(credential: Credential, previous?: Credential) {
    this.#credential = credential;
    this.#previous = previous;
  }

  async read(): Promise<Credential> {
    this.reads += 1;
    if (this.delayMillis > 0) await after(this.delayMillis);
    if (this.away) throw new Error('the store is away');
    return this.#credential;
  }

  async readPrevious(): Promise<Credential | undefined> {
    return this.#previous;
  }

  watch(onChange: () => void): () => void {
    this.#watchers.add(onChange);
    return () => this.#watchers.delete(onChange);
  }

  get watchers(): number {
    return this.#watchers.size;
  }

  publish(credential: Credential, { silently = false } = {}): void {
    this.#credential = credential;
    if (!silently) for (const onChange of this.#watchers) onChange();
  }
}

/** Waits until the condition holds, and fails loudly when it does not within the time. */
export async function eventually(holds: () => boolean | Promise<boolean>, withinMillis = 5_000): Promise<void> {
  const end = Date.now() + withinMillis;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`Still not so after ${withinMillis} ms: ${String(holds)}`);
    await after(10);
  }
}
