import type { Strategy } from '@keyturn/plan';

import type { Endpoint } from '../databases/postgres/endpoint.js';
import type { KillDatabase, KillPooler } from './databases.js';
import type { Kill } from './point.js';
import type { Seen, StoreOfJob } from './stores.js';

/** `undo`: a retire that finds that the user is still needed. */
export const killRuns = ['bootstrap', 'advance', 'retire', 'undo'] as const;
export type KillRun = (typeof killRuns)[number];

export const killStrategies = ['dual-user', 'dual-password', 'single-user'] as const satisfies readonly Strategy[];
export type KillStrategy = (typeof killStrategies)[number];

export const killPoolers = ['none', 'pgbouncer', 'proxysql'] as const;

/** What is killed: one run, of one strategy, on one database, behind a pooler or not, and one store. */
export interface Scope {
  readonly database: KillDatabase['kind'];
  readonly strategy: KillStrategy;
  readonly store: StoreOfJob['kind'];
  readonly run: KillRun;
  readonly pooler: (typeof killPoolers)[number];
}

/** What a rotator is asked to do. It is JSON: it reaches the process that is killed on standard input. */
export interface Job {
  readonly run: KillRun;
  /** An earlier process was killed in this run: go on where it ended. */
  readonly resume: boolean;
  readonly strategy: KillStrategy;
  /** Name of the pair; no other case uses it. */
  readonly pair: string;
  /** Where the rotator works. In the process that is killed, host and port lead through a tap. */
  readonly database: KillDatabase;
  /** What stands before the database, for one of the endpoints. In the process that is killed, its console is reached through a tap. */
  readonly pooler?: KillPooler;
  /** Where applications log in. */
  readonly endpoints: readonly Endpoint[];
  /** In the process that is killed, it leads through a tap. */
  readonly store: StoreOfJob;
  /** For how long a consumer may hold a credential after another one was published. */
  readonly lifetimeMs: number;
  readonly kill?: Kill;
}

/**
 * A rotator under test. A module has it as its default export, so that the harness can load it here and in the process that is killed.
 * keyturn's own is `keyturn-driver.ts`.
 */
export interface Driver {
  readonly name: string;
  /** Whether it keeps poolers informed. Default: false, and then there are none. */
  readonly poolers?: boolean;
  /** Why this cannot be run; `undefined` when it can. */
  cannot(scope: Scope): string | undefined;
  /** In the harness: brings a pair of its own as far along as the run needs it, with a credential in the store (but for `bootstrap`). */
  prepare(job: Job): Promise<void>;
  /** In a process of its own: the run. It is run once more, with `resume`, after it was killed. */
  run(job: Job): Promise<void>;
  /** In the harness: what applications read. Default: the published credential, as keyturn keeps it in that store. */
  read?(job: Job): Promise<Seen | undefined>;
  /**
   * In the harness, after the resumed run: does again what an operator would, and says what still differs from the end of an undisturbed run.
   * Default: runs again until another credential is published than before.
   */
  unfinished?(job: Job, before: Seen | undefined): Promise<string | undefined>;
  /** In the harness, at the end: a credential that should log in and does not. The published one is tried in any case. */
  lost?(job: Job): Promise<string | undefined>;
  /** How long the published credential was refused in the last run, in milliseconds, where that is part of the strategy. */
  windowMs?(job: Job): Promise<number | undefined>;
}

/** @throws TypeError when the module has no driver. */
export async function loadDriver(module: string): Promise<Driver> {
  const { default: driver } = (await import(module)) as { readonly default?: Partial<Driver> };
  for (const method of ['cannot', 'prepare', 'run'] as const) {
    if (typeof driver?.[method] !== 'function') {
      throw new TypeError(`${module} is not a driver: its default export has no function "${method}".`);
    }
  }
  return driver as Driver;
}
