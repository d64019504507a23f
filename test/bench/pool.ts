import { setTimeout as after } from 'node:timers/promises';

import type { Credential } from '@keyturn/plan';
import type { CredentialSource } from '@keyturn/pool';
import { Pool } from '@keyturn/pool/pg';
import { startPostgres } from '@keyturn/services';
import pg from 'pg';

import { type Interval, intervalOfMedian, quantile } from './pool-statistics.js';
import { alongSwaps, type SwapsResult } from './pool-swaps.js';

/** What one round of queries showed. */
interface Round {
  readonly queries: number;
  readonly failed: number;
  readonly qps: number;
  readonly p50: number;
  readonly p99: number;
}

interface Peer {
  readonly name: string;
  readonly rotations?: number;
  readonly failed?: number;
  readonly queries?: number;
  readonly p99Ratio?: number;
  readonly notRun?: string;
}

interface Queryable {
  query(sql: string): Promise<unknown>;
}

/** A peer under rotation: what it queries with, and what its operator does when a new credential is published. */
interface Subject {
  readonly name: string;
  readonly db: Queryable;
  published(credential: Credential): Promise<void>;
  end(): Promise<void>;
}

const connections = 16;
const setting = (name: string, fallback: number): number => {
  const at = process.argv.indexOf(`--${name}`);
  const value = at < 0 ? fallback : Number(process.argv[at + 1]);
  if (!Number.isFinite(value) || value <= 0) throw new RangeError(`--${name} must be a number above zero.`);
  return value;
};
const pairs = setting('pairs', 20);
const roundMillis = setting('round-ms', 600);
const rotations = setting('rotations', 200);
const peerRotations = setting('peer-rotations', 25);
const rotationPauseMillis = setting('rotation-pause-ms', 200);
/** Off unless asked for: 10 000 take minutes. */
const swaps = process.argv.includes('--swaps') ? setting('swaps', 10_000) : 0;

const server = await startPostgres();
const at = { host: server.host, port: server.port, database: 'postgres' };
const admin = new pg.Pool({ ...at, user: server.superuser, password: server.superuserPassword, max: 1 });
// The server may close the last connections before the pool has; nothing is lost by it.
admin.on('error', () => undefined);
let generation = 0;
let published: Credential;

try {
  await admin.query(
    'CREATE ROLE app NOLOGIN; CREATE ROLE app_a NOLOGIN IN ROLE app; CREATE ROLE app_b NOLOGIN IN ROLE app',
  );
  published = await advance();
  const overhead = await measureOverhead();
  const own = await underRotation(followingPool, rotations);
  const peers: Peer[] = [];
  for (const subject of [passwordFunction, handWrittenSwap]) {
    const { name, outcome } = await underRotation(subject, peerRotations);
    peers.push({ name, ...outcome });
  }
  peers.push(await notInstalled('aws-advanced-nodejs-wrapper'));
  const result = {
    overhead: {
      qpsRatio: overhead.qps.median,
      qpsRatioLow: overhead.qps.low,
      qpsRatioHigh: overhead.qps.high,
      p99Ratio: overhead.p99.median,
      pairs,
    },
    rotation: { connections, ...own.outcome },
    peers,
    ...(swaps > 0 ? { swaps: await manySwaps() } : {}),
  };
  process.stdout.write(process.argv.includes('--json') ? `${JSON.stringify(result)}\n` : table(result));
} finally {
  await admin.end();
  await server.stop();
}

/** Gives the user that is not published a new password; the published one keeps working. */
async function advance(): Promise<Credential> {
  generation += 1;
  const user = generation % 2 === 1 ? 'app_a' : 'app_b';
  const password = `p${generation}${Math.random().toString(36).slice(2)}`;
  await admin.query(`ALTER ROLE ${user} LOGIN PASSWORD '${password}'`);
  return { user, password, generation };
}

async function measureOverhead(): Promise<{ qps: Interval; p99: Interval }> {
  const bare = new pg.Pool({ ...at, user: published.user, password: published.password, max: connections });
  const following = followingPool();
  await load(bare, roundMillis);
  await load(following.db, roundMillis);
  const qps: number[] = [];
  const p99: number[] = [];
  for (let pair = 0; pair < pairs; pair += 1) {
    // Whoever goes first in a pair may be at an advantage: they take turns.
    const bareFirst = pair % 2 === 0 ? await load(bare, roundMillis) : undefined;
    const ours = await load(following.db, roundMillis);
    const theirs = bareFirst ?? (await load(bare, roundMillis));
    qps.push(ours.qps / theirs.qps);
    p99.push(ours.p99 / theirs.p99);
  }
  await Promise.all([bare.end(), following.end()]);
  return { qps: intervalOfMedian(qps), p99: intervalOfMedian(p99) };
}

async function underRotation(
  start: () => Subject,
  times: number,
): Promise<{ name: string; outcome: Required<Omit<Peer, 'name' | 'notRun'>> & { qps: number } }> {
  const subject = start();
  await load(subject.db, roundMillis);
  const steady = await load(subject.db, Math.max(roundMillis, 2_000));
  const rotate = async (): Promise<void> => {
    for (let time = 0; time < times; time += 1) {
      const next = await advance();
      published = next;
      await subject.published(next);
      await after(rotationPauseMillis);
    }
  };
  const during = await load(subject.db, rotate());
  await subject.end();
  return {
    name: subject.name,
    outcome: {
      rotations: times,
      queries: during.queries,
      failed: during.failed,
      p99Ratio: during.p99 / steady.p99,
      qps: during.qps,
    },
  };
}

