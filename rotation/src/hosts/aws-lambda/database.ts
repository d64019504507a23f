import { BootstrapError, type Database } from '../../database.js';
import { PostgresDatabase } from '../../databases/postgres/postgres-database.js';
import type { RotatedSecret } from './secret.js';
import type { Settings } from './settings.js';

/** @throws BootstrapError when the engine is not one that this function rotates. */
export async function databaseOf(
  secret: Omit<RotatedSecret, 'store'>,
  settings: Pick<Settings, 'pair' | 'sharedRoleKind' | 'endpoints' | 'tls'>,
): Promise<Database> {
  const { engine, host, port, dbname, admin } = secret;
  if (!['postgres', 'postgresql', 'aurora-postgresql'].includes(engine)) {
    throw new BootstrapError(`The engine "${engine}" of the secret is not one that this function rotates: postgres.`);
  }
  const at = { database: dbname, tls: settings.tls };
  return await Promise.resolve(
    new PostgresDatabase({
      pair: settings.pair,
      sharedRoleKind: settings.sharedRoleKind,
      admin,
      endpoints: [
        { name: 'writer', kind: 'writer', host, port, ...at },
        ...settings.endpoints.map((endpoint) => ({ ...endpoint, ...at })),
      ],
    }),
  );
}
