import { readFile, stat } from 'node:fs/promises';

import { DatabaseError } from '../database.js';
import { type Endpoint, onEndpoint, type Patience, type Tls } from '../databases/postgres/endpoint.js';
import type { Holder } from '../holder.js';
import { replaceFile } from '../stores/env-file/atomic-file.js';
import { withFileLock } from '../stores/env-file/file-lock.js';
import { withUser } from './userlist.js';

/** A PgBouncer in front of the writer or a reader. Where applications log in to it is an endpoint of kind `pooler`. */
export interface PgbouncerOptions {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** Default: true. */
  readonly tls?: Tls;
  /** One of its `admin_users`. */
  readonly console: { readonly user: string; readonly password: string | (() => string | Promise<string>) };
  /**
   * Its `auth_file`, which gets the SCRAM verifier of a re-keyed user; no password. This process must be root or its owner. Default: none, for
   * an `auth_query`.
   */
  readonly userlist?: string;
}

interface ClientRow {
  readonly user: string;
  readonly addr: string;
  readonly application_name?: string;
  readonly connect_time: string;
}

interface ServerRow {
  readonly user: string;
  readonly remote_pid: number | string;
  readonly local_port: number | string;
}

/** A connection of a pooler as its server sees it. */
export interface PooledConnection {
  readonly pid: number;
  readonly clientPort: number;
}

/** The admin console of a PgBouncer, and its list of users. */
export class Pgbouncer {
  readonly name: string;
  readonly #options: PgbouncerOptions;
  readonly #endpoint: Endpoint;
  readonly #patience: Patience;

  constructor(options: PgbouncerOptions, patience: Patience) {
    this.name = options.name;
    this.#options = options;
    this.#patience = patience;
    const { name, host, port, tls = true } = options;
    this.#endpoint = { name, kind: 'pooler', host, port, database: 'pgbouncer', tls };
  }

  /** Clients that are logged in as this user, whether or not they have a connection to the server at the moment. */
  async clients(user: string): Promise<Holder[]> {
    const rows = await this.#ask<ClientRow>('SHOW CLIENTS');
    return rows
      .filter((row) => row.user === user)
      .map((row) => {
        const since = new Date(row.connect_time.replace(/ UTC$/, 'Z').replace(' ', 'T'));
        return {
          endpoint: this.name,
          user,
          clientAddress: row.addr,
          ...(row.application_name !== undefined &&
            row.application_name !== '' && { application: row.application_name }),
          ...(!Number.isNaN(since.getTime()) && { since }),
        };
      });
  }

  /** Connections to a server that it keeps open for a user without clients; none while the user has one. */
  async abandoned(user: string): Promise<readonly PooledConnection[]> {
    if ((await this.clients(user)).length > 0) return [];
    const rows = await this.#ask<ServerRow>('SHOW SERVERS');
    return rows
      .filter((row) => row.user === user && Number(row.remote_pid) > 0)
      .map((row) => ({ pid: Number(row.remote_pid), clientPort: Number(row.local_port) }));
  }

  /** Makes it know the user by this verifier, or no longer. Does nothing where it asks the database itself. */
  async tell(user: string, verifier: string | undefined): Promise<void> {
    const { userlist } = this.#options;
    if (userlist === undefined) return;
    try {
      await withFileLock(`${userlist}.keyturn.lock`, async () => {
        const before = await readFile(userlist, 'utf8');
        const after = withUser(before, user, verifier);
        if (after !== before) await replaceFile(userlist, after, await laterSecond(userlist));
      });
    } catch (cause) {
      throw new DatabaseError(
        `The list of users of ${this.name}, ${userlist}, cannot be written (${codeOf(cause)}). Give this process the right to replace it, and resume.`,
        { kind: 'other', endpoint: this.name, cause },
      );
    }
    await this.#ask('RELOAD');
  }

  async #ask<Row>(command: string): Promise<Row[]> {
    const { user, password } = this.#options.console;
    const login = { user, password: typeof password === 'string' ? password : await password() };
    return await onEndpoint(this.#endpoint, login, this.#patience, async (client) => {
      const { rows } = await client.query(command);
      return rows as Row[];
    });
  }
}

/**
 * PgBouncer reads its list again when number, size or time of the file differ from those of its last look, and takes the time in seconds: two
 * lists of one second can look the same to it.
 */
async function laterSecond(file: string): Promise<Date> {
  const { mtimeMs } = await stat(file);
  return new Date(Math.max(Date.now(), (Math.floor(mtimeMs / 1_000) + 1) * 1_000));
}

function codeOf(error: unknown): string {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? code : 'see the cause';
}
