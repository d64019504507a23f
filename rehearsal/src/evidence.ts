import { createHmac } from 'node:crypto';

/**
 * Stands for one user and password: equal for equal pairs within one run, and useless outside of it. Nothing else of a password ever
 * leaves the process that holds it.
 */
export type Fingerprint = string;

/** The fingerprint of a credential under the key of a run. */
export function fingerprintOf(key: string, user: string, password: string): Fingerprint {
  return createHmac('sha256', key).update(`${user}\0${password}`).digest('base64url').slice(0, 16);
}

/** Milliseconds of the machine's monotonic clock, with fractions: one clock for every process, which the clocks since 1970 are not. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** From `at` on, a source held this credential, or an instance had read it. */
export interface Held {
  readonly at: number;
  readonly credential: Fingerprint;
}

/** How long the database took a credential. */
export interface Accepted {
  readonly credential: Fingerprint;
  readonly from: number;
  /** The statement that ended it was sent at `begunAt` and acknowledged at `doneAt`; its effect lies between the two. */
  readonly ending?: { readonly begunAt: number; readonly doneAt: number };
}

/** One attempt of an instance to open a connection, and the life of that connection. */
export interface Login {
  readonly user: string;
  /** Absent when the attempt ended before a password was asked for. */
  readonly credential?: Fingerprint;
  readonly begunAt: number;
  readonly endedAt: number;
  /** Code of the error, such as `28P01` or `1045`; absent when the login succeeded. */
  readonly refused?: string;
  /** When the connection ended; absent while it is open. */
  readonly closedAt?: number;
}

/** An end that nobody asked for, or that had to be forced. */
export interface Fate {
  readonly byItself: boolean;
  /** Such as `ended by itself with code 1`. */
  readonly what: string;
}

/** What one process of the application did. A restarted instance is a process of the same name. */
export interface InstanceEvidence {
  readonly instance: string;
  readonly startedAt: number;
  readonly endedAt?: number;
  /** How it ended, when that was not on request and in time. */
  readonly fate?: Fate;
  /** In order of time. */
  readonly reads: readonly Held[];
  readonly logins: readonly Login[];
}

/** Whoever logs in with a credential has read it before, also where the read itself was not seen. */
export function impliedReads(reads: readonly Held[], logins: readonly Login[]): readonly Held[] {
  const known = new Set(reads.map(({ credential }) => credential));
  const implied = [...logins]
    .sort((one, other) => one.begunAt - other.begunAt)
    .flatMap(({ credential, begunAt: at }): Held[] => {
      if (credential === undefined || known.has(credential)) return [];
      known.add(credential);
      return [{ at, credential }];
    });
  return [...reads, ...implied].sort((one, other) => one.at - other.at);
}

/** Everything that the causes of failures are told from. */
export interface Evidence {
  /** What the source held, in order of time. */
  readonly source: readonly Held[];
  readonly database: readonly Accepted[];
  readonly instances: readonly InstanceEvidence[];
}

/** The last thing held at a moment. */
export function heldAt(history: readonly Held[], at: number): Held | undefined {
  return history.findLast((held) => held.at <= at);
}
