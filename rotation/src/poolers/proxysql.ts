import { lookup } from 'node:dns/promises';

import { proxysqlPort } from '@keyturn/plan';

import { DatabaseError } from '../database.js';
import { Client } from '../databases/mysql/endpoint.js';
import type { Endpoint, Patience, Tls } from '../databases/postgres/endpoint.js';
import type { Holder } from '../holder.js';

/** A ProxySQL 2 in front of a MySQL or MariaDB. Where applications log in to it is an endpoint of kind `pooler`. */
export interface ProxysqlOptions {
  readonly name: string;
  /** Its admin interface. */
  readonly host: string;
  /** Default: 6032. */
  readonly port?: number;
  /** Default: true. */
  readonly tls?: Tls;
  /** One of its `admin-admin_credentials`. */
  readonly console: { readonly user: string; readonly password: string | (() => string | Promise<string>) };
  /**
   * `verifier`: it gets what the server stores. That of `caching_sha2_password` needs a ProxySQL 2.6 with the same
   * `mysql-default_authentication_plugin`, and clients with TLS. `clear-text`: it gets the password, and keeps it in its database.
   * Default: `verifier`.
   */
  readonly passwordForm?: 'verifier' | 'clear-text';
}

/** A connection that it keeps open for a user, as its server knows it. */
export interface PooledThread {
  readonly host: string;
  readonly port: number;
  readonly id: number;
}

interface ClientRow {
  readonly id: number | string;
  readonly address: string | null;
  readonly age: number | string;
}

/** The admin interface of a ProxySQL. */
export class Proxysql {
  readonly name: string;
  readonly passwordForm: 'verifier' | 'clear-text';
  readonly #options: ProxysqlOptions;
  readonly #endpoint: Endpoint;
  readonly #patience: Patience;

  constructor(options: ProxysqlOptions, patience: Patience) {
    const { name, host, port = proxysqlPort, tls = true, passwordForm = 'verifier' } = options;
    this.name = name;
    this.passwordForm = passwordForm;
    this.#options = options;
    this.#patience = patience;
    this.#endpoint = { name, kind: 'pooler', host, port, database: 'admin', tls };
  }

