import type { Plan, SharedRoleKind } from '@keyturn/plan';

import type { Endpoint, Tls } from '../../databases/postgres/endpoint.js';
import type { Pair } from '../../pair.js';
import { SettingsError } from '../settings-error.js';
import { tlsFrom } from '../tls.js';

/** What a rotation function is told beside the secret. */
export interface Settings {
  readonly pair: Pair;
  readonly plan: Plan;
  readonly sharedRoleKind: SharedRoleKind;
  /** `engine`, `host`, `port`, `dbname`, `masterarn`: needed while the secret has no value yet. */
  readonly database: Readonly<Record<string, string | number>>;
  /** Endpoints beside the writer, which is the secret's `host` and `port`. */
  readonly endpoints: readonly Omit<Endpoint, 'database' | 'tls'>[];
  readonly tls: Tls;
  /** Secret of each user beside the rotated one, for RDS Proxy. Default: none. */
  readonly userSecrets?: Readonly<Record<string, string>>;
  /** Name of the RDS Proxy that has to know the secrets of both users before one of them is re-keyed. Default: AWS is not asked. */
  readonly proxy?: string;
  /** How `bootstrap` makes the users on MySQL and MariaDB. Default: as `MysqlDatabase` does. */
  readonly mysqlUsers?: { readonly host?: string; readonly requireTls?: boolean; readonly connectionLimit?: number };
  /** Milliseconds after which a rotation is late, and is asked for again by the second schedule. Default: never. */
  readonly rotatesWithinMs?: number;
}

export { SettingsError };

/**
 * Settings from the environment of the function: `KEYTURN_PAIR`, `KEYTURN_PLAN`, `KEYTURN_DATABASE` (JSON); `KEYTURN_ENDPOINTS` (JSON, default
 * none), `KEYTURN_SHARED_ROLE` (`owner` or `grantee`, default `owner`), `KEYTURN_TLS` (path of a CA file, or `off`; default: the system's
 * certificates), `KEYTURN_USER_SECRETS` (JSON, user to secret; default none), `KEYTURN_PROXY` (name of the RDS Proxy to ask; default none), `KEYTURN_ROTATES_WITHIN_MS` (default: never late),
 * `KEYTURN_MYSQL_USERS` (JSON, how users are made).
 *
 * @throws SettingsError when one is missing or is not JSON.
 */
export function settingsFrom(env: NodeJS.ProcessEnv): Settings {
  const kind = env['KEYTURN_SHARED_ROLE'] ?? 'owner';
  if (kind !== 'owner' && kind !== 'grantee')
    throw new SettingsError(`KEYTURN_SHARED_ROLE is "${kind}". Allowed values are: owner, grantee.`);
  return {
    pair: json<Pair>(env, 'KEYTURN_PAIR'),
    plan: json<Plan>(env, 'KEYTURN_PLAN'),
    database: json<Settings['database']>(env, 'KEYTURN_DATABASE'),
    endpoints: env['KEYTURN_ENDPOINTS'] === undefined ? [] : json<Settings['endpoints']>(env, 'KEYTURN_ENDPOINTS'),
    sharedRoleKind: kind,
    tls: tlsFrom(env['KEYTURN_TLS'], 'KEYTURN_TLS'),
    ...(env['KEYTURN_USER_SECRETS'] === undefined
      ? {}
      : { userSecrets: json<Record<string, string>>(env, 'KEYTURN_USER_SECRETS') }),
    ...((env['KEYTURN_PROXY'] ?? '') === '' ? {} : { proxy: env['KEYTURN_PROXY'] ?? '' }),
    ...(env['KEYTURN_MYSQL_USERS'] === undefined
      ? {}
      : { mysqlUsers: json<NonNullable<Settings['mysqlUsers']>>(env, 'KEYTURN_MYSQL_USERS') }),
    ...(env['KEYTURN_ROTATES_WITHIN_MS'] === undefined
      ? {}
      : { rotatesWithinMs: json<number>(env, 'KEYTURN_ROTATES_WITHIN_MS') }),
  };
}

function json<T>(env: NodeJS.ProcessEnv, name: string): T {
  const text = env[name];
  if (text === undefined || text === '')
    throw new SettingsError(`The environment variable ${name} is not set. The component sets it; see its page.`);
  try {
    return JSON.parse(text) as T;
  } catch {
    throw new SettingsError(`The environment variable ${name} is not JSON.`);
  }
}
