import { dualUsersOf, type Plan } from '@keyturn/plan';

import type { Database, PairState } from '../database.js';
import { PostgresDatabase } from '../databases/postgres/postgres-database.js';
import type { Holder } from '../holder.js';
import { type Pair, soleUser } from '../pair.js';
import type { ProxysqlOptions } from '../poolers/proxysql.js';
import { createRotator, type Rotator, type Status } from '../rotator.js';
import type { Store } from '../store.js';
import { asAdmin, type KillProxysql } from './databases.js';
import type { Driver, Job, Scope } from './driver.js';
import { openStore } from './stores.js';

interface Open {
  readonly rotator: Rotator;
  readonly database: Database;
  readonly store: Store;
}

const pause = async (ms: number): Promise<void> => await new Promise((resolve) => setTimeout(resolve, ms));

function cannot({ database, strategy, run, pooler }: Scope): string | undefined {
  if (pooler === 'pgbouncer' && database !== 'postgres') return 'PgBouncer speaks the protocol of PostgreSQL';
  if (pooler === 'proxysql' && database === 'postgres')
    return 'a ProxySQL of this version speaks the protocol of MySQL';
  if (pooler === 'proxysql' && strategy === 'dual-password') return 'a ProxySQL has one password for each user';
  if (strategy === 'dual-password' && database === 'postgres') return 'a user of PostgreSQL has one password';
  if (strategy === 'single-user' && (run === 'retire' || run === 'undo')) return 'nothing is left to retire';
  if (strategy === 'dual-password' && run === 'undo') return 'one of two passwords cannot be switched off and on again';
  return undefined;
}

/** Undisturbed, an advance goes from here to the next generation. */
function generationBefore({ strategy }: Pick<Job, 'strategy'>): number {
  return strategy === 'single-user' ? 1 : 2;
}

function pairOf({ strategy, pair: name }: Job): Pair {
  return { name, ...(strategy === 'dual-user' ? dualUsersOf(name) : soleUser(`${name}_u`, name)) };
}

function planOf({ run, strategy, lifetimeMs }: Job): Plan {
  const consumers = [{ name: 'prober', chain: [{ kind: 'pool', longest: lifetimeMs } as const] }];
  // A user that was switched off stays so until it is switched on again.
  return run === 'undo' ? { strategy, every: '1d', soak: '1h', consumers } : { strategy, every: '1h', consumers };
}

/** `refused`: pretends that the server refused a login since the user was switched off. */
async function databaseOf(job: Job, pair: Pair, refused: boolean): Promise<Database> {
  const { strategy, endpoints, database } = job;
  const refusedLogins = (user: string): Promise<Holder[]> =>
    Promise.resolve(refused ? [{ endpoint: 'writer', user }] : []);
  const options = { pair, endpoints, admin: database.admin, lockWaitMs: 10_000, refusedLogins };
  if (database.kind === 'postgres') {
    if (strategy === 'dual-password') throw new Error('A user of PostgreSQL has one password.');
    const poolers = job.pooler?.kind === 'pgbouncer' ? [{ name: 'pgbouncer', tls: false, ...job.pooler }] : [];
    return new PostgresDatabase({ ...options, strategy, sharedRoleKind: 'owner', poolers });
  }
  const { MysqlDatabase } = await import('../databases/mysql/mysql-database.js');
  return new MysqlDatabase({ ...options, strategy, poolers: proxysqlsOf(job) });
}

/** Clients of the harness have no TLS, without which a verifier of `caching_sha2_password` is of no use. */
function proxysqlsOf({ pooler, database }: Job): ProxysqlOptions[] {
  if (pooler?.kind !== 'proxysql') return [];
  const { host, consolePort: port, console } = pooler;
  const passwordForm = database.kind === 'mysql' ? 'clear-text' : 'verifier';
  return [{ name: 'proxysql', host, port, tls: false, console, passwordForm }];
}

/** As who runs a ProxySQL has to before a rotation. */
async function register({ host, consolePort: port, console }: KillProxysql, users: readonly string[]): Promise<void> {
  const { createConnection } = await import('mysql2/promise');
  const admin = await createConnection({ host, port, ...console });
  for (const user of new Set(users))
    await admin.query(`INSERT INTO mysql_users (username, password, default_hostgroup) VALUES ('${user}', 'any', 0)`);
  await admin.query('LOAD MYSQL USERS TO RUNTIME');
  await admin.query('SAVE MYSQL USERS TO DISK');
  await admin.end();
}

