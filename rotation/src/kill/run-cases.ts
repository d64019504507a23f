import { spawn } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import type { ChildReport } from './child.js';
import { type KillDatabase, type KillPooler, loginOnce, tapDatabase } from './databases.js';
import { type Driver, type Job, type KillRun, type KillStrategy, loadDriver } from './driver.js';
import { tapMysql } from './mysql-tap.js';
import { type Kill, killOn, type KillPoint, killPoints } from './point.js';
import { tapPostgres } from './postgres-tap.js';
import { probe } from './prober.js';
import { type KillStore, readerOf, secretOf, type Seen, tapStore } from './stores.js';
import type { Tap } from './tap.js';
import type { Unit } from './tcp-tap.js';

/** What was killed, and what became of it. */
export interface KillReport {
  readonly cases: number;
  readonly kills: number;
  readonly logins: number;
  /** Refused logins that prove nothing, because their answer came too late. */
  readonly lateLogins: number;
  /** How often one run changes something in its store. */
  readonly storeEffects: number;
  readonly refusedLogins: readonly string[];
  readonly lostCredentials: readonly string[];
  readonly notConverged: readonly string[];
  /** Strategy `single-user` only: logins that were refused in its window, and the longest windows in milliseconds. */
  readonly window?: { readonly refusedLogins: number; readonly undisturbedMs: number; readonly killedMs: number };
}

/** What the runs are done by, and where. */
export interface KillTarget {
  readonly database: KillDatabase;
  /** What stands before it, for one of the endpoints. Default: nothing. */
  readonly pooler?: KillPooler | undefined;
  readonly store: KillStore;
  readonly strategy: KillStrategy;
  /** Distinguishes the pairs of two runs on one server. */
  readonly prefix: string;
  /** Module with the rotator as its default export, see {@link Driver}. Default: keyturn's. */
  readonly driver?: string;
}

/** Which effects are killed, and at which points. */
export interface KillOptions {
  /** Default: `commit`. With `statement`, the store is left alone. */
  readonly unit?: Unit;
  /** Default: all. */
  readonly points?: readonly KillPoint[];
}

const lifetimeMs = 250;

/** Probers let go a little earlier than the plan allows, so that a login that began in time also arrives in time. */
const holdMs = 150;

/** Cases that run at the same time; most of a case is waiting. */
const atOnce = 4;

/** keyturn's own rotator, as it was built. */
export const ownDriver = fileURLToPath(new URL('../../dist/kill/keyturn-driver.js', import.meta.url));

interface Total {
  cases: number;
  kills: number;
  logins: number;
  late: number;
  readonly refused: string[];
  readonly lost: string[];
  readonly stuck: string[];
  readonly windows: number[];
}

interface Found {
  readonly killed: boolean;
  readonly logins: number;
  readonly late: number;
  readonly refused: readonly string[];
  readonly lost: string | undefined;
  readonly stuck: string | undefined;
  readonly windowMs: number | undefined;
}

/** Kills a run at every effect and every point, resumes it in a new process, and looks at what is left. */
export async function runKillCases(
  target: KillTarget,
  run: KillRun,
  { unit = 'commit', points = killPoints }: KillOptions = {},
): Promise<KillReport> {
  const module = target.driver ?? ownDriver;
  const scene: Scene = { target, run, unit, module, driver: await loadDriver(module) };
  const total: Total = { cases: 0, kills: 0, logins: 0, late: 0, refused: [], lost: [], stuck: [], windows: [] };
  const { effects, storeEffects, windowMs } = await undisturbed(scene);
  const kills: Kill[] = [];
  for (const on of unit === 'commit' ? killOn : (['database'] as const)) {
    for (let effect = 1; effect <= effects[on]; effect += 1) {
      for (const point of points) kills.push({ on, effect, point });
    }
  }
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let kill = kills.shift(); kill !== undefined; kill = kills.shift()) await one(scene, kill, total);
    }),
  );
  const single = target.strategy === 'single-user';
  return {
    cases: total.cases,
    kills: total.kills,
    logins: total.logins,
    lateLogins: total.late,
    storeEffects,
    refusedLogins: single ? [] : total.refused,
    lostCredentials: total.lost,
    notConverged: total.stuck,
    ...(single && {
      window: {
        refusedLogins: total.refused.length,
        undisturbedMs: windowMs ?? 0,
        killedMs: Math.max(0, ...total.windows),
      },
    }),
  };
}