  /**
   * Why users cannot be re-keyed behind it, in one sentence or more; `undefined` when they can. It does not make users: which hostgroup one
   * belongs to, and what else it may, only who runs it knows.
   */
  async refusal(users: readonly string[], plugin: string): Promise<string | undefined> {
    return await this.#on(async (client) => {
      for (const user of new Set(users)) {
        const [row] = await client.rows<{ known: number | string; loaded: number | string }>(
          `SELECT (SELECT COUNT(*) FROM mysql_users WHERE username = ${quoted(user)}) AS known,
             (SELECT MAX(frontend) + MAX(backend) FROM runtime_mysql_users WHERE username = ${quoted(user)}) AS loaded`,
        );
        if (Number(row?.known) > 0 && Number(row?.loaded) === 2) continue;
        return `${this.name} does not know ${user}${Number(row?.known) > 0 ? ', which is in mysql_users and not in runtime_mysql_users' : ''}. Both users have to be in its mysql_users, active and with the hostgroup of the other one, before one of them is rotated; any password will do. Add ${user}, send LOAD MYSQL USERS TO RUNTIME and SAVE MYSQL USERS TO DISK, and run this again.`;
      }
      if (this.passwordForm === 'clear-text' || plugin !== 'caching_sha2_password') return undefined;
      const [variable] = await client.rows<{ value: string }>(
        `SELECT variable_value AS value FROM runtime_global_variables WHERE variable_name = 'mysql-default_authentication_plugin'`,
      );
      if (variable?.value === plugin) return undefined;
      return `${this.name} lets clients log in by ${variable?.value ?? 'mysql_native_password'}, and takes a verifier of ${plugin} for a password then. Set its mysql-default_authentication_plugin to ${plugin} (ProxySQL 2.6, clients with TLS), or say "passwordForm": "clear-text" of this pooler.`;
    });
  }

  /**
   * Clients that are logged in as this user, whether or not they have a connection to the server at the moment. Those that its list of
   * processes leaves out (`mysql-session_idle_show_processlist`) are in its count.
   */
  async clients(user: string): Promise<Holder[]> {
    return await this.#on(async (client) => {
      const rows = await this.#sessions(client, user);
      const [counted] = await client.rows<{ count: number | string }>(
        `SELECT frontend_connections AS count FROM stats_mysql_users WHERE username = ${quoted(user)}`,
      );
      const hidden = Math.max(0, Number(counted?.count ?? 0) - rows.length);
      const holder = { endpoint: this.name, user } as const;
      return [
        ...rows.map(({ address, age }) => ({
          ...holder,
          ...(address !== null && address !== '' && { clientAddress: address }),
          since: new Date(Date.now() - Math.max(0, Number(age))),
        })),
        ...Array.from({ length: hidden }, () => holder),
      ];
    });
  }

  /** Connections to servers that it keeps open for a user without clients; none while the user has one. */
  async abandoned(user: string): Promise<readonly PooledThread[]> {
    if ((await this.clients(user)).length > 0) return [];
    const rows = await this.#on((client) =>
      client.rows<{ host: string; port: number | string; info: string }>(
        `SELECT srv_host AS host, srv_port AS port, mysql_info AS info FROM stats_mysql_free_connections WHERE user = ${quoted(user)}`,
      ),
    );
    return rows.map(({ host, port, info }) => {
      const { thread_id: id } = JSON.parse(info) as { readonly thread_id: number };
      return { host, port: Number(port), id };
    });
  }

  /** Ends the sessions of clients of this user, and says whose they were. */
  async endClients(user: string): Promise<Holder[]> {
    const holders = await this.clients(user);
    await this.#on(async (client) => {
      for (const { id } of await this.#sessions(client, user)) await client.change(`KILL CONNECTION ${Number(id)}`);
    });
    return holders;
  }

  /**
   * Makes it know the user by this verifier or password, now and after a restart.
   *
   * @throws DatabaseError when it does not know the user.
   */
  async tell(user: string, secret: string): Promise<void> {
    await this.#on(async (client) => {
      const found = await client.change(
        `UPDATE mysql_users SET password = ${quoted(secret)} WHERE username = ${quoted(user)}`,
      );
      if (found === 0)
        throw new DatabaseError(
          `${this.name} no longer knows ${user}. Add it to mysql_users again, with the hostgroup of the other user, and resume.`,
          { kind: 'other', endpoint: this.name },
        );
      await client.change('LOAD MYSQL USERS TO RUNTIME');
      await client.change('SAVE MYSQL USERS TO DISK');
    });
  }

  /** What {@link tell} sends, with the secret masked. */
  told(user: string): readonly string[] {
    return [
      `UPDATE mysql_users SET password = '****' WHERE username = ${quoted(user)}`,
      'LOAD MYSQL USERS TO RUNTIME',
      'SAVE MYSQL USERS TO DISK',
    ].map((statement) => `${statement} -- on ${this.name}`);
  }

  async #sessions(client: Client, user: string): Promise<ClientRow[]> {
    return await client.rows<ClientRow>(
      `SELECT SessionID AS id, cli_host AS address, time_ms AS age FROM stats_mysql_processlist WHERE user = ${quoted(user)}`,
    );
  }

  async #on<T>(work: (client: Client) => Promise<T>): Promise<T> {
    const { user, password } = this.#options.console;
    const login = { user, password: typeof password === 'string' ? password : await password() };
    const client = await Client.open(this.#endpoint, login, this.#patience);
    try {
      return await work(client);
    } finally {
      await client.close();
    }
  }
}

/** Whether a server of a ProxySQL is the one of this endpoint; a server has one address, and may have several names. */
export async function isServerOf(thread: PooledThread, endpoint: Pick<Endpoint, 'host' | 'port'>): Promise<boolean> {
  if (thread.port !== endpoint.port) return false;
  if (thread.host === endpoint.host) return true;
  const [theirs, ours] = await Promise.all([addressesOf(thread.host), addressesOf(endpoint.host)]);
  return theirs.some((address) => ours.includes(address));
}

async function addressesOf(host: string): Promise<string[]> {
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address);
  } catch {
    return [];
  }
}

/** The admin interface is SQLite, where a backslash is one. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
