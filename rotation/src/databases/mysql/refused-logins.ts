import { DatabaseError } from '../../database.js';
import type { Holder } from '../../holder.js';
import type { Client } from './endpoint.js';

interface Row {
  readonly refused: number;
  readonly others: number;
}

/**
 * 3118 follows a correct password only. The server counts it for all accounts together and keeps the second of the last one, so it speaks of
 * this user when no other locked account has a password that somebody could know: not those of the server itself, not roles, and not users
 * of other pairs whose password keyturn made and threw away.
 */
const sql = `
  SELECT
    EXISTS (SELECT * FROM performance_schema.events_errors_summary_global_by_error
      WHERE ERROR_NUMBER = 3118 AND UNIX_TIMESTAMP(LAST_SEEN) >= FLOOR(? / 1000)) AS refused,
    EXISTS (SELECT * FROM mysql.user u
      WHERE u.account_locked = 'Y' AND u.User <> ? AND u.User NOT LIKE 'mysql.%' AND u.authentication_string <> ''
        AND NOT EXISTS (SELECT * FROM keyturn.pair p WHERE u.User IN (p.user_a, p.user_b)
          AND NOT u.User <=> p.published_user AND (NOT u.User <=> p.superseded_user OR p.superseded_phase = 'retired'))) AS others`;

function isNoTable(cause: unknown): boolean {
  const errno = (cause as { errno?: unknown } | undefined)?.errno;
  return errno === 1049 || errno === 1146;
}

/** Refused logins of a locked user on this MySQL; `undefined` when it does not tell. */
export async function refusedOn(client: Client, user: string, since: number): Promise<Holder[] | undefined> {
  const [enabled] = await client.rows<{ schema: number }>('SELECT @@performance_schema AS `schema`');
  if (enabled?.schema !== 1) return undefined;
  try {
    const [row] = await client.rows<Row>(sql, [since, user]);
    if (row === undefined || row.others === 1) return undefined;
    return row.refused === 1 ? [{ endpoint: client.endpoint.name, user }] : [];
  } catch (error) {
    // Not every rotator may read the performance schema, and not every reader replicates the journal.
    const unreadable = error instanceof DatabaseError && (error.kind === 'permission' || isNoTable(error.cause));
    if (unreadable) return undefined;
    throw error;
  }
}
