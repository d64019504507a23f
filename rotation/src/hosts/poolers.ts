import type { HostDatabase, HostPooler } from '@keyturn/plan';

import type { Tls } from '../databases/postgres/endpoint.js';
import type { PgbouncerOptions } from '../poolers/pgbouncer.js';
import { loginIn } from './settings.js';
import { SettingsError } from './settings-error.js';

/**
 * The PgBouncers of the settings of a host, each with its console's login from a folder.
 *
 * @throws SettingsError when one names no endpoint of kind pooler, its login cannot be read, or the database is not PostgreSQL.
 */
export function poolersOf(
  { poolers = [], endpoints = [], engine = 'postgres' }: HostDatabase,
  tls: Tls,
): readonly PgbouncerOptions[] {
  if (poolers.length > 0 && !engine.includes('postgres'))
    throw new SettingsError(`"poolers" of "database" are PgBouncers, and the engine is ${engine}. Leave them out.`);
  const behind = endpoints.filter(({ kind }) => kind === 'pooler');
  const taken = new Set<string>();
  return poolers.map(({ endpoint: wanted, host, port, console: folder, userlist }: HostPooler) => {
    const endpoint = behind.find(({ name }) => name === wanted);
    if (endpoint === undefined)
      throw new SettingsError(
        `"poolers" of "database" names the endpoint "${wanted}", and those of kind pooler are: ${behind.map(({ name }) => name).join(', ') || 'none'}.`,
      );
    const at = { host: host ?? endpoint.host, port: port ?? endpoint.port };
    // Several processes behind one endpoint are told apart by where their consoles are.
    const name = taken.has(wanted) || host !== undefined ? `${wanted} ${at.host}:${at.port}` : wanted;
    taken.add(wanted);
    return { name, ...at, tls, console: loginIn(folder), ...(userlist !== undefined && { userlist }) };
  });
}
