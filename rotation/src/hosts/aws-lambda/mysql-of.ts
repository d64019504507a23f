import type { Database } from '../../database.js';
import { MysqlDatabase } from '../../databases/mysql/mysql-database.js';
import type { RotatedSecret } from './secret.js';
import type { Settings } from './settings.js';

const engines: readonly string[] = ['mysql', 'aurora-mysql', 'mariadb'];

/**
 * The database of a secret for MySQL or MariaDB; undefined for others. Only the Lambda function has it: with this driver the bundle of a job would
 * not fit a ConfigMap.
 */
export function mysqlOf(secret: Omit<RotatedSecret, 'store'>, settings: Settings): Database | undefined {
  const { engine, host, port, dbname, admin } = secret;
  if (!engines.includes(engine)) return undefined;
  const at = { database: dbname, tls: settings.tls };
  return new MysqlDatabase({
    pair: settings.pair,
    admin,
    endpoints: [
      { name: 'writer', kind: 'writer', host, port, ...at },
      ...settings.endpoints.map((endpoint) => ({ ...endpoint, ...at })),
    ],
    ...settings.mysqlUsers,
  });
}
