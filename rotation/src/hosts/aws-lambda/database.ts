import type { Strategy } from '@keyturn/plan';

import { BootstrapError, type Database } from '../../database.js';
import type { Endpoint } from '../../databases/postgres/endpoint.js';
import { PostgresDatabase } from '../../databases/postgres/postgres-database.js';
import type { HostPoolers } from '../poolers.js';
import type { RotatedSecret } from './secret.js';
import type { Settings } from './settings.js';

/** What AWS calls an engine, in the JSON of a secret. */
const engines: Readonly<Record<string, 'postgres' | 'mysql'>> = {
  postgres: 'postgres',
  postgresql: 'postgres',
  'aurora-postgresql': 'postgres',
  mysql: 'mysql',
  mariadb: 'mysql',
  'aurora-mysql': 'mysql',
};

/** Port and database where the secret does not say: of MySQL, applications then log in without a database. */
export function defaultsOf(engine: string): { readonly port: number; readonly dbname: string } {
  return engines[engine] === 'mysql' ? { port: 3306, dbname: '' } : { port: 5432, dbname: 'postgres' };
}

/** @throws BootstrapError when the engine is not one that is rotated here, or does not know the strategy. */
export async function databaseOf(
  secret: Omit<RotatedSecret, 'store'>,
  settings: Pick<Settings, 'pair' | 'sharedRoleKind' | 'endpoints' | 'tls' | 'mysqlUsers'> & {
    readonly poolers?: HostPoolers;
  },
  strategy: Strategy = 'dual-user',
): Promise<Database> {
  const { engine, host, port, dbname, admin } = secret;
  const { pair, sharedRoleKind, tls } = settings;
  const at = { database: dbname, tls };
  const endpoints: Endpoint[] = [
    { name: 'writer', kind: 'writer', host, port, ...at },
    ...settings.endpoints.map((endpoint) => ({ ...endpoint, ...at })),
  ];
  const kind = engines[engine];
  if (kind === undefined) {
    throw new BootstrapError(
      `The engine "${engine}" of the secret is not one that this function rotates. Allowed values are: ${Object.keys(engines).join(', ')}.`,
    );
  }
  if (strategy === 'dynamic' || (kind === 'postgres' && strategy === 'dual-password')) {
    throw new BootstrapError(`The engine "${engine}" cannot be rotated by the strategy "${strategy}" here.`);
  }
  if (kind === 'postgres') {
    return new PostgresDatabase({
      pair,
      sharedRoleKind,
      admin,
      endpoints,
      poolers: settings.poolers?.pgbouncers ?? [],
      strategy: strategy === 'single-user' ? strategy : 'dual-user',
    });
  }
  const { MysqlDatabase } = await import('../../databases/mysql/mysql-database.js');
  const poolers = settings.poolers?.proxysqls ?? [];
  return new MysqlDatabase({ pair, admin, endpoints, poolers, strategy, ...settings.mysqlUsers });
}
