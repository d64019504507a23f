import { setTimeout as pause } from 'node:timers/promises';

/** A client for one transaction, as `pg.PoolClient` is. */
interface LoadClient {
  query(sql: string, values?: unknown[]): Promise<unknown>;
  release(error?: boolean): void;
}

/** What the load is put on; `pg.Pool` and the pool of `@keyturn/pool` are such. */
export interface Queryable {
  query(sql: string, values?: unknown[]): Promise<unknown>;
  connect(): Promise<LoadClient>;
}

export interface LoadOptions {
  /** Workers that query one after another; the last one runs short transactions. Default: 8. */
  readonly workers?: number;
  /** What each of them waits between two queries, in milliseconds. Default: 2. */
  readonly pauseMs?: number;
}

/** What was asked so far, and how often it failed. */
export interface Load {
  readonly queries: number;
  readonly failed: number;
  /** How often each error came, by its code and message. */
  readonly failures: Readonly<Record<string, number>>;
  /** Asks nothing more, and resolves when what runs has come to its end. */
  stop(): Promise<void>;
}

/** The table that the load writes to, with one row per worker; it belongs to whoever runs this. */
export const loadTable = `CREATE TABLE visits (worker integer PRIMARY KEY, n bigint NOT NULL DEFAULT 0) WITH (fillfactor = 10);
  INSERT INTO visits SELECT generate_series(0, 63)`;

const visit = 'UPDATE visits SET n = n + 1 WHERE worker = $1';

/** Reads and writes until it is stopped. Nothing is kept per query, so that the load itself takes no memory. */
export function startLoad(db: Queryable, { workers = 8, pauseMs = 2 }: LoadOptions = {}): Load {
  const failures = new Map<string, number>();
  let running = true;
  let queries = 0;
  let failed = 0;
  const work = async (worker: number): Promise<void> => {
    while (running) {
      queries += 1;
      try {
        await (worker === workers - 1 ? transaction(db, worker) : db.query(visit, [worker]));
      } catch (error) {
        failed += 1;
        const what = describe(error);
        failures.set(what, (failures.get(what) ?? 0) + 1);
      }
      await pause(pauseMs);
    }
  };
  const working = Array.from({ length: workers }, (_, worker) => work(worker));
  return {
    get queries() {
      return queries;
    },
    get failed() {
      return failed;
    },
    get failures() {
      return Object.fromEntries(failures);
    },
    async stop() {
      running = false;
      await Promise.all(working);
    },
  };
}

/** Keeps its connection for some 20 ms, as an application at work does. */
async function transaction(db: Queryable, worker: number): Promise<void> {
  const client = await db.connect();
  let broken = true;
  try {
    await client.query('BEGIN');
    await client.query(visit, [worker]);
    await client.query('SELECT pg_sleep(0.02)');
    await client.query('COMMIT');
    broken = false;
  } finally {
    client.release(broken);
  }
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? `${code} ${error.message}` : error.message;
}
