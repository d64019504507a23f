import type { Credential } from '@keyturn/plan';

import type { Endpoint } from '../databases/postgres/endpoint.js';
import { tapMysql } from './mysql-tap.js';
import { tapPostgres } from './postgres-tap.js';
import type { Tap } from './tap.js';
import type { Unit } from './tcp-tap.js';

/** A server to run on. */
export interface KillDatabase {
  readonly kind: 'postgres' | 'mysql' | 'mariadb';
  readonly host: string;
  readonly port: number;
  /** Database that applications use; it is there. */
  readonly name: string;
  readonly admin: { readonly user: string; readonly password: string };
}

/** What stands before that server. */
export type KillPooler = KillPgbouncer | KillProxysql;

/** A PgBouncer, with its list of users; its console is where applications log in. */
interface KillPgbouncer {
  readonly kind: 'pgbouncer';
  readonly host: string;
  readonly port: number;
  readonly console: { readonly user: string; readonly password: string };
  readonly userlist: string;
}

/** A ProxySQL. */
export interface KillProxysql {
  readonly kind: 'proxysql';
  readonly host: string;
  readonly port: number;
  /** Port of its admin interface. */
  readonly consolePort: number;
  readonly console: { readonly user: string; readonly password: string };
}

/** What counts the changes of a database. */
export async function tapDatabase(database: KillDatabase, unit: Unit): Promise<Tap> {
  return database.kind === 'postgres' ? await tapPostgres(database, unit) : await tapMysql(database, unit);
}

/** Logs in as an application does, and leaves again. */
export async function loginOnce(
  kind: KillDatabase['kind'],
  { kind: place, host, port, database }: Endpoint,
  { user, password }: Pick<Credential, 'user' | 'password'>,
): Promise<void> {
  if (kind === 'postgres') {
    const { default: pg } = await import('pg');
    const client = new pg.Client({ host, port, database, user, password, application_name: 'prober' });
    client.on('error', () => undefined);
    try {
      await client.connect();
      // A pooler lets a client in before it has logged in to the server for it.
      if (place === 'pooler') await client.query('SELECT 1');
    } finally {
      await client.end().catch(() => undefined);
    }
    return;
  }
  const { createConnection } = await import('mysql2/promise');
  const connectAttributes = { program_name: 'prober' };
  const connection = await createConnection({ host, port, database, user, password, connectAttributes });
  connection.on('error', () => undefined);
  try {
    if (place === 'pooler') await connection.query('SELECT 1');
  } finally {
    await connection.end().catch(() => undefined);
  }
}

/** Statements of the admin. */
export async function asAdmin({ kind, host, port, name, admin }: KillDatabase, ...statements: string[]): Promise<void> {
  if (kind === 'postgres') {
    const { default: pg } = await import('pg');
    const client = new pg.Client({ host, port, database: name, ...admin });
    await client.connect();
    for (const statement of statements) await client.query(statement);
    await client.end();
    return;
  }
  const { createConnection } = await import('mysql2/promise');
  const connection = await createConnection({ host, port, ...admin });
  for (const statement of statements) await connection.query(statement);
  await connection.end();
}