/** Each swap with a query on every side of it, so that connections are opened and closed. */
async function manySwaps(): Promise<SwapsResult> {
  const subject = followingPool();
  const result = await alongSwaps(swaps, async () => {
    await Promise.all([subject.db.query('SELECT 1'), subject.db.query('SELECT 1')]);
    published = await advance();
    await subject.published(published);
  });
  await subject.end();
  return result;
}

function followingPool(): Subject {
  const watchers = new Set<() => void>();
  const source: CredentialSource = {
    read: () => Promise.resolve(published),
    watch: (onChange) => {
      watchers.add(onChange);
      return () => watchers.delete(onChange);
    },
  };
  const pool = new Pool({ ...at, max: connections, credentials: source });
  return {
    name: '@keyturn/pool',
    db: pool,
    async published(credential) {
      for (const changed of watchers) changed();
      // The next rotation gives the older user a new password; nobody waits for less than the swap.
      const end = Date.now() + 10_000;
      while (pool.counters.generation !== credential.generation) {
        if (Date.now() > end) throw new Error(`Generation ${credential.generation} was not taken within 10 s.`);
        await after(1);
      }
    },
    end: () => pool.end(),
  };
}

/** The user is fixed at construction; only the password can follow. */
function passwordFunction(): Subject {
  const pool = new pg.Pool({ ...at, max: connections, user: published.user, password: () => published.password });
  pool.on('error', () => undefined);
  return {
    name: 'pg, password function',
    db: pool,
    // As an operator would: connections are recycled, so that the new password is used at all.
    published: async () => {
      await admin.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename LIKE 'app%' AND state = 'idle'`,
      );
    },
    end: () => pool.end(),
  };
}

function handWrittenSwap(): Subject {
  const open = (): pg.Pool =>
    new pg.Pool({ ...at, max: connections, user: published.user, password: published.password });
  let pool = open();
  const ending: Promise<void>[] = [];
  return {
    name: 'pg, new pool and end of the old one',
    db: {
      query: async (sql) => {
        const mine = pool;
        // An application reads its pool and checks out later; in between, the pool may be ended.
        await Promise.resolve();
        return await mine.query(sql);
      },
    },
    published: () => {
      const before = pool;
      pool = open();
      ending.push(before.end());
      return Promise.resolve();
    },
    end: async () => {
      await Promise.all([...ending, pool.end()]);
    },
  };
}

async function load(db: Queryable, until: number | Promise<void>): Promise<Round> {
  const times: number[] = [];
  let failed = 0;
  let running = true;
  const begin = performance.now();
  const workers = Array.from({ length: connections }, async () => {
    while (running) {
      const start = performance.now();
      try {
        await db.query('SELECT 1');
        times.push(performance.now() - start);
      } catch {
        failed += 1;
        await after(1);
      }
    }
  });
  const over = typeof until === 'number' ? after(until) : until;
  await over.finally(() => (running = false));
  await Promise.all(workers);
  const seconds = (performance.now() - begin) / 1_000;
  const sorted = times.sort((a, b) => a - b);
  return {
    queries: times.length + failed,
    failed,
    qps: times.length / seconds,
    p50: quantile(sorted, 0.5),
    p99: quantile(sorted, 0.99),
  };
}

async function notInstalled(name: string): Promise<Peer> {
  try {
    await import(name);
    return { name, notRun: 'it is installed, and this benchmark has no run for it' };
  } catch {
    return { name, notRun: 'it is not installed' };
  }
}

function table({
  overhead,
  rotation,
  peers,
  swaps: along,
}: {
  overhead: Readonly<Record<'qpsRatio' | 'qpsRatioLow' | 'qpsRatioHigh' | 'p99Ratio' | 'pairs', number>>;
  rotation: Required<Omit<Peer, 'name' | 'notRun'>> & { qps: number };
  peers: readonly Peer[];
  swaps?: SwapsResult;
}): string {
  const line = (name: string, one: Omit<Peer, 'name'>): string =>
    one.notRun === undefined
      ? `${name.padEnd(38)}${String(one.rotations).padStart(10)}${String(one.queries).padStart(10)}${String(one.failed).padStart(8)}${(one.p99Ratio ?? 0).toFixed(2).padStart(11)}`
      : `${name.padEnd(38)} NOT RUN: ${one.notRun}`;
  return `${[
    `Queries per second against bare pg: ${overhead.qpsRatio.toFixed(3)} (95 % interval ${overhead.qpsRatioLow.toFixed(3)} to ${overhead.qpsRatioHigh.toFixed(3)}, ${overhead.pairs} interleaved pairs); p99 ${overhead.p99Ratio.toFixed(2)} ×`,
    '',
    `${'Under rotation'.padEnd(38)} rotations   queries  failed  p99/steady`,
    line('@keyturn/pool', rotation),
    ...peers.map(({ name, ...one }) => line(name, one)),
    ...(along
      ? [
          '',
          `Along ${along.swaps} swaps, from the first tenth to the end: heap ${along.heapMegabytes.afterTenth.toFixed(1)} to ${along.heapMegabytes.atEnd.toFixed(1)} MB${along.collected ? '' : ' (not collected: start with --expose-gc)'}, handles ${along.handles.afterTenth} to ${along.handles.atEnd}`,
        ]
      : []),
  ].join('\n')}\n`;
}
