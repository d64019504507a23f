import type { Queryable } from '../load.js';

/** A database for one contender alone, on the server of all. */
export interface Ground {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly admin: { readonly user: string; readonly password: string };
  /** What its users and its owner are called after: roles belong to the server. */
  readonly role: string;
  /** For files, its own. */
  readonly folder: string;
}

/** Someone who rotates, and the application that has to live with it. */
export interface Contender {
  readonly name: string;
  /** The role that owns what the application works with. */
  readonly owner: string;
  /** One rotation, without an application that could hold it up. */
  rotate(): Promise<void>;
  /** The application as it is started in production. */
  startApplication(): Promise<Application>;
  stop(): Promise<void>;
}

export interface Application {
  readonly db: Queryable;
  /** One rotation under load. */
  rotate(): Promise<void>;
  /** Logins that were refused and mended out of sight of queries. */
  refusedLogins(): number;
  stop(): Promise<void>;
}

/** How often applications read the credential again, in milliseconds, jittered by a tenth. */
export const refreshMs = 300;
