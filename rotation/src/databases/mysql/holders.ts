import type { Holder } from '../../holder.js';
import type { Client } from './endpoint.js';

/** A session, and its number on its server. */
interface Session {
  readonly id: number;
  readonly holder: Holder;
}

interface SessionRow {
  readonly id: number;
  readonly address: string | null;
  readonly age: number;
}

/**
 * Sessions of a user on the server of this connection. `since` is when the session last began to do what it does now: the server shows no
 * login times, so a session is at least that old.
 *
 * @throws DatabaseError of kind `permission` when the rotator lacks PROCESS: without it the server shows no sessions, which would look like none.
 */
export async function sessionsOf(client: Client, user: string): Promise<Session[]> {
  // Refused without PROCESS, unlike the list itself.
  await client.rows('SELECT COUNT(*) AS transactions FROM information_schema.INNODB_TRX');
  const rows = await client.rows<SessionRow>(
    'SELECT ID AS id, HOST AS address, TIME AS age FROM information_schema.PROCESSLIST WHERE USER = ? ORDER BY ID',
    [user],
  );
  const names = rows.length === 0 ? new Map<number, string>() : await programsOf(client);
  return rows.map(({ id, address, age }) => {
    const application = names.get(id);
    return {
      id,
      holder: {
        endpoint: client.endpoint.name,
        user,
        ...(address !== null && address !== '' && { clientAddress: address.replace(/:\d+$/, '') }),
        ...(application !== undefined && { application }),
        since: new Date(Date.now() - Math.max(0, age) * 1000),
      },
    };
  });
}

/** What clients call themselves; nothing where the server keeps no performance schema, or does not show it. */
async function programsOf(client: Client): Promise<ReadonlyMap<number, string>> {
  try {
    const rows = await client.rows<{ id: number; program: string }>(
      `SELECT PROCESSLIST_ID AS id, ATTR_VALUE AS program FROM performance_schema.session_connect_attrs WHERE ATTR_NAME = 'program_name'`,
    );
    return new Map(rows.map(({ id, program }) => [id, program]));
  } catch {
    return new Map();
  }
}

/** Ends every session of a user on this server, and says whose they were. */
export async function endOn(client: Client, user: string): Promise<Holder[]> {
  const sessions = await sessionsOf(client, user);
  for (const { id } of sessions) {
    // It may have ended by itself; whether it is gone, the caller asks afterwards.
    await client.change(`KILL CONNECTION ${id}`).catch((error: unknown) => {
      if ((error as { cause?: { errno?: unknown } }).cause?.errno !== 1094) throw error;
    });
  }
  return sessions.map(({ holder }) => holder);
}

/**
 * Ends what a pooler keeps open for a user. One that it has given to another user meanwhile is none of them. Without the right to, they stay,
 * and the gate waits for the pooler's own time limit.
 */
export async function endPooledOn(client: Client, user: string, ids: readonly number[]): Promise<void> {
  const rows = await client.rows<{ id: number }>(
    `SELECT ID AS id FROM information_schema.PROCESSLIST WHERE USER = ? AND COMMAND = 'Sleep' AND ID IN (?)`,
    [user, ids],
  );
  for (const { id } of rows) {
    await client.change(`KILL CONNECTION ${id}`).catch((error: unknown) => {
      const { kind, cause } = error as { kind?: unknown; cause?: { errno?: unknown } };
      if (kind !== 'permission' && cause?.errno !== 1094) throw error;
    });
  }
}
