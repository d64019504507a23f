import { spawn } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { dualUsersOf, type Plan } from '@keyturn/plan';

import type { PairState } from '../database.js';
import { PostgresDatabase } from '../databases/postgres/postgres-database.js';
import { createRotator, type Status } from '../rotator.js';
import type { Store } from '../store.js';
import type { Job, JobReport } from './job.js';
import { type Kill, type KillPoint, killPoints } from './point.js';
import { tapPostgres } from './postgres-tap.js';
import { probe } from './prober.js';
import { type KillStore, openStore, readerOf, secretOf, type StoreOfJob, tapStore } from './stores.js';
import type { Tap } from './tap.js';

/** What was killed, and what became of it. */
export interface KillReport {
  readonly cases: number;
  readonly kills: number;
  readonly logins: number;
  readonly refusedLogins: readonly string[];
  readonly lostCredentials: readonly string[];
  readonly notConverged: readonly string[];
}

/** A PostgreSQL to run on. */
export interface KillTarget {
  readonly host: string;
  readonly port: number;
  readonly admin: { readonly user: string; readonly password: string };
  readonly store: KillStore;
  /** Distinguishes the pairs of two runs on one server. */
  readonly prefix: string;
}

const lifetimeMs = 250;

/** Probers let go a little earlier than the plan allows, so that a login that began in time also arrives in time. */
const holdMs = 150;

const plan: Plan = {
  strategy: 'dual-user',
  every: '1h',
  consumers: [{ name: 'prober', chain: [{ kind: 'pool', longest: lifetimeMs }] }],
};

/** A user that was switched off stays so until it is switched on again. */
const soaking: Plan = { ...plan, every: '1d', soak: '1h' };

/** Cases that run at the same time; most of a case is waiting. */
const atOnce = 3;

interface Total {
  cases: number;
  kills: number;
  logins: number;
  readonly refused: string[];
  readonly lost: string[];
  readonly stuck: string[];
}

/** `undo`: a retire that finds that the user is still needed. */
export const killRuns = ['bootstrap', 'advance', 'retire', 'undo'] as const;
export type KillRun = (typeof killRuns)[number];

/** Which effects of the database are killed, its commits or every statement of its transactions, and at which points. */
export interface KillOptions {
  /** Default: `commit`. */
  readonly unit?: KillUnit;
  /** Default: all. */
  readonly points?: readonly KillPoint[];
}
export type KillUnit = 'commit' | 'statement';

/** Kills a run at every effect and every point, resumes it in a new process, and looks at what is left. */
export async function runKillCases(
  target: KillTarget,
  runs: readonly KillRun[],
  { unit = 'commit', points = killPoints }: KillOptions = {},
): Promise<KillReport> {
  const total: Total = { cases: 0, kills: 0, logins: 0, refused: [], lost: [], stuck: [] };
  for (const run of runs) {
    const effects = await countEffects(target, run, unit);
    const kills: Kill[] = [];
    for (const on of unit === 'commit' ? (['database', 'store'] as const) : (['statement'] as const)) {
      for (let effect = 1; effect <= (on === 'store' ? effects.store : effects.database); effect += 1) {
        for (const point of points) kills.push({ on, effect, point });
      }
    }
    await Promise.all(
      Array.from({ length: atOnce }, async () => {
        for (let kill = kills.shift(); kill !== undefined; kill = kills.shift()) await one(target, run, kill, total);
      }),
    );
  }
  return {
    cases: total.cases,
    kills: total.kills,
    logins: total.logins,
    refusedLogins: total.refused,
    lostCredentials: total.lost,
    notConverged: total.stuck,
  };
}

async function one(target: KillTarget, run: KillRun, kill: Kill, total: Total): Promise<void> {
  const name = `${run}, ${kill.on} effect ${kill.effect}, ${kill.point}`;
  const pair = `${target.prefix}_${run}_${kill.on}${kill.effect}${kill.point}`;
  const found = await killOnce(target, run, kill, pair);
  total.cases += 1;
  total.kills += found.killed ? 1 : 0;
  total.logins += found.logins;
  total.refused.push(...found.refused.map((refused) => `${name}: ${refused}`));
  if (found.lost !== undefined) total.lost.push(`${name}: ${found.lost}`);
  if (found.stuck !== undefined) total.stuck.push(`${name}: ${found.stuck}`);
  if (!found.killed) total.stuck.push(`${name}: the process was not killed`);
}

/** One undisturbed run, to know what there is to kill. */
async function countEffects(
  target: KillTarget,
  run: KillRun,
  unit: KillUnit,
): Promise<{ database: number; store: number }> {
  const scene = await prepare(target, run, `${target.prefix}_${run}_${unit}_count`);
  const [tap, storeTap] = [await tapPostgres(target, unit), await tapStore(target.store)];
  try {
    for (const each of [tap, storeTap]) each?.arm(0, 'before', () => undefined);
    const { report, errors } = await start(scene.job(tap, storeTap)).ended;
    if (report === undefined) throw new Error(`The undisturbed run of ${run} failed: ${errors}`);
    return { database: tap.effects(), store: storeTap?.effects() ?? report.renames };
  } finally {
    await Promise.all([tap.stop(), storeTap?.stop()]);
  }
}