interface Scene {
  readonly target: KillTarget;
  readonly run: KillRun;
  readonly unit: Unit;
  readonly module: string;
  readonly driver: Driver;
}

async function one(scene: Scene, kill: Kill, total: Total): Promise<void> {
  const name = `${scene.run}, ${kill.on} effect ${kill.effect}, ${kill.point}`;
  const found = await killOnce(scene, kill);
  total.cases += 1;
  total.kills += found.killed ? 1 : 0;
  total.logins += found.logins;
  total.late += found.late;
  total.refused.push(...found.refused.map((refused) => `${name}: ${refused}`));
  if (found.lost !== undefined) total.lost.push(`${name}: ${found.lost}`);
  if (found.stuck !== undefined) total.stuck.push(`${name}: ${found.stuck}`);
  if (!found.killed) total.stuck.push(`${name}: the process was not killed`);
  if (found.windowMs !== undefined) total.windows.push(found.windowMs);
}

interface Prepared {
  job(taps?: Taps): Job;
  readonly read: () => Promise<Seen | undefined>;
}

interface Taps {
  readonly database: Tap;
  readonly store: Tap | undefined;
  readonly console: Tap | undefined;
}

async function taps({ target, unit }: Scene): Promise<Taps & { stop(): Promise<void> }> {
  const [database, store] = [await tapDatabase(target.database, unit), await tapStore(target.store)];
  const console = target.pooler && (await tapConsole(target.pooler));
  const stop = async (): Promise<void> => void (await Promise.all([database.stop(), store?.stop(), console?.stop()]));
  return { database, store, console, stop };
}

async function tapConsole(pooler: KillPooler): Promise<Tap> {
  return pooler.kind === 'pgbouncer'
    ? await tapPostgres(pooler)
    : await tapMysql({ host: pooler.host, port: pooler.consolePort });
}

function consoleAt(pooler: KillPooler, tap: Tap | undefined): KillPooler {
  if (tap === undefined) return pooler;
  return pooler.kind === 'pgbouncer' ? { ...pooler, port: tap.port } : { ...pooler, consolePort: tap.port };
}

/** A pair of its own, as far along as the run needs it; its name is short enough for every database. */
async function prepare({ target, run, unit, driver }: Scene, suffix: string): Promise<Prepared> {
  const { database, pooler, strategy } = target;
  const pair = `${target.prefix}${run.slice(0, 2)}${unit.slice(0, 1)}${suffix}`;
  const secret = await secretOf(target.store, pair);
  const address = { database: database.name, host: database.host, tls: false } as const;
  const job: Prepared['job'] = (through) => ({
    run,
    resume: false,
    strategy,
    pair,
    database: { ...database, ...(through && { host: '127.0.0.1', port: through.database.port }) },
    endpoints: [
      { ...address, name: 'writer', kind: 'writer', port: through?.database.port ?? database.port },
      { ...address, name: 'reader', kind: 'reader', port: database.port },
      ...(pooler === undefined
        ? []
        : [{ ...address, name: pooler.kind, kind: 'pooler', host: pooler.host, port: pooler.port } as const]),
    ],
    ...(pooler && { pooler: consoleAt(pooler, through?.console) }),
    store: secret(through?.store),
    lifetimeMs,
  });
  await driver.prepare(job());
  const read = driver.read?.bind(driver);
  return { job, read: read === undefined ? await readerOf(secret()) : async () => await read(job()) };
}

