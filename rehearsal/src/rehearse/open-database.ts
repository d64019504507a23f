import { randomBytes } from 'node:crypto';

import { type Pair, soleUser } from '@keyturn/rotation';

import type { RehearsalDatabase } from './database.js';
import { openMysql } from './databases/mysql.js';
import { openPostgres } from './databases/postgres.js';
import type { DatabaseKind, Strategy } from './options.js';

/**
 * Makes a database of the run's own, on a server of its own or on one that was named.
 *
 * @param url of an administrator of the server that was named
 * @param connections that the server must take at once, where it is the run's own
 * @throws RehearsalUsageError when the server that was named cannot be used.
 * @throws PartMissing, PostgresStartError when a server of the run's own cannot be had.
 */
export async function openDatabase(
  kind: DatabaseKind,
  strategy: Strategy,
  url: string | undefined,
  connections: number,
): Promise<RehearsalDatabase> {
  const name = `rehearsal_${randomBytes(4).toString('hex')}`;
  const sharedRole = `${name}_owner`;
  const users =
    strategy === 'dual-password'
      ? soleUser(`${name}_a`, sharedRole)
      : { users: [`${name}_a`, `${name}_b`] as const, sharedRole };
  const pair: Pair = { name, ...users };
  return kind === 'postgres'
    ? await openPostgres(pair, url, connections)
    : await openMysql(kind, pair, url, connections);
}
