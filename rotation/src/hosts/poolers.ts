import { type HostDatabase, type HostPooler, proxysqlPort } from '@keyturn/plan';

import type { Tls } from '../databases/postgres/endpoint.js';
import type { PgbouncerOptions } from '../poolers/pgbouncer.js';
import type { ProxysqlOptions } from '../poolers/proxysql.js';
import { loginIn } from './settings.js';
import { SettingsError } from './settings-error.js';

/** The poolers of a host, by the database that they are in front of. */
export interface HostPoolers {
  readonly pgbouncers: readonly PgbouncerOptions[];
  readonly proxysqls: readonly ProxysqlOptions[];
}

/**
 * The poolers of the settings of a host, each with its console's login from a folder.
 *
 * @throws SettingsError when one names no endpoint of kind pooler, its login cannot be read, or a key belongs to another kind of pooler.
 */
export function poolersOf({ poolers = [], endpoints = [], engine = 'postgres' }: HostDatabase, tls: Tls): HostPoolers {
  const postgres = engine.includes('postgres');
  const behind = endpoints.filter(({ kind }) => kind === 'pooler');
  const taken = new Set<string>();
  const found = poolers.map((pooler: HostPooler) => {
    const { endpoint: wanted, host, port, console: folder } = pooler;
    const endpoint = behind.find(({ name }) => name === wanted);
    if (endpoint === undefined)
      throw new SettingsError(
        `"poolers" of "database" names the endpoint "${wanted}", and those of kind pooler are: ${behind.map(({ name }) => name).join(', ') || 'none'}.`,
      );
    checkForm(pooler, engine, postgres);
    const at = { host: host ?? endpoint.host, port: port ?? (postgres ? endpoint.port : proxysqlPort) };
    // Several processes behind one endpoint are told apart by where their consoles are.
    const name = taken.has(wanted) || host !== undefined ? `${wanted} ${at.host}:${at.port}` : wanted;
    taken.add(wanted);
    return { pooler, console: { name, ...at, tls, console: loginIn(folder) } };
  });
  if (!postgres)
    return {
      pgbouncers: [],
      proxysqls: found.map(({ pooler: { passwordForm }, console }) => ({
        ...console,
        ...(passwordForm !== undefined && { passwordForm }),
      })),
    };
  return {
    pgbouncers: found.map(({ pooler: { userlist }, console }) => ({
      ...console,
      ...(userlist !== undefined && { userlist }),
    })),
    proxysqls: [],
  };
}

function checkForm({ userlist, passwordForm }: HostPooler, engine: string, postgres: boolean): void {
  const of = `of "poolers" of "database"`;
  if (!postgres && userlist !== undefined)
    throw new SettingsError(`"userlist" ${of} is a file of a PgBouncer, and the engine is ${engine}. Leave it out.`);
  if (postgres && passwordForm !== undefined)
    throw new SettingsError(`"passwordForm" ${of} is for a ProxySQL, and the engine is ${engine}. Leave it out.`);
  if (passwordForm !== undefined && !['verifier', 'clear-text'].includes(passwordForm))
    throw new SettingsError(
      `"passwordForm" ${of} is "${String(passwordForm)}". Allowed values are: verifier, clear-text.`,
    );
}
