import type { Fingerprint, Login } from './evidence.js';

/** Where an application's credential stands: a file of `NAME=value` lines, and the names of the two lines. */
export interface SourceFile {
  readonly path: string;
  readonly user: string;
  readonly password: string;
}

/** What the observer inside an application is told at its start. */
export interface ObserveOptions {
  /** Absent when the credential comes with the environment. */
  readonly source?: SourceFile;
  /** Where observations go, one per line, when the application is not our own child. Default: the IPC channel. */
  readonly file?: string;
  /** From which file the driver is looked for. Default: the script that was started. */
  readonly driverOf?: string;
  /** Key of the fingerprints of this run. */
  readonly key: string;
}

/** A pool setting that is not the driver's default. */
export interface DifferingSetting {
  readonly value: string;
  readonly byDefault: string;
}

/** What the observer inside an application tells. */
export type Observation =
  | { readonly type: 'read'; readonly at: number; readonly credential: Fingerprint }
  | { readonly type: 'login'; readonly login: number; readonly outcome: Login }
  | { readonly type: 'closed'; readonly login: number; readonly at: number }
  | { readonly type: 'settings'; readonly differing: Readonly<Record<string, DifferingSetting>> };
