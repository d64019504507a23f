import type { Strategy } from '@keyturn/plan';

import { BootstrapError, type Database, type DatabaseSession, type Existing, type TakeOver } from '../../database.js';
import type { Holder } from '../../holder.js';
import { checkUsers, type Pair } from '../../pair.js';
import { Proxysql, type ProxysqlOptions } from '../../poolers/proxysql.js';
import type { Endpoint, Login, Patience } from '../postgres/endpoint.js';
import { type AccountRules, Accounts, type Plugin } from './accounts.js';
import { bootstrap } from './bootstrap.js';
import { type Client, onEndpoint } from './endpoint.js';
import { type Flavour, flavourOf } from './server.js';
import { MysqlSession } from './session.js';
import { takeOver, undoTakeOver } from './take-over.js';

export { auditMysql } from './audit.js';
export { cachingSha2Verifier, nativeVerifier } from './verifiers.js';
export type { Plugin, ProxysqlOptions };

/** A MySQL 8.0 or MariaDB 10.4 or newer, and the pair that is rotated on it. */
export interface MysqlDatabaseOptions {
  /**
   * Every address where applications log in; one of them is the writer, and journal and accounts are changed there. The writer must be the
   * server itself and no proxy: locks belong to a connection of the server.
   */
  readonly endpoints: readonly Endpoint[];
  /** The rotator: CREATE USER and PROCESS on *.*, SELECT on mysql.*, all rights on schema `keyturn`, and the shared role WITH ADMIN OPTION. */
  readonly admin: { readonly user: string; readonly password: string | (() => string | Promise<string>) };
  readonly pair: Pair;
  /**
   * The ProxySQLs behind endpoints of kind `pooler`, each process by its own name. Default: none, and an endpoint of that kind is only logged
   * in to.
   */
  readonly poolers?: readonly ProxysqlOptions[];
  /** Default: `dual-user`. With `dual-password` and `single-user` both users of the pair are the same one, see {@link soleUser}. */
  readonly strategy?: Exclude<Strategy, 'dynamic'>;
  /** Host part of the users. Default: `%`. */
  readonly host?: string;
  /** How passwords are checked. Default: `caching_sha2_password` on MySQL, `mysql_native_password` on MariaDB, which lacks the other. */
  readonly plugin?: Plugin;
  /** `clear-text` lets the server's password policy judge passwords, and shows them to the server. Default: `verifier`. */
  readonly passwordForm?: AccountRules['passwordForm'];
  /** Whether the users may log in over TLS only. Default: true for new users, unless an endpoint says `tls: false`. */
  readonly requireTls?: boolean;
  /** Most connections of each user at a time; 0 for no limit. Default: as it is, without limit for a new user. */
  readonly connectionLimit?: number;
  /** The account that rotates, when another one runs `bootstrap`. It gets the rights on the journal. */
  readonly rotator?: { readonly user: string; readonly host: string };
  /**
   * Tells which logins the server refused since then because the user is locked (3118; MariaDB: 4151; from a log, or an audit plugin).
   * Default: what the performance schema of MySQL shows, as long as no other locked account has a password; it names no client. Of MariaDB
   * nothing, and then nothing is claimed about the time between locking and retiring.
   */
  readonly refusedLogins?: (user: string, since: Date) => Promise<readonly Holder[]>;
  /** Milliseconds. Default: 10,000 for a connection, 60,000 for a statement. */
  readonly patience?: Partial<Patience>;
  /** How long a reader may take to show a change, in milliseconds. Default: 30,000. */
  readonly replicationMs?: number;
  /** How long to wait for another rotator, in milliseconds; a killed one lets go in this time. Default: 2,000. */
  readonly lockWaitMs?: number;
}

const defaultPlugin = { mysql: 'caching_sha2_password', mariadb: 'mysql_native_password' } as const;

/**
 * MySQL and MariaDB commit at every account statement, so that no transaction can fence one. Rotators are kept apart by a lock of the server
 * (GET_LOCK) on the connection that also sends the account statements, and the journal's generation is raised, by compare-and-set, before each
 * password. The server lets go of the lock after the last statement of a connection has ended, so on one server there is no time at which a
 * rotator without the lock changes an account. What is left: the lock lives on one server. When the writer's address moves to another server
 * (failover), or names several that take writes (Galera, group replication with many primaries), a statement that was on its way meets one that
 * came after; the generations in the journal then disagree with the store, and the next run stops and says so.
 */
