import type { Proof } from './password-proof.js';

/** What became of a login, as it was seen on the wire. */
export interface SeenLogin {
  readonly user: string;
  readonly proof?: Proof;
  /** SQLSTATE of PostgreSQL, or error number of MySQL and MariaDB; absent when the login succeeded. */
  readonly refused?: string;
}

/** Reads a login from the bytes of both sides until it is over. It changes no byte. */
export interface LoginReader {
  fromClient(chunk: Buffer): void;
  fromServer(chunk: Buffer): void;
}

/** Reads the logins of one protocol. `onEnd` is called once; with nothing when it was no login, or is encrypted. */
export type ReadLogins = (onEnd: (seen: SeenLogin | undefined) => void) => LoginReader;
