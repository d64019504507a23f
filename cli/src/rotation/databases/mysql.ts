import { UsageError } from '../../errors.js';
import type { DatabaseKind } from '../kind.js';
import { type ServerConfig, serverOf, serverProperties } from './endpoints.js';
import { type ProxysqlConfig, proxysqlsOf, proxysqlsSchema } from './poolers.js';

interface MysqlConfig extends ServerConfig {
  readonly host?: string;
  readonly plugin?: 'caching_sha2_password' | 'mysql_native_password';
  readonly passwordForm?: 'verifier' | 'clear-text';
  readonly requireTls?: boolean;
  readonly connectionLimit?: number;
  readonly rotator?: { readonly user: string; readonly host: string };
  readonly poolers?: readonly ProxysqlConfig[];
}

const text = { type: 'string', minLength: 1 } as const;

export const mysql: DatabaseKind<MysqlConfig> = {
  kind: 'mysql',
  description:
    'MySQL 8.0 and newer, MariaDB 10.4 and newer, with the strategies dual-user, dual-password and single-user.',
  required: ['database', 'admin', 'endpoints'],
  properties: {
    ...serverProperties(
      'CREATE USER and PROCESS on *.*, SELECT on mysql.*, all rights on schema keyturn, and the shared role WITH ADMIN OPTION',
      3306,
    ),
    host: { ...text, description: 'Host part of the users. Default: %.' },
    plugin: {
      enum: ['caching_sha2_password', 'mysql_native_password'],
      description: 'Default: caching_sha2_password on MySQL, mysql_native_password on MariaDB.',
    },
    passwordForm: {
      enum: ['verifier', 'clear-text'],
      description:
        "clear-text lets the server's password policy judge passwords, and shows them to the server. Default: verifier.",
    },
    requireTls: {
      type: 'boolean',
      description: 'Whether the users may log in over TLS only. Default: true for new users, unless "tls" is false.',
    },
    connectionLimit: { type: 'integer', minimum: 0, description: 'Most connections of each user. Default: as it is.' },
    rotator: {
      type: 'object',
      additionalProperties: false,
      required: ['user', 'host'],
      properties: { user: text, host: text },
      description: 'The account that rotates, when another one runs bootstrap.',
    },
    poolers: proxysqlsSchema,
  },
  async make(config, setting) {
    const { MysqlDatabase } = await import('@keyturn/rotation/mysql');
    const { host, plugin, passwordForm, requireTls, connectionLimit, rotator, poolers } = config;
    const { pair, strategy } = setting;
    if (strategy === 'dynamic') throw new UsageError('The strategy "dynamic" has nothing to rotate.');
    const server = serverOf(config, 3306, setting);
    return new MysqlDatabase({
      pair,
      strategy,
      ...server,
      ...(host !== undefined && { host }),
      ...(plugin !== undefined && { plugin }),
      ...(passwordForm !== undefined && { passwordForm }),
      ...(requireTls !== undefined && { requireTls }),
      ...(connectionLimit !== undefined && { connectionLimit }),
      ...(rotator !== undefined && { rotator }),
      ...(poolers !== undefined && { poolers: proxysqlsOf(poolers, server.endpoints, setting) }),
    });
  },
};
