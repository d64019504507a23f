import type { Connection, ConnectionOptions, RowDataPacket } from 'mysql2/promise';

import { DatabaseError } from '../../database.js';
import { type TroubleKind, troubleOf } from '../../trouble.js';
import { describeEndpoint, type Endpoint, type Login, type Patience, proxyAdvice } from '../postgres/endpoint.js';

/** One connection to one endpoint. Values are escaped by the driver; SQL modes that would change what an escape means are switched off. */
export class Client {
  readonly endpoint: Endpoint;
  readonly #connection: Connection;
  readonly #patience: Patience;
  #recorded: string[] | undefined;

  private constructor(endpoint: Endpoint, connection: Connection, patience: Patience) {
    this.endpoint = endpoint;
    this.#connection = connection;
    this.#patience = patience;
  }

  /**
   * @param database whether the endpoint's database is made the current one; the rotator itself needs none.
   * @throws DatabaseError with the kind of trouble.
   */
  static async connect(endpoint: Endpoint, login: Login, patience: Patience, database = false): Promise<Client> {
    const client = await Client.open(endpoint, login, patience, database);
    try {
      await client.change(`SET SESSION sql_mode = 'STRICT_ALL_TABLES', time_zone = '+00:00', autocommit = 1`);
      return client;
    } catch (error) {
      await client.close();
      throw error;
    }
  }

  /** As `connect`, to something that speaks the protocol and knows no variables of a session. */
  static async open(endpoint: Endpoint, login: Login, patience: Patience, database = false): Promise<Client> {
    const { createConnection } = await driver();
    try {
      const connection = await createConnection(configOf(endpoint, login, patience, database));
      // A connection that ends between two statements must not end the process; the next statement reports it.
      connection.on('error', () => undefined);
      return new Client(endpoint, connection, patience);
    } catch (cause) {
      if (cause instanceof DatabaseError) throw cause;
      throw trouble(endpoint, `Cannot log in to ${describeEndpoint(endpoint)} as ${login.user}`, cause);
    }
  }

  /**
   * The same connection, on which statements that change something are written down instead of sent, with secrets masked. What only reads is
   * sent, so that the code that decides runs as it is.
   */
  recorder(): Client {
    const recorder = new Client(this.endpoint, this.#connection, this.#patience);
    recorder.#recorded = [];
    return recorder;
  }

  /** Number of this connection on its server. */
  get id(): number {
    return this.#connection.threadId;
  }

  /** What a {@link recorder} has written down. */
  get recorded(): readonly string[] {
    return this.#recorded ?? [];
  }

  async rows<T>(sql: string, values: readonly unknown[] = []): Promise<T[]> {
    return (await this.#send(sql, values)) as T[];
  }

  /** Number of rows that the statement found, changed or not. */
  async change(sql: string, values: readonly unknown[] = []): Promise<number> {
    if (this.#recorded !== undefined) {
      this.#recorded.push(masked(this.#connection.format(sql, [...values])));
      return 1;
    }
    return ((await this.#send(sql, values)) as { affectedRows?: number }).affectedRows ?? 0;
  }

  /** `'name'@'host'`, as an account statement takes it. */
  account(user: string, host: string): string {
    return `${this.text(user)}@${this.text(host)}`;
  }

  text(value: string): string {
    return this.#connection.escape(value);
  }

  async close(): Promise<void> {
    await this.#connection.end().catch(() => undefined);
  }

  async #send(sql: string, values: readonly unknown[]): Promise<unknown> {
    try {
      const options = { sql, values: [...values], timeout: this.#patience.statementMs };
      const [result] = await this.#connection.query<RowDataPacket[]>(options);
      return result;
    } catch (cause) {
      // After a timeout the server may still be at work; nothing more may follow on this connection, and its lock goes with it.
      if ((cause as { code?: unknown }).code === 'PROTOCOL_SEQUENCE_TIMEOUT') this.#connection.destroy();
      throw trouble(this.endpoint, `${describeEndpoint(this.endpoint)} refused a statement`, cause);
    }
  }
}

/** What the server stores for a password, or the password itself, in an account statement. */
export function masked(sql: string): string {
  return sql
    .replaceAll(
      /\b(IDENTIFIED (?:WITH|VIA) \S+ (?:AS|USING|BY)(?: PASSWORD\()? ?|OR \S+ USING |USING PASSWORD\()'(?:[^'\\]|\\.|'')*'/g,
      "$1'****'",
    )
    .replaceAll(/\s+/g, ' ')
    .trim();
}

/** Opens a connection, runs `work` on it and closes it. */
export async function onEndpoint<T>(
  endpoint: Endpoint,
  login: Login,
  patience: Patience,
  work: (client: Client) => Promise<T>,
  database = false,
): Promise<T> {
  const client = await Client.connect(endpoint, login, patience, database);
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

const advice: Readonly<Record<TroubleKind, string>> = {
  authentication: 'Check user and password.',
  network: 'This says nothing about the password; try again when the server answers.',
  policy: 'The server has a password policy that refuses it.',
  permission:
    'The rotator lacks a right: it needs CREATE USER and PROCESS on *.*, SELECT on mysql.*, and all rights on schema keyturn.',
  tls: 'Give the endpoint the right certificate authority in "tls", or say "tls: false" to send everything in clear text.',
  other: 'See the cause.',
};

function trouble(endpoint: Endpoint, what: string, cause: unknown): DatabaseError {
  const kind = troubleOf(cause);
  // The driver keeps the statement in its error, and an account statement holds what the server stores for a password.
  if (cause instanceof Error) delete (cause as { sql?: unknown }).sql;
  const message = cause instanceof Error && cause.message !== '' ? cause.message : String(cause);
  const code = (cause as { code?: unknown } | null)?.code;
  const suffix = typeof code === 'string' && !message.includes(code) ? ` (${code})` : '';
  const todo = kind === 'authentication' && endpoint.kind === 'proxy' ? proxyAdvice : advice[kind];
  return new DatabaseError(`${what}: ${message}${suffix}. ${todo}`, { kind, endpoint: endpoint.name, cause });
}

function configOf(endpoint: Endpoint, login: Login, patience: Patience, database: boolean): ConnectionOptions {
  const tls = endpoint.tls ?? true;
  return {
    host: endpoint.host,
    port: endpoint.port,
    user: login.user,
    password: login.password,
    ...(database && endpoint.database !== '' && { database: endpoint.database }),
    ...(tls !== false && {
      ssl: { ...((tls === true ? {} : tls) as object), rejectUnauthorized: true, verifyIdentity: true },
    }),
    connectTimeout: patience.connectMs,
    connectAttributes: { program_name: 'keyturn' },
    enableKeepAlive: true,
    charset: 'utf8mb4',
  };
}

/** The driver is an optional peer: only who rotates a MySQL or MariaDB needs it. */
async function driver(): Promise<{ createConnection(options: ConnectionOptions): Promise<Connection> }> {
  try {
    return await import('mysql2/promise');
  } catch (cause) {
    throw new DatabaseError(
      'MysqlDatabase needs the driver "mysql2", which is not installed. Run: npm install mysql2',
      {
        kind: 'other',
        endpoint: 'driver',
        cause,
      },
    );
  }
}
