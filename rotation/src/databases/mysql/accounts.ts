import { newPassword } from '../../passwords.js';
import type { Client } from './endpoint.js';
import type { Flavour } from './server.js';
import { cachingSha2Verifier, isCachingSha2Of, nativeVerifier } from './verifiers.js';

/** How a password is checked; what the server stores for it is computed here. */
export type Plugin = 'caching_sha2_password' | 'mysql_native_password';

/** What every account statement needs to know. */
export interface AccountRules {
  /** Host part of both users, such as `%` or `10.0.%`. */
  readonly host: string;
  readonly plugin: Plugin;
  /**
   * `verifier`: the server gets what it stores, and never sees the password. `clear-text`: the server gets the password, so that its policy
   * can judge it; it may then be in the general log of a MariaDB.
   */
  readonly passwordForm: 'verifier' | 'clear-text';
}

/** What an account has besides its password. */
export interface AccountOptions {
  readonly requireTls: boolean;
  readonly connectionLimit?: number | undefined;
}

/** An account as the server keeps it. */
export interface Account {
  readonly host: string;
  readonly locked: boolean;
  readonly role: boolean;
  readonly plugin: string;
  readonly stored: Buffer;
  /** What the server stores for a second password. */
  readonly second: Buffer | undefined;
  /** Everything else that the two users must have alike. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** Account statements. Each is one statement, and can be repeated. */
export class Accounts {
  readonly #client: Client;
  readonly #flavour: Flavour;
  readonly #rules: AccountRules;

  constructor(client: Client, flavour: Flavour, rules: AccountRules) {
    this.#client = client;
    this.#flavour = flavour;
    this.#rules = rules;
  }

  /** Locked from the start, with a random password that nobody keeps: without one, the server would take the empty password. */
  async create(user: string, { requireTls, connectionLimit }: AccountOptions): Promise<void> {
    const limit = connectionLimit === undefined ? '' : ` WITH MAX_USER_CONNECTIONS ${connectionLimit}`;
    await this.#client.change(
      `CREATE USER ${this.name(user)} ${this.#identified(newPassword())} REQUIRE ${requireTls ? 'SSL' : 'NONE'}${limit} ACCOUNT LOCK`,
    );
  }

  /** As `create`, with the options of another account; `options` is SQL. */
  creation(user: string, options: string): string {
    return `CREATE USER ${this.name(user)} ${this.#identified(newPassword())} ${options}`.trim();
  }

  async configure(user: string, { requireTls, connectionLimit }: AccountOptions): Promise<void> {
    const limit = connectionLimit === undefined ? '' : ` WITH MAX_USER_CONNECTIONS ${connectionLimit}`;
    await this.#client.change(`ALTER USER ${this.name(user)} REQUIRE ${requireTls ? 'SSL' : 'NONE'}${limit}`);
  }

  async createRole(role: string): Promise<void> {
    await this.#client.change(`CREATE ROLE IF NOT EXISTS ${this.#role(role)}`);
  }

  /** Membership alone does nothing at login; the default role does. */
  async join(role: string, user: string): Promise<void> {
    await this.#client.change(`GRANT ${this.#role(role)} TO ${this.name(user)}`);
    const to = this.#flavour === 'mysql' ? 'TO' : 'FOR';
    await this.#client.change(`SET DEFAULT ROLE ${this.#role(role)} ${to} ${this.name(user)}`);
  }

  async rekey(user: string, password: string): Promise<void> {
    await this.#client.change(`ALTER USER ${this.name(user)} ${this.#identified(password)} ACCOUNT UNLOCK`);
  }

  /**
   * Gives the user another password and keeps the one it has as its second. Replaces a second one that it had. MySQL keeps a password only
   * when it gets the next one in clear text, whatever the form; it blanks it in its logs.
   */
  async add(user: string, password: string, account: Account): Promise<void> {
    const what =
      this.#flavour === 'mysql'
        ? `${this.#inClearText(password, account.plugin)} RETAIN CURRENT PASSWORD`
        : `${this.#identified(password)} OR ${account.plugin} USING ${this.#stored(account.stored)}`;
    await this.#client.change(`ALTER USER ${this.name(user)} ${what}`);
  }

  /** Gives the user another password instead of the one that it got last, and keeps its second. */
  async replaceFirst(user: string, password: string, account: Account & { readonly second: Buffer }): Promise<void> {
    const what =
      this.#flavour === 'mysql'
        ? this.#inClearText(password, account.plugin)
        : `${this.#identified(password)} OR ${account.plugin} USING ${this.#stored(account.second)}`;
    await this.#client.change(`ALTER USER ${this.name(user)} ${what}`);
  }

  /** Leaves the user with the password that it got last. */
  async dropSecond(user: string, account: Account): Promise<void> {
    const what =
      this.#flavour === 'mysql'
        ? 'DISCARD OLD PASSWORD'
        : `IDENTIFIED VIA ${account.plugin} USING ${this.#stored(account.stored)}`;
    await this.#client.change(`ALTER USER ${this.name(user)} ${what}`);
  }

  async lock(user: string): Promise<void> {
    await this.#client.change(`ALTER USER ${this.name(user)} ACCOUNT LOCK`);
  }