async function open(job: Job, refused = false): Promise<Open> {
  const pair = pairOf(job);
  const [database, store] = [await databaseOf(job, pair, refused), await openStore(job.store)];
  return { database, store, rotator: createRotator({ pair, database, store, plan: planOf(job) }) };
}

async function prepare(job: Job): Promise<void> {
  const { rotator } = await open(job);
  const { kind, name } = job.database;
  if (kind !== 'postgres') {
    const role = pairOf(job).sharedRole;
    await asAdmin(job.database, `CREATE ROLE '${role}'`, `GRANT SELECT ON \`${name}\`.* TO '${role}'`);
  }
  if (job.pooler?.kind === 'proxysql') await register(job.pooler, pairOf(job).users);
  if (job.run === 'bootstrap') return;
  await rotator.bootstrap();
  for (let generation = 1; generation <= generationBefore(job); generation += 1) {
    const result = await rotator.advance();
    if (result.outcome !== 'advanced') throw new Error(`The pair could not be prepared: ${result.because}`);
    await pause(job.lifetimeMs + 20);
  }
  if (job.run === 'undo') await rotator.retire();
}

async function run(job: Job): Promise<void> {
  const { rotator } = await open(job, job.run === 'undo');
  if (job.run === 'bootstrap') await rotator.bootstrap();
  else if (job.resume) await rotator.resume();
  else await rotator[job.run === 'undo' ? 'retire' : job.run]();
}

/** Whatever was lost with the process, doing it again must end where an undisturbed run ends. */
async function unfinished(job: Job): Promise<string | undefined> {
  const { rotator } = await open(job);
  if (job.run === 'bootstrap') {
    await rotator.bootstrap();
    const first = await rotator.advance();
    return first.outcome === 'advanced' ? undefined : first.because;
  }
  const openEnd = openEndOf(await rotator.status());
  if (openEnd !== undefined) return openEnd;
  const ends = generationBefore(job) + (job.run === 'advance' ? 1 : 0);
  const started = Date.now();
  for (;;) {
    const status = await rotator.status();
    if (isDone(job, ends, status)) return status.generation === ends ? undefined : `ended at ${status.generation}`;
    if (job.run === 'undo') return `${status.superseded?.user ?? 'nobody'} was not switched on again`;
    if (Date.now() - started > 10_000) return `still at generation ${status.generation} after 10 s`;
    await rotator[job.run]();
    await pause(20);
  }
}

function openEndOf({ intent, superseded }: PairState): string | undefined {
  if (intent !== undefined) return `the advance to generation ${intent.generation} is still open`;
  return superseded?.phase === 'locked' ? `${superseded.user} is still locked` : undefined;
}

function isDone({ run: name }: Job, ends: number, { published, superseded }: Status): boolean {
  if (name === 'advance') return published?.generation === ends;
  return name === 'retire'
    ? superseded?.phase === 'retired'
    : superseded?.phase === 'usable' && superseded.undo === undefined;
}

/** The published credential, and the one before it unless it was retired, must log in. */
async function lost(job: Job): Promise<string | undefined> {
  const { database, store } = await open(job);
  const session = await database.open();
  try {
    const { published, superseded } = await session.read();
    const usable = superseded?.phase === 'usable' ? [superseded] : [];
    for (const state of [...(published ? [published] : []), ...usable]) {
      const held = await store.readVersion(state.version);
      if (held === undefined) return `the store lost generation ${state.generation}`;
      await session.login(held);
    }
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    await session.close();
  }
}

async function windowMs(job: Job): Promise<number | undefined> {
  if (job.strategy !== 'single-user' || job.run !== 'advance') return undefined;
  const session = await (await open(job)).database.open();
  try {
    const last = (await session.journal()).filter(({ event }) => event === 'finished').at(-1);
    const found = last?.detail['windowMs'];
    return typeof found === 'number' ? found : undefined;
  } finally {
    await session.close();
  }
}

const driver: Driver = { name: 'keyturn', poolers: true, cannot, prepare, run, unfinished, lost, windowMs };
export default driver;