export class MysqlDatabase implements Database {
  readonly pair: Pair;
  readonly strategy: Strategy;
  readonly #options: MysqlDatabaseOptions;
  readonly #writer: Endpoint;
  readonly #patience: Patience;

  /** @throws BootstrapError when not exactly one endpoint is the writer, or users or poolers do not fit the strategy. */
  constructor(options: MysqlDatabaseOptions) {
    const writers = options.endpoints.filter(({ kind }) => kind === 'writer');
    const [writer] = writers;
    if (writer === undefined || writers.length > 1) {
      throw new BootstrapError(
        `Exactly one endpoint must be of kind "writer", got ${writers.length} of ${options.endpoints.length}. Journal and accounts are changed there.`,
      );
    }
    this.strategy = options.strategy ?? 'dual-user';
    checkUsers(this.strategy, options.pair);
    if (this.strategy === 'dual-password' && (options.poolers ?? []).length > 0)
      throw new BootstrapError(
        'The strategy "dual-password" cannot go through a ProxySQL, which has one password for each user and would refuse the other one. Use "dual-user".',
      );
    this.pair = options.pair;
    this.#options = options;
    this.#writer = writer;
    this.#patience = { connectMs: 10_000, statementMs: 60_000, ...options.patience };
  }

  async bootstrap(): Promise<void> {
    await this.#onWriter(async (client, flavour, rules) => await this.#bootstrap(client, flavour, rules));
  }

  async bootstrapStatements(): Promise<readonly string[]> {
    return await this.#onWriter(async (client, flavour, rules) => {
      const recorder = client.recorder();
      await this.#bootstrap(recorder, flavour, rules);
      return recorder.recorded;
    });
  }

  async takeOver(existing: Existing, apply: boolean): Promise<TakeOver> {
    const { pair } = this.#options;
    return await this.#onWriter(async (client, flavour, rules) =>
      takeOver(client, new Accounts(client, flavour, rules), flavour, {
        pair,
        strategy: this.strategy,
        host: rules.host,
        existing,
        apply,
      }),
    );
  }

  async undoTakeOver(apply: boolean): Promise<readonly string[]> {
    return await this.#onWriter((client) => undoTakeOver(client, this.pair.name, apply));
  }

  async #bootstrap(client: Client, flavour: Flavour, rules: AccountRules): Promise<void> {
    const { pair, connectionLimit, rotator } = this.#options;
    const requireTls = this.#options.requireTls ?? this.#options.endpoints.every(({ tls }) => tls !== false);
    const options = { pair, strategy: this.strategy, host: rules.host, requireTls, connectionLimit, rotator };
    await bootstrap(client, new Accounts(client, flavour, rules), flavour, options);
  }

  async #onWriter<T>(work: (client: Client, flavour: Flavour, rules: AccountRules) => Promise<T>): Promise<T> {
    return await onEndpoint(this.#writer, await this.#admin(), this.#patience, async (client) => {
      const flavour = await flavourOf(client);
      return await work(client, flavour, this.#rules(defaultPlugin[flavour]));
    });
  }

  async open(): Promise<DatabaseSession> {
    const { pair, endpoints, refusedLogins } = this.#options;
    return await MysqlSession.open({
      pair,
      strategy: this.strategy,
      rulesOf: (flavour) => this.#rules(defaultPlugin[flavour]),
      endpoints,
      poolers: (this.#options.poolers ?? []).map((pooler) => new Proxysql(pooler, this.#patience)),
      writer: this.#writer,
      patience: this.#patience,
      replicationMs: this.#options.replicationMs ?? 30_000,
      lockWaitMs: this.#options.lockWaitMs ?? 2_000,
      admin: () => this.#admin(),
      ...(refusedLogins && { refusedLogins }),
    });
  }

  #rules(plugin: Plugin): AccountRules {
    const { host = '%', passwordForm = 'verifier' } = this.#options;
    return { host, passwordForm, plugin: this.#options.plugin ?? plugin };
  }

  async #admin(): Promise<Login> {
    const { user, password } = this.#options.admin;
    return { user, password: typeof password === 'string' ? password : await password() };
  }
}
