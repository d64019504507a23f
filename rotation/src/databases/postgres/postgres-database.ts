import type { SharedRoleKind, Strategy } from '@keyturn/plan';

import {
  BootstrapError,
  type BootstrapRun,
  type Database,
  type DatabaseSession,
  type Existing,
  type TakeOver,
} from '../../database.js';
import type { Holder } from '../../holder.js';
import { checkUsers, type Pair } from '../../pair.js';
import { Pgbouncer, type PgbouncerOptions } from '../../poolers/pgbouncer.js';
import { bootstrap, bootstrapStatements } from './bootstrap.js';
import { type Endpoint, type Login, onEndpoint, type Patience } from './endpoint.js';
import { PostgresSession } from './session.js';
import { planTakeOver, takeOver, undoTakeOver } from './take-over.js';

/** A PostgreSQL 13 or newer, and the pair that is rotated on it. */
export interface PostgresDatabaseOptions {
  /** Every address where applications log in; one of them is the writer, and journal and roles are changed there. */
  readonly endpoints: readonly Endpoint[];
  /** The rotator: superuser, or CREATEROLE with ADMIN OPTION on both users. */
  readonly admin: { readonly user: string; readonly password: string | (() => string | Promise<string>) };
  readonly pair: Pair;
  /** The PgBouncers behind endpoints of kind `pooler`. Default: none, and an endpoint of that kind is only logged in to. */
  readonly poolers?: readonly PgbouncerOptions[];
  readonly sharedRoleKind: SharedRoleKind;
  /**
   * Default: `dual-user`. With `single-user` both users of the pair are the same one, see {@link soleUser}, and every advance has a window in
   * which the published password is refused.
   */
  readonly strategy?: Extract<Strategy, 'dual-user' | 'single-user'>;
  /** Most connections of each user. Default: as it is, without limit for a new user. */
  readonly connectionLimit?: number;
  /** Settings that both users log in with, such as `search_path`. Default: none. */
  readonly settings?: Readonly<Record<string, string>>;
  /** The role that rotates, when another one runs `bootstrap`. It gets the rights on the journal. */
  readonly rotator?: string;
  /**
   * Tells which logins the server refused since then because the user is switched off (SQLSTATE 28000; PostgreSQL shows it in its log only).
   * Default: none, and then nothing is claimed about the time between switching off and retiring.
   */
  readonly refusedLogins?: (user: string, since: Date) => Promise<readonly Holder[]>;
  /** Milliseconds. Default: 10,000 for a connection, 60,000 for a statement. */
  readonly patience?: Partial<Patience>;
  /** How long a reader may take to show a change, in milliseconds. Default: 30,000. */
  readonly replicationMs?: number;
  /** How long to wait for another rotator, in milliseconds; a killed one lets go in this time. Default: 2,000. */
  readonly lockWaitMs?: number;
}

export class PostgresDatabase implements Database {
  readonly pair: Pair;
  readonly strategy: Strategy;
  readonly #options: PostgresDatabaseOptions;
  readonly #writer: Endpoint;
  readonly #patience: Patience;

  /** @throws BootstrapError when not exactly one endpoint is the writer, or the users do not fit the strategy. */
  constructor(options: PostgresDatabaseOptions) {
    const writers = options.endpoints.filter(({ kind }) => kind === 'writer');
    const [writer] = writers;
    if (writer === undefined || writers.length > 1) {
      throw new BootstrapError(
        `Exactly one endpoint must be of kind "writer", got ${writers.length} of ${options.endpoints.length}. Journal and roles are changed there.`,
      );
    }
    this.pair = options.pair;
    this.strategy = options.strategy ?? 'dual-user';
    checkUsers(this.strategy, options.pair);
    this.#options = options;
    this.#writer = writer;
    this.#patience = { connectMs: 10_000, statementMs: 60_000, ...options.patience };
  }

  async bootstrap(run: BootstrapRun = {}): Promise<void> {
    await onEndpoint(this.#writer, await this.#admin(), this.#patience, (client) =>
      bootstrap(client, { ...this.#options, ...run, strategy: this.strategy }),
    );
  }

  async bootstrapStatements(run: BootstrapRun = {}): Promise<readonly string[]> {
    return await onEndpoint(this.#writer, await this.#admin(), this.#patience, (client) =>
      bootstrapStatements(client, { ...this.#options, ...run, strategy: this.strategy }),
    );
  }

  async takeOver(existing: Existing, apply: boolean): Promise<TakeOver> {
    const run = apply ? takeOver : planTakeOver;
    return await onEndpoint(this.#writer, await this.#admin(), this.#patience, (client) =>
      run(client, this.#options, existing),
    );
  }

  async undoTakeOver(apply: boolean): Promise<readonly string[]> {
    return await onEndpoint(this.#writer, await this.#admin(), this.#patience, (client) =>
      undoTakeOver(client, this.pair, apply),
    );
  }

  async open(): Promise<DatabaseSession> {
    const { pair, sharedRoleKind, endpoints, refusedLogins } = this.#options;
    return await PostgresSession.open({
      pair,
      strategy: this.strategy,
      sharedRoleKind,
      endpoints,
      poolers: (this.#options.poolers ?? []).map((options) => new Pgbouncer(options, this.#patience)),
      writer: this.#writer,
      patience: this.#patience,
      replicationMs: this.#options.replicationMs ?? 30_000,
      lockWaitMs: this.#options.lockWaitMs ?? 2_000,
      admin: () => this.#admin(),
      ...(refusedLogins && { refusedLogins }),
    });
  }

  async #admin(): Promise<Login> {
    const { user, password } = this.#options.admin;
    return { user, password: typeof password === 'string' ? password : await password() };
  }
}