  async unlock(user: string): Promise<void> {
    await this.#client.change(`ALTER USER ${this.name(user)} ACCOUNT UNLOCK`);
  }

  async takePassword(user: string): Promise<void> {
    await this.#client.change(`ALTER USER ${this.name(user)} ${this.#identified(newPassword())} ACCOUNT LOCK`);
  }

  /** Every account of that name, whatever its host. */
  async find(user: string): Promise<Account[]> {
    return this.#flavour === 'mysql' ? await this.#findMysql(user) : await this.#findMariadb(user);
  }

  async get(user: string): Promise<Account | undefined> {
    return (await this.find(user)).find(({ host }) => host === this.#rules.host);
  }

  isOf({ plugin, stored }: Pick<Account, 'plugin' | 'stored'>, password: string): boolean {
    return plugin === 'caching_sha2_password'
      ? isCachingSha2Of(password, stored)
      : stored.toString('latin1') === nativeVerifier(password);
  }

  isSecondOf({ plugin, second }: Account, password: string): boolean {
    return second !== undefined && this.isOf({ plugin, stored: second }, password);
  }

  /** How the two users' passwords are checked. */
  get plugin(): Plugin {
    return this.#rules.plugin;
  }

  name(user: string): string {
    return this.#client.account(user, this.#rules.host);
  }

  #role(role: string): string {
    return this.#client.text(role);
  }

  #stored(verifier: Buffer): string {
    return this.#client.text(verifier.toString('latin1'));
  }

  #inClearText(password: string, plugin: string): string {
    const secret = this.#client.text(password);
    return this.#flavour === 'mysql'
      ? `IDENTIFIED WITH ${plugin} BY ${secret}`
      : `IDENTIFIED VIA ${plugin} USING PASSWORD(${secret})`;
  }

  #identified(password: string): string {
    const { plugin, passwordForm } = this.#rules;
    if (passwordForm === 'clear-text') return this.#inClearText(password, plugin);
    const stored = this.#client.text(
      plugin === 'caching_sha2_password' ? cachingSha2Verifier(password) : nativeVerifier(password),
    );
    return this.#flavour === 'mysql'
      ? `IDENTIFIED WITH ${plugin} AS ${stored}`
      : `IDENTIFIED VIA ${plugin} USING ${stored}`;
  }

  async #findMysql(user: string): Promise<Account[]> {
    const rows = await this.#client.rows<Record<string, unknown>>(
      'SELECT *, CAST(authentication_string AS BINARY) AS verifier FROM mysql.user WHERE User = ? ORDER BY Host',
      [user],
    );
    return rows.map((row) => {
      const { additional_password: second, ...others } = objectOf(row['User_attributes']);
      const attributes = without({ ...row, User_attributes: others }, [
        'User',
        'Host',
        'authentication_string',
        'verifier',
        'account_locked',
        'password_last_changed',
      ]);
      const locked = row['account_locked'] === 'Y';
      return {
        host: textOf(row['Host']),
        locked,
        // MySQL has no other mark of a role: CREATE ROLE makes a locked account without a password.
        role: locked && textOf(row['authentication_string']) === '',
        plugin: textOf(row['plugin']),
        stored: Buffer.isBuffer(row['verifier']) ? row['verifier'] : Buffer.from(textOf(row['verifier']), 'latin1'),
        second: typeof second === 'string' ? Buffer.from(second, 'utf8') : undefined,
        attributes: texts(attributes),
      };
    });
  }

  async #findMariadb(user: string): Promise<Account[]> {
    const rows = await this.#client.rows<{ Host: string; Priv: unknown }>(
      'SELECT Host, Priv FROM mysql.global_priv WHERE User = ? ORDER BY Host',
      [user],
    );
    return rows.map(({ Host: host, Priv }) => {
      const priv = objectOf(Priv);
      const others = Array.isArray(priv['auth_or']) ? priv['auth_or'].map(objectOf) : [];
      const second = others.find((method) => typeof method['authentication_string'] === 'string');
      const attributes = without({ plugin: 'none', access: 0, ...priv }, [
        'authentication_string',
        'account_locked',
        'password_last_changed',
        'auth_or',
        'version_id',
      ]);
      return {
        host,
        locked: priv['account_locked'] === true,
        role: priv['is_role'] === true,
        plugin: textOf(priv['plugin']),
        stored: Buffer.from(textOf(priv['authentication_string']), 'latin1'),
        second: second && Buffer.from(textOf(second['authentication_string']), 'latin1'),
        attributes: texts(attributes),
      };
    });
  }
}

function without(values: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([name]) => !names.includes(name)));
}

/** The driver hands out JSON columns parsed, and MariaDB's as text where the server does not mark them. */
function objectOf(value: unknown): Record<string, unknown> {
  const parsed: unknown = typeof value === 'string' ? JSON.parse(value) : value;
  return typeof parsed === 'object' && parsed !== null ? { ...(parsed as Record<string, unknown>) } : {};
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (Buffer.isBuffer(value)) return value.toString('latin1');
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function texts(attributes: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, textOf(value)]));
}
