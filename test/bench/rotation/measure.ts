import { setTimeout as pause } from 'node:timers/promises';

import type { PostgresServer } from '@keyturn/services';
import type pg from 'pg';

import { loadTable, startLoad } from '../load.js';
import { quantile } from '../pool-statistics.js';
import type { Contender, Ground } from './contender.js';

/** What rotations of one contender cost, and what they broke. */
export interface Measured {
  readonly name: string;
  /** Median, in milliseconds, without load. */
  readonly msPerRotation: number;
  readonly statementsPerRotation: number;
  readonly loginsPerRotation: number;
  /** Median, in milliseconds, under load; what the rotator waits for is in it. */
  readonly msUnderLoad: number;
  readonly queries: number;
  readonly failed: number;
  readonly failedPerRotation: number;
  readonly failures: Readonly<Record<string, number>>;
  /** Logins that were refused because their password was changed already, and that the pool mended. */
  readonly refusedLoginsPerRotation: number;
}

export interface MeasureOptions {
  readonly rotations: number;
  /** From the end of one rotation to the begin of the next under load, in milliseconds. */
  readonly pauseMs: number;
}

/** First without load, where the log of the server shows every statement; then under load. */
export async function measure(
  { contender, ground, server }: { contender: Contender; ground: Ground; server: PostgresServer },
  client: pg.Client,
  { rotations, pauseMs }: MeasureOptions,
): Promise<Measured> {
  await client.query(`${loadTable}; ALTER TABLE visits OWNER TO ${contender.owner}`);
  // The first rotations make what later ones find.
  for (let time = 0; time < 2; time += 1) await contender.rotate();

  const from = await logEverything(client, server, ground.database, true);
  const quiet = await timed(rotations, 0, () => contender.rotate());
  const log = server.log().slice(from, await logEverything(client, server, ground.database, false));

  const application = await contender.startApplication();
  const load = startLoad(application.db);
  try {
    await pause(500);
    const under = await timed(rotations, pauseMs, () => application.rotate());
    // What a rotation breaks may show only when connections are opened again.
    await pause(500);
    await load.stop();
    return {
      name: contender.name,
      msPerRotation: rounded(median(quiet)),
      statementsPerRotation: rounded(
        countOf(log, /LOG: {2}(?:statement|execute [^:]*): (?!RESET log_statement)/g) / rotations,
      ),
      loginsPerRotation: rounded(countOf(log, /LOG: {2}connection authorized: /g) / rotations),
      msUnderLoad: rounded(median(under)),
      queries: load.queries,
      failed: load.failed,
      failedPerRotation: rounded(load.failed / rotations),
      failures: load.failures,
      refusedLoginsPerRotation: rounded(application.refusedLogins() / rotations),
    };
  } finally {
    await load.stop();
    await application.stop();
  }
}

async function timed(times: number, pauseMs: number, rotate: () => Promise<void>): Promise<number[]> {
  const taken: number[] = [];
  for (let time = 0; time < times; time += 1) {
    const started = performance.now();
    await rotate();
    taken.push(performance.now() - started);
    await pause(pauseMs);
  }
  return taken;
}

let marks = 0;

/** Sets what new sessions log, and returns how far the log is. */
async function logEverything(
  client: pg.Client,
  server: PostgresServer,
  database: string,
  on: boolean,
): Promise<number> {
  const setting = on ? "SET log_statement = 'all'" : 'RESET log_statement';
  await client.query(`ALTER DATABASE ${database} ${setting}`);
  marks += 1;
  const mark = `statement: SELECT ${marks} AS mark`;
  await client.query(`SET log_statement = 'all'`);
  await client.query(`SELECT ${marks} AS mark`);
  await client.query('RESET log_statement');
  const until = Date.now() + 10_000;
  for (;;) {
    const at = server.log().lastIndexOf(mark);
    if (at >= 0) return on ? at + mark.length : server.log().lastIndexOf('\n', at);
    if (Date.now() > until) throw new Error('The server did not log what it was asked to.');
    await pause(20);
  }
}

function countOf(text: string, pattern: RegExp): number {
  return [...text.matchAll(pattern)].length;
}

function median(values: readonly number[]): number {
  return quantile(
    [...values].sort((a, b) => a - b),
    0.5,
  );
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}
