import { type Pair, PostgresDatabase } from '@keyturn/rotation';
import { startPostgres } from '@keyturn/services';
import { Client, escapeIdentifier, escapeLiteral } from 'pg';

import { type Administrator, PostgresSessions } from '../../postgres-sessions.js';
import { startLoginWire } from '../../wire/login-wire.js';
import { PostgresLogin } from '../../wire/postgres-login.js';
import { type RehearsalDatabase, setupFailed, unusable } from '../database.js';
import { serverOf } from '../database-url.js';

/**
 * @throws RehearsalUsageError when the server that was named cannot be used.
 * @throws PostgresStartError when a server of the run's own does not come up.
 */
export async function openPostgres(
  names: Pair,
  url: string | undefined,
  connections: number,
): Promise<RehearsalDatabase> {
  return url === undefined ? await onOwnServer(names, connections) : await onNamedServer(names, url);
}

async function onOwnServer(names: Pair, connections: number): Promise<RehearsalDatabase> {
  const server = await startPostgres({ settings: { max_connections: Math.max(100, connections) } });
  const { host, port, superuser: user, superuserPassword: password } = server;
  const administrator = { host, port, user, password, database: names.name };
  try {
    await ask({ ...administrator, database: 'postgres' }, `CREATE DATABASE ${names.name}`);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return {
    ...databaseOf(names, administrator),
    restart: async () => await server.restart(),
    end: async () => await server.stop(),
  };
}

async function onNamedServer(names: Pair, url: string): Promise<RehearsalDatabase> {
  const { user, database = 'postgres', ...server } = serverOf(url, 5432);
  const admin = { ...server, user, database };
  await ask(admin, `CREATE DATABASE ${names.name}`).catch((cause: unknown) => {
    throw unusable(admin, cause);
  });
  return {
    ...databaseOf(names, { ...admin, database: names.name }),
    end: async () => {
      await ask(admin, `DROP DATABASE IF EXISTS ${names.name} WITH (FORCE)`);
      for (const role of [...names.users, names.sharedRole]) {
        await ask(admin, `DROP ROLE IF EXISTS ${escapeIdentifier(role)}`);
      }
    },
  };
}

function databaseOf(names: Pair, administrator: Administrator): Omit<RehearsalDatabase, 'end'> {
  const { host, port, database } = administrator;
  const { users, sharedRole } = names;
  return {
    address: { kind: 'postgres', host, port, database },
    pair: names,
    engine: () =>
      new PostgresDatabase({
        endpoints: [{ name: 'writer', kind: 'writer', host, port, database, tls: false }],
        admin: { user: administrator.user, password: administrator.password },
        pair: names,
        sharedRoleKind: 'owner',
      }),
    sessions: () => new PostgresSessions(administrator),
    startWire: async (key) => await startLoginWire(administrator, (onEnd) => new PostgresLogin(onEnd), key),
    createUser: async (password) => {
      await ask(
        administrator,
        `CREATE ROLE ${sharedRole}; CREATE USER ${users[0]} IN ROLE ${sharedRole} PASSWORD ${escapeLiteral(password)}`,
      );
    },
    changePassword: async (password) => {
      await ask(administrator, `ALTER USER ${users[0]} PASSWORD ${escapeLiteral(password)}`);
    },
    furnish: async (setup) => {
      await ask(
        administrator,
        `GRANT ALL ON DATABASE ${escapeIdentifier(database)} TO ${sharedRole}; ALTER SCHEMA public OWNER TO ${sharedRole}`,
      );
      if (setup === undefined) return;
      await ask(administrator, `SET ROLE ${sharedRole}; ${setup}`).catch((cause: unknown) => {
        throw setupFailed(cause);
      });
    },
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
