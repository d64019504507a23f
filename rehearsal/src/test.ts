/** For test runners: `await survivesRotation({ module: './src/db.ts' })` in a test of vitest, jest or `node:test`. */
import path from 'node:path';
import process from 'node:process';

import type { DatabaseKind, Fault } from './rehearse/options.js';
import { rehearse } from './rehearse/rehearse.js';
import { type Verdict, verdictText } from './rehearse/verdict.js';

/** Which pool is tried, and how. */
export interface SurvivesOptions {
  /** The module, from the working directory. */
  readonly module: string;
  /** Name of the export with `query(sql)`. Default: `pool`. */
  readonly export?: string;
  /** Default: `SELECT 1`. */
  readonly sql?: string;
  /** Default: `postgres`. */
  readonly database?: DatabaseKind;
  /** SQL that makes what `sql` needs. */
  readonly setup?: string;
  /** Default: 1. */
  readonly rotations?: number;
  /** Statements per second. Default: 100. */
  readonly rate?: number;
  readonly faults?: readonly Fault[];
  /** Longest time until nobody is connected with the older credential, in milliseconds. Default: 5,000. */
  readonly maxDrainMs?: number;
  /** Environment of the process that loads the module. Default: that of this one. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** A pool did not survive; the message is the verdict. */
export class RotationNotSurvived extends Error {
  override readonly name = 'RotationNotSurvived';
  readonly verdict: Verdict;

  constructor(verdict: Verdict) {
    super(verdictText(verdict));
    this.verdict = verdict;
  }
}

/**
 * Loads the module in a process of its own, with a real database and a credential file in `DB_CREDENTIALS` (and `DB_HOST`, `DB_PORT`,
 * `DB_NAME`), rotates under load, and answers the verdict.
 *
 * @throws RotationNotSurvived when a statement failed, or the older credential was still held in the end.
 */
export async function survivesRotation(options: SurvivesOptions): Promise<Verdict> {
  const { verdict } = await rehearse({
    app: {
      file: path.resolve(options.module),
      export: options.export ?? 'pool',
      sql: options.sql ?? 'SELECT 1',
    },
    cwd: process.cwd(),
    env: options.env ?? process.env,
    instances: 1,
    operations: [{ name: 'query', weight: 1, method: 'GET', path: () => '/' }],
    rate: options.rate ?? 100,
    rotations: options.rotations ?? 1,
    strategy: 'dual-user',
    delivery: 'file',
    restart: false,
    ...(options.database === undefined ? {} : { database: options.database }),
    ...(options.setup === undefined ? {} : { setup: options.setup }),
    faults: options.faults ?? [],
    budget: { maxFailed: 0, maxDrainMs: options.maxDrainMs ?? 5_000 },
  });
  if (!verdict.passed) throw new RotationNotSurvived(verdict);
  return verdict;
}
