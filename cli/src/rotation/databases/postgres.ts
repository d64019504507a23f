import path from 'node:path';

import { UsageError } from '../../errors.js';
import type { DatabaseKind } from '../kind.js';
import { type ServerConfig, serverOf, serverProperties } from './endpoints.js';
import { type PgbouncerConfig, pgbouncersOf, pgbouncersSchema } from './poolers.js';

interface PostgresConfig extends ServerConfig {
  readonly sharedRoleKind?: 'owner' | 'grantee';
  readonly connectionLimit?: number;
  readonly settings?: Readonly<Record<string, string>>;
  readonly rotator?: string;
  readonly poolers?: readonly PgbouncerConfig[];
  readonly serverLog?: string;
}

export const postgres: DatabaseKind<PostgresConfig> = {
  kind: 'postgres',
  description: 'PostgreSQL 13 to 18, with the strategies dual-user and single-user.',
  required: ['database', 'admin', 'endpoints'],
  properties: {
    ...serverProperties('superuser, or CREATEROLE with ADMIN OPTION on both users', 5432),
    sharedRoleKind: {
      enum: ['owner', 'grantee'],
      description:
        'owner (default): the shared role owns the objects, and the users become it at login. grantee: it holds rights on objects of another owner.',
    },
    connectionLimit: {
      type: 'integer',
      minimum: -1,
      description: 'Most connections of each user; each must hold the whole fleet. Default: as it is.',
    },
    settings: {
      type: 'object',
      additionalProperties: { type: 'string' },
      description: 'Settings that both users log in with, such as search_path.',
    },
    rotator: { type: 'string', minLength: 1, description: 'The role that rotates, when another one runs bootstrap.' },
    poolers: pgbouncersSchema,
    serverLog: {
      type: 'string',
      minLength: 1,
      description:
        'Path of the log that the server writes (jsonlog, or stderr with %m or %t first and log_timezone UTC), from the folder of this configuration: it tells which logins were refused since a user was switched off. Default: nothing tells.',
    },
  },
  async make(config, setting) {
    const { PostgresDatabase, refusedInLog } = await import('@keyturn/rotation');
    const { connectionLimit, settings, rotator, poolers, serverLog } = config;
    const { pair, strategy } = setting;
    if (strategy !== 'dual-user' && strategy !== 'single-user')
      throw new UsageError(`PostgreSQL has no strategy "${strategy}": a role has one password. Use dual-user.`);
    const server = serverOf(config, 5432, setting);
    return new PostgresDatabase({
      pair,
      strategy,
      sharedRoleKind: config.sharedRoleKind ?? 'owner',
      ...server,
      ...(connectionLimit !== undefined && { connectionLimit }),
      ...(settings !== undefined && { settings }),
      ...(rotator !== undefined && { rotator }),
      ...(serverLog !== undefined && {
        refusedLogins: (user: string, since: Date) =>
          refusedInLog(path.resolve(setting.folder, serverLog), user, since),
      }),
      ...(poolers !== undefined && { poolers: pgbouncersOf(poolers, server.endpoints, setting) }),
    });
  },
};