/** One undisturbed run, to know what there is to kill. */
async function undisturbed(
  scene: Scene,
): Promise<{ effects: Record<Kill['on'], number>; storeEffects: number; windowMs: number | undefined }> {
  const { job } = await prepare(scene, '0');
  const through = await taps(scene);
  try {
    const { report, errors } = await start(scene, job(through)).ended;
    if (report === undefined) throw new Error(`The undisturbed run of ${scene.run} failed: ${errors}`);
    const effects = {
      database: through.database.effects(),
      store: through.store?.effects() ?? 0,
      file: report.fileChanges.all,
      console: through.console?.effects() ?? 0,
    };
    if (Object.values(effects).every((count) => count === 0))
      throw new Error(`The undisturbed run of ${scene.run} changed nothing.`);
    const storeEffects = effects.store + report.fileChanges.ofStore;
    return { effects, storeEffects, windowMs: await scene.driver.windowMs?.(job()) };
  } finally {
    await through.stop();
  }
}

async function killOnce(scene: Scene, kill: Kill): Promise<Found> {
  const { target, driver } = scene;
  const { job: jobOf, read } = await prepare(scene, `${kill.on.slice(0, 1)}${kill.effect}${kill.point.slice(0, 1)}`);
  const through = await taps(scene);
  const before = await read();
  const job = jobOf();
  const prober = probe({
    kind: target.database.kind,
    read,
    endpoints: job.endpoints,
    holdMs: target.strategy === 'single-user' ? 0 : holdMs,
    lifetimeMs,
    everyMs: target.store.kind === 'env-file' ? 5 : 15,
  });
  try {
    const child = start(scene, { ...jobOf(through), kill });
    if (kill.on !== 'file') through[kill.on]?.arm(kill.effect, kill.point, child.kill);
    const { signal } = await child.ended;
    const { errors } = await start(scene, { ...job, resume: true }).ended;
    const stuck =
      errors === '' ? await (driver.unfinished?.(job, before) ?? untilAnother(scene, job, before, read)) : errors;
    const lost = (await driver.lost?.(job)) ?? (await refusedAtTheEnd(scene, job, read));
    const windowMs = await driver.windowMs?.(job);
    const { logins, refused, late } = await prober.stop();
    return { killed: signal === 'SIGKILL', logins, refused, late, lost, stuck, windowMs };
  } finally {
    await prober.stop();
    await through.stop();
  }
}

/** For a driver that does not tell: something else than before must be published, if need be by further runs. */
async function untilAnother(
  scene: Scene,
  job: Job,
  before: Seen | undefined,
  read: Prepared['read'],
): Promise<string | undefined> {
  for (let runs = 0; runs < 3; runs += 1) {
    if ((await read())?.password !== before?.password) return undefined;
    const { errors } = await start(scene, { ...job, resume: true }).ended;
    if (errors !== '') return errors;
  }
  return 'the credential of before is still published after 3 more runs';
}

async function refusedAtTheEnd({ target }: Scene, job: Job, read: Prepared['read']): Promise<string | undefined> {
  const published = await read();
  if (published === undefined) return 'nothing is published';
  for (const endpoint of job.endpoints) {
    try {
      await loginOnce(target.database.kind, endpoint, published);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return `the published credential of ${published.user} on ${endpoint.name}: ${message}`;
    }
  }
  return undefined;
}

interface Ended {
  readonly signal: NodeJS.Signals | null;
  readonly report?: ChildReport;
  /** Empty when the run ended as it should. */
  readonly errors: string;
}

/** Runs a job in a process of its own, from what was built. */
function start({ module }: Scene, job: Job): { kill(): void; ended: Promise<Ended> } {
  const script = path.join(path.dirname(ownDriver), 'child.js');
  const child = spawn(process.execPath, [script], { stdio: ['pipe', 'pipe', 'pipe'] });
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  child.stdin.on('error', () => undefined);
  child.stdin.end(JSON.stringify({ driver: module, job }));
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (code, signal) => {
      const failed = signal === null && code !== 0;
      resolve({
        signal,
        errors: failed ? `exit code ${code ?? 'none'}: ${errors.slice(0, 2_000)}` : '',
        ...(!failed && output !== '' && { report: JSON.parse(output) as ChildReport }),
      });
    });
  });
  return { kill: () => void child.kill('SIGKILL'), ended };
}
