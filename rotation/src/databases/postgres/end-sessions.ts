import { DatabaseError } from '../../database.js';
import type { Holder } from '../../holder.js';
import type { PooledConnection } from '../../poolers/pgbouncer.js';
import { describeEndpoint, type Endpoint, type Login, onEndpoint, type Patience } from './endpoint.js';

/** Ends the sessions of the user $1, and says whose they were. */
export const endSql = `
  WITH theirs AS MATERIALIZED (
    SELECT pid, host(client_addr) AS address, application_name AS application, backend_start AS since
    FROM pg_stat_activity WHERE usename = $1 AND pid <> pg_backend_pid()
  )
  SELECT address, application, since, pg_terminate_backend(pid) AS ended FROM theirs`;

interface Row {
  readonly address: string | null;
  readonly application: string | null;
  readonly since: Date | null;
  readonly ended: boolean;
}

/**
 * Ends the sessions of a user on one server.
 *
 * @throws DatabaseError of kind `permission` when the rotator may not signal them.
 */
export async function endOn(endpoint: Endpoint, login: Login, patience: Patience, user: string): Promise<Holder[]> {
  return await onEndpoint(endpoint, login, patience, async (client) => {
    try {
      const { rows } = await client.query<Row>(endSql, [user]);
      return rows
        .filter(({ ended }) => ended)
        .map(({ address, application, since }) => ({
          endpoint: endpoint.name,
          user,
          ...(address !== null && { clientAddress: address }),
          ...(application !== null && application !== '' && { application }),
          ...(since !== null && { since }),
        }));
    } catch (cause) {
      if ((cause as { code?: unknown }).code !== '42501') throw cause;
      throw new DatabaseError(
        `${login.user} may not end the sessions of ${user} on ${describeEndpoint(endpoint)}. Grant it pg_signal_backend, or end them by hand.`,
        { kind: 'permission', endpoint: endpoint.name, cause },
      );
    }
  });
}

/** Ends what a pooler keeps open for a user. Without the right to, it stays, and the gate waits for the pooler's own time limit. */
export async function endPooled(
  endpoint: Endpoint,
  login: Login,
  patience: Patience,
  user: string,
  connections: readonly PooledConnection[],
): Promise<void> {
  await onEndpoint(endpoint, login, patience, async (client) => {
    try {
      // A pooler may be in front of another server, which has processes of the same number: the port of the pooler tells.
      await client.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity JOIN unnest($2::int[], $3::int[]) AS pooled (process, port)
           ON pid = process AND (client_port = port OR client_port IS NULL) WHERE usename = $1`,
        [user, connections.map(({ pid }) => pid), connections.map(({ clientPort }) => clientPort)],
      );
    } catch (cause) {
      if ((cause as { code?: unknown }).code !== '42501') throw cause;
    }
  });
}
