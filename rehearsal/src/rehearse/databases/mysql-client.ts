import type { Connection, ConnectionOptions, RowDataPacket } from 'mysql2/promise';

import type { SessionCounter } from '../../sessions.js';
import { RehearsalUsageError } from '../options.js';

/** How to reach a MySQL or MariaDB as somebody who may do everything. */
export interface MysqlAdministrator {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

type Row = Readonly<Record<string, unknown>>;

/** Rows of the one statement that `sql` holds; nothing for several. */
export async function ask(
  administrator: MysqlAdministrator & { readonly database?: string },
  sql: string,
  values: readonly unknown[] = [],
): Promise<readonly Row[]> {
  const connection = await connect({ ...administrator, multipleStatements: true });
  try {
    const [rows] = await connection.query<RowDataPacket[]>(sql, [...values]);
    return rows;
  } finally {
    await connection.end().catch(() => undefined);
  }
}

/** Counts the sessions of some users in the process list. */
export class MysqlSessions implements SessionCounter {
  readonly #administrator: MysqlAdministrator;
  readonly #users: readonly string[];
  #connection: Connection | undefined;

  constructor(administrator: MysqlAdministrator, users: readonly string[]) {
    this.#administrator = administrator;
    this.#users = users;
  }

  async count(): Promise<Readonly<Record<string, number>>> {
    const connection = (this.#connection ??= await connect(this.#administrator));
    try {
      const [rows] = await connection.query<RowDataPacket[]>(
        'SELECT USER AS user, COUNT(*) AS sessions FROM information_schema.PROCESSLIST WHERE USER IN (?) GROUP BY USER',
        [this.#users],
      );
      return Object.fromEntries(rows.map((row) => [String(row['user']), Number(row['sessions'])]));
    } catch (error) {
      this.#connection?.destroy();
      this.#connection = undefined;
      throw error;
    }
  }

  async end(): Promise<void> {
    await this.#connection?.end();
  }
}

async function connect(options: ConnectionOptions): Promise<Connection> {
  const { createConnection } = await driver();
  const connection = await createConnection({ ...options, connectTimeout: 10_000 });
  // A connection that ends between two statements must not end the process; the next statement reports it.
  connection.on('error', () => undefined);
  return connection;
}

/** The driver is an optional peer: only who rehearses on MySQL or MariaDB needs it. */
async function driver(): Promise<{ createConnection(options: ConnectionOptions): Promise<Connection> }> {
  try {
    return await import('mysql2/promise');
  } catch (cause) {
    throw new RehearsalUsageError(
      'A rehearsal on MySQL or MariaDB needs the driver "mysql2", which is not installed. Run: npm install mysql2',
      { cause },
    );
  }
}
