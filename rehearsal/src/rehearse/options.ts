import type { Operation } from '../load.js';

/** Kinds of database server. */
export const databaseKinds = ['postgres', 'mysql', 'mariadb'] as const;
export type DatabaseKind = (typeof databaseKinds)[number];

/** How a rotation is carried out. */
export const strategies = ['dual-user', 'dual-password', 'in-place'] as const;
export type Strategy = (typeof strategies)[number];

/**
 * How an application gets its credential: in a file that is written again, in the environment of its start, or from the API of AWS Secrets
 * Manager or of Vault on loopback.
 */
export const deliveries = ['file', 'env', 'secrets-manager', 'vault'] as const;
export type Delivery = (typeof deliveries)[number];

/** What can be made to go wrong on top of each rotation. */
export const faults = ['kill-rotator', 'restart-db', 'slow-store', 'stale-secret', 'lag'] as const;
export type Fault = (typeof faults)[number];

/** What a run may cost before it fails. */
export interface Budget {
  /** Requests that failed, all causes together. Failures while the database was restarted on request do not count. */
  readonly maxFailed: number;
  /** Longest time that an instance with requests waiting went without a success, in milliseconds. Default: not judged. */
  readonly maxGapMs?: number;
  /** Longest time until nobody holds the older credential, in milliseconds. The rotation waits so long, and then goes on. */
  readonly maxDrainMs: number;
}

/** A module whose exported pool is asked `sql`, in a process of its own. */
export interface ModuleUnderTest {
  /** Absolute path; TypeScript where Node or `tsx` can load it. */
  readonly file: string;
  /** Name of the export that has `query(sql)`. */
  readonly export: string;
  readonly sql: string;
}

/** What is rehearsed, and how. */
export interface RehearseOptions {
  /** A command line for the shell, or a module. */
  readonly app: string | ModuleUnderTest;
  readonly cwd: string;
  /** Environment of the application beside what the rehearsal gives it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly instances: number;
  /** Absent: a free port for each instance, in `PORT`. */
  readonly port?: number;
  /** Path that answers 200 when an instance is ready. Default: it is ready when its port takes connections. */
  readonly readyPath?: string;
  readonly operations: readonly Operation[];
  /** Requests per second, all instances together. */
  readonly rate: number;
  readonly rotations: number;
  readonly strategy: Strategy;
  readonly delivery: Delivery;
  /** Where the credential file is written; it must not exist. Default: a file of the run, whose path is in `DB_CREDENTIALS`. */
  readonly credentialFile?: string;
  /** Whether the instances are replaced one by one after each rotation. */
  readonly restart: boolean;
  /** Default: `postgres`. */
  readonly database?: DatabaseKind;
  /** An administrator's connection string of a server of that kind. Default: a server of the run's own. */
  readonly databaseUrl?: string;
  /** SQL that makes what the application needs, as the owner of the database; on MySQL and MariaDB as the administrator. */
  readonly setup?: string;
  readonly faults: readonly Fault[];
  readonly budget: Budget;
  readonly signal?: AbortSignal;
  /** A line for whoever watches. */
  onProgress?(line: string): void;
}

/** The rehearsal cannot be made as it was asked for; the message says what to change. */
export class RehearsalUsageError extends Error {
  override readonly name = 'RehearsalUsageError';
}
