import { randomBytes } from 'node:crypto';

import { type PostgresServer, startPostgres } from '@keyturn/services';
import { Client, escapeIdentifier } from 'pg';

import type { Administrator } from '../sessions.js';
import { RehearsalUsageError } from './options.js';

/** A database of the run's own, on a server of its own or on one that was named. */
export interface RehearsalDatabase {
  readonly administrator: Administrator;
  readonly server?: PostgresServer;
  readonly pair: { readonly name: string; readonly users: readonly [string, string]; readonly sharedRole: string };
  query(sql: string): Promise<void>;
  end(): Promise<void>;
}

/**
 * @throws RehearsalUsageError when the server that was named cannot be used.
 * @throws PostgresStartError when a server of the run's own does not come up.
 */
export async function openDatabase(url: string | undefined, connections: number): Promise<RehearsalDatabase> {
  const suffix = randomBytes(4).toString('hex');
  const name = `rehearsal_${suffix}`;
  const pair = { name, users: [`${name}_a`, `${name}_b`] as const, sharedRole: `${name}_owner` };
  if (url !== undefined) return await onNamedServer(url, name, pair);
  const server = await startPostgres({ settings: { max_connections: Math.max(100, connections) } });
  const { host, port, superuser: user, superuserPassword: password } = server;
  const administrator = { host, port, user, password, database: name };
  try {
    await ask({ ...administrator, database: 'postgres' }, `CREATE DATABASE ${name}`);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return {
    administrator,
    server,
    pair,
    query: async (sql) => await ask(administrator, sql),
    end: async () => await server.stop(),
  };
}

async function onNamedServer(url: string, name: string, pair: RehearsalDatabase['pair']): Promise<RehearsalDatabase> {
  const admin = administratorOf(url);
  const administrator = { ...admin, database: name };
  await ask(admin, `CREATE DATABASE ${name}`).catch((cause: unknown) => {
    throw new RehearsalUsageError(
      `The database server at ${admin.host}:${admin.port} cannot be used: ${(cause as Error).message}. Name a user that may create databases and roles.`,
      { cause },
    );
  });
  return {
    administrator,
    pair,
    query: async (sql) => await ask(administrator, sql),
    end: async () => {
      await ask(admin, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      for (const role of [...pair.users, pair.sharedRole]) {
        await ask(admin, `DROP ROLE IF EXISTS ${escapeIdentifier(role)}`);
      }
    },
  };
}

function administratorOf(url: string): Administrator {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (!parsed || !/^postgres(ql)?:$/.test(parsed.protocol) || parsed.username === '') {
    throw new RehearsalUsageError(
      'The database must be named as postgres://user@host:port/database, with the password in KEYTURN_DATABASE_PASSWORD or in the URL.',
    );
  }
  return {
    host: parsed.hostname,
    port: Number(parsed.port || 5432),
    user: decodeURIComponent(parsed.username),
    password: decodeURIComponent(parsed.password) || (process.env['KEYTURN_DATABASE_PASSWORD'] ?? ''),
    database: parsed.pathname.slice(1) || 'postgres',
  };
}

async function ask(administrator: Administrator, sql: string): Promise<void> {
  const client = new Client({ ...administrator });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
