import type { Database, Pair } from '@keyturn/rotation';

import type { SessionCounter } from '../sessions.js';
import type { LoginWire } from '../wire/login-wire.js';
import { type DatabaseKind, RehearsalUsageError } from './options.js';

/** Where a database is, as an application is told of it. */
export interface Address {
  readonly kind: DatabaseKind;
  readonly host: string;
  readonly port: number;
  readonly database: string;
}

/** A database of the run's own, on a server of its own or on one that was named. */
export interface RehearsalDatabase {
  readonly address: Address;
  readonly pair: Pair;
  /** The pair, as the rotation engine sees it. */
  engine(): Database;
  sessions(): SessionCounter;
  /** @param key of the fingerprints of the run */
  startWire(key: string): Promise<LoginWire>;
  /** Makes the first user of the pair and the shared role, without the engine. */
  createUser(password: string): Promise<void>;
  /** Changes the password of the first user of the pair. */
  changePassword(password: string): Promise<void>;
  /** Gives the shared role the database, and makes what the application needs in it. */
  furnish(setup: string | undefined): Promise<void>;
  /** Ends the server as a crash would, and starts it again; absent on a server that was named. */
  restart?(): Promise<void>;
  end(): Promise<void>;
}

/** The SQL of the setup was refused. */
export function setupFailed(cause: unknown): RehearsalUsageError {
  return new RehearsalUsageError(`The setup failed: ${(cause as Error).message}. Mend its SQL.`, { cause });
}

/** A server that was named refused what a rehearsal needs, or does not answer. */
export function unusable(
  { host, port }: { readonly host: string; readonly port: number },
  cause: unknown,
): RehearsalUsageError {
  const { code, message } = cause as Error & { readonly code?: unknown };
  const isAway = ['ECONNREFUSED', 'ENOTFOUND', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH'].includes(String(code));
  return new RehearsalUsageError(
    `The database server at ${host}:${port} cannot be used: ${message || String(code)}. ${
      isAway ? 'Start it, or check host and port.' : 'Name a user that may create databases, users and roles.'
    }`,
    { cause },
  );
}