async function killOnce(
  target: KillTarget,
  run: KillRun,
  kill: Kill,
  pair: string,
): Promise<{ killed: boolean; logins: number; refused: readonly string[]; lost?: string; stuck?: string }> {
  const scene = await prepare(target, run, pair);
  const tap = await tapPostgres(target, kill.on === 'statement' ? 'statement' : 'commit');
  const storeTap = await tapStore(target.store);
  const read = await readerOf(scene.secret());
  const prober = probe({
    read,
    endpoints: scene.endpoints,
    holdMs,
    everyMs: target.store.kind === 'env-file' ? 5 : 15,
  });
  try {
    const child = start({ ...scene.job(tap, storeTap), kill });
    (kill.on === 'store' ? storeTap : tap)?.arm(kill.effect, kill.point, child.kill);
    const { signal } = await child.ended;

    const { errors } = await start({ ...scene.job(), run: 'resume' }).ended;
    const status = run === 'bootstrap' ? undefined : await scene.rotator.status();
    const stuck = errors === '' || run === 'bootstrap' ? openEnds(status) : errors;
    const end = stuck ?? (await goOn(scene, run));
    const lost = await lostCredential(scene);
    const { logins, refused } = await prober.stop();
    return {
      killed: signal === 'SIGKILL',
      logins,
      refused,
      ...(lost !== undefined && { lost }),
      ...(end !== undefined && { stuck: end }),
    };
  } finally {
    await prober.stop();
    await Promise.all([tap.stop(), storeTap?.stop()]);
  }
}

interface Scene {
  readonly endpoints: ReturnType<typeof endpointsOf>;
  readonly rotator: ReturnType<typeof createRotator>;
  readonly store: Store;
  readonly database: PostgresDatabase;
  secret(tap?: Tap): StoreOfJob;
  /** The run, with database and store behind taps. */
  job(tap?: Tap, storeTap?: Tap): Job;
}

/** A pair of its own, as far along as the run needs it. */
async function prepare(target: KillTarget, run: KillRun, name: string): Promise<Scene> {
  const pair = { name, ...dualUsersOf(name) };
  const endpoints = endpointsOf(target, target.port);
  const database = new PostgresDatabase({ pair, endpoints, admin: target.admin, sharedRoleKind: 'owner' });
  const secret = await secretOf(target.store, name);
  const store = await openStore(secret());
  const rotator = createRotator({ pair, database, store, plan: run === 'undo' ? soaking : plan });
  if (run !== 'bootstrap') {
    await rotator.bootstrap();
    await rotator.advance();
  }
  if (run === 'retire' || run === 'undo') {
    await rotator.advance();
    await new Promise((resolve) => setTimeout(resolve, lifetimeMs + 50));
  }
  if (run === 'undo') await rotator.retire();
  return {
    endpoints,
    rotator,
    store,
    database,
    secret,
    job: (tap, storeTap) => ({
      run: run === 'undo' ? 'retire' : run,
      endpoints: endpointsOf(target, tap?.port ?? target.port),
      admin: target.admin,
      pair,
      plan: run === 'undo' ? soaking : plan,
      store: secret(storeTap),
      ...(run === 'undo' && { refused: true }),
    }),
  };
}

function endpointsOf(target: KillTarget, port: number): Job['endpoints'] {
  const address = { host: target.host, database: 'postgres', tls: false } as const;
  return [
    { name: 'writer', kind: 'writer', port, ...address },
    { name: 'reader', kind: 'reader', port: target.port, ...address },
  ];
}

function openEnds(status: PairState | undefined): string | undefined {
  if (status?.intent !== undefined) return `the advance to generation ${status.intent.generation} is still open`;
  if (status?.superseded?.phase === 'locked') return `${status.superseded.user} is still locked`;
  return undefined;
}

/** Whatever was lost with the process, doing it again must end where an undisturbed run ends. */
async function goOn(scene: Scene, run: KillRun): Promise<string | undefined> {
  if (run === 'bootstrap') {
    await scene.rotator.bootstrap();
    const first = await scene.rotator.advance();
    return first.outcome === 'advanced' ? undefined : first.because;
  }
  const started = Date.now();
  for (;;) {
    const status = await scene.rotator.status();
    if (isDone(run, status)) return status.generation === 2 ? undefined : `ended at generation ${status.generation}`;
    if (run === 'undo') return `${status.superseded?.user ?? 'nobody'} was not switched on again`;
    if (Date.now() - started > 5_000) return `still at generation ${status.generation} after 5 s`;
    await scene.rotator[run]();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function isDone(run: KillRun, { published, superseded }: Status): boolean {
  if (run === 'advance') return published?.generation === 2;
  return run === 'retire'
    ? superseded?.phase === 'retired'
    : superseded?.phase === 'usable' && superseded.undo === undefined;
}

/** The published credential, and the one before it unless it was retired, must log in. */
async function lostCredential(scene: Scene): Promise<string | undefined> {
  const session = await scene.database.open();
  try {
    const { published, superseded } = await session.read();
    const usable = superseded?.phase === 'usable' ? [superseded] : [];
    for (const state of [...(published ? [published] : []), ...usable]) {
      const held = await scene.store.readVersion(state.version);
      if (held === undefined) return `the store lost generation ${state.generation}`;
      await session.login(held);
    }
    return published === undefined ? 'nothing is published' : undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    await session.close();
  }
}

interface Ended {
  readonly signal: NodeJS.Signals | null;
  readonly report?: JobReport;
  readonly errors: string;
}

/** Runs a job in a process of its own, from what was built. */
function start(job: Job): { kill(): void; ended: Promise<Ended> } {
  const here = path.dirname(fileURLToPath(import.meta.url));
  const script = path.join(here, '..', '..', 'dist', 'kill', 'child.js');
  const child = spawn(process.execPath, [script], { stdio: ['pipe', 'pipe', 'pipe'] });
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  child.stdin.on('error', () => undefined);
  child.stdin.end(JSON.stringify(job));
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (_code, signal) => {
      resolve({ signal, errors, ...(output !== '' && { report: JSON.parse(output) as JobReport }) });
    });
  });
  return { kill: () => void child.kill('SIGKILL'), ended };
}
