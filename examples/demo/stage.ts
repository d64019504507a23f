import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import type { Administrator, App } from '@keyturn/rehearsal';
import { type Pgbouncer, type PostgresServer, startPgbouncer, startPostgres } from '@keyturn/services';
import { Client, escapeIdentifier } from 'pg';

const here = path.dirname(fileURLToPath(import.meta.url));

/** `examples/demo`, whether this runs as built or, in a test, as written. */
export const home = path.basename(here) === 'dist' ? path.dirname(here) : here;
const cache = path.resolve(home, '..', '..', '.cache');

/** A PostgreSQL server and a folder for `.env` files, both gone when the demo ends. */
export interface Stage {
  readonly server: PostgresServer;
  /** Where applications log in: the server, or what stands before it. */
  readonly address: { readonly host: string; readonly port: number };
  readonly pooler?: Pgbouncer;
  readonly folder: string;
  readonly maxConnections: number;
  end(): Promise<void>;
}

/** @throws PartMissing when a PgBouncer is asked for and cannot be had. */
export async function openStage(instances: number, wanted?: 'pgbouncer'): Promise<Stage> {
  // Two users with the whole fleet each, while nobody has left the one and everybody has come to the other.
  const maxConnections = Math.max(100, instances * 30);
  await removeLeftovers();
  const folder = path.join(cache, `demo-${process.pid}`);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  let server: PostgresServer | undefined;
  let pooler: Pgbouncer | undefined;
  const end = async (): Promise<void> => {
    await pooler?.stop();
    await server?.stop();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    server = await startPostgres({ settings: { max_connections: maxConnections } });
    pooler = wanted === undefined ? undefined : await poolerBefore(server, instances);
  } catch (error) {
    await end();
    throw error;
  }
  return {
    server,
    address: pooler ?? server,
    folder,
    maxConnections,
    end,
    ...(pooler === undefined ? {} : { pooler }),
  };
}

/** It knows nobody by itself: whom its list does not name, it looks up in the server, as the user of the incident. */
async function poolerBefore(server: PostgresServer, instances: number): Promise<Pgbouncer> {
  const { superuser: user, superuserPassword: password } = server;
  return await startPgbouncer({
    upstream: server,
    users: { [user]: password },
    authQuery: { user, query: 'SELECT usename, passwd FROM pg_shadow WHERE usename = $1' },
    poolMode: 'transaction',
    settings: { max_client_conn: instances * 40 },
  });
}

/** A demo that was killed could not remove its folder, which holds `.env` files. */
async function removeLeftovers(): Promise<void> {
  const names = await readdir(cache).catch(() => []);
  const left = names.filter((name) => /^demo-\d+$/.test(name) && !isAlive(Number(name.slice('demo-'.length))));
  await Promise.all(left.map((name) => rm(path.join(cache, name), { recursive: true, force: true })));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** The superuser of the server, in one of its databases. */
export function administratorOf(server: PostgresServer, database: string): Administrator {
  return { host: server.host, port: server.port, user: server.superuser, password: server.superuserPassword, database };
}

/** Makes an empty database. */
export async function createDatabase(server: PostgresServer, database: string): Promise<void> {
  await withClient(administratorOf(server, 'postgres'), async (client) => {
    await client.query(`CREATE DATABASE ${escapeIdentifier(database)}`);
  });
}

/** Connects for as long as `use` takes. */
export async function withClient<Result>(
  administrator: Administrator,
  use: (client: Client) => Promise<Result>,
): Promise<Result> {
  const client = new Client({ ...administrator });
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

/** One of the two applications, with a working directory of its own. */
export async function placeApp(stage: Stage, name: 'before' | 'after', env: Record<string, string>): Promise<App> {
  const cwd = path.join(stage.folder, name);
  await mkdir(cwd, { mode: 0o700 });
  return { entry: path.join(home, 'dist', name, 'app', 'server.js'), cwd, env };
}

/** Writes a file that nobody else can read. */
export async function writePrivate(file: string, lines: readonly string[]): Promise<void> {
  await writeFile(file, `${lines.join('\n')}\n`, { mode: 0o600 });
}
