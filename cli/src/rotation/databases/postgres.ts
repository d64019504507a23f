import type { Endpoint } from '@keyturn/rotation';

import type { DatabaseKind } from '../kind.js';
import { type SecretReference, readSecret, referenceSchema } from '../secret.js';
import { type TlsConfig, readTls, tlsSchema } from '../tls.js';

interface PostgresConfig {
  readonly database: string;
  readonly admin: { readonly user: string; readonly password: SecretReference };
  readonly endpoints: readonly {
    readonly name?: string;
    readonly kind: Endpoint['kind'];
    readonly host: string;
    readonly port?: number;
    readonly tls?: TlsConfig;
  }[];
  readonly sharedRoleKind?: 'owner' | 'grantee';
  readonly tls?: TlsConfig;
  readonly connectionLimit?: number;
  readonly settings?: Readonly<Record<string, string>>;
  readonly rotator?: string;
}

const text = { type: 'string', minLength: 1 } as const;

export const postgres: DatabaseKind<PostgresConfig> = {
  kind: 'postgres',
  description: 'PostgreSQL 13 to 18.',
  required: ['database', 'admin', 'endpoints'],
  properties: {
    database: { ...text, description: 'Name of the database that applications use.' },
    admin: {
      description: 'The rotator: superuser, or CREATEROLE with ADMIN OPTION on both users.',
      type: 'object',
      additionalProperties: false,
      required: ['user', 'password'],
      properties: { user: text, password: referenceSchema('Password of the rotator.') },
    },
    endpoints: {
      description: 'Every address where applications log in. Exactly one is the writer.',
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['kind', 'host'],
        properties: {
          name: { ...text, description: 'Default: the kind.' },
          kind: { enum: ['writer', 'reader', 'pooler', 'proxy'] },
          host: text,
          port: { type: 'integer', minimum: 1, maximum: 65_535, description: 'Default: 5432.' },
          tls: tlsSchema,
        },
      },
    },
    sharedRoleKind: {
      enum: ['owner', 'grantee'],
      description:
        'owner (default): the shared role owns the objects, and the users become it at login. grantee: it holds rights on objects of another owner.',
    },
    tls: tlsSchema,
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
    rotator: { ...text, description: 'The role that rotates, when another one runs bootstrap.' },
  },
  async make(config, setting) {
    const { PostgresDatabase } = await import('@keyturn/rotation');
    const { connectionLimit, settings, rotator } = config;
    return new PostgresDatabase({
      pair: setting.pair,
      sharedRoleKind: config.sharedRoleKind ?? 'owner',
      admin: {
        user: config.admin.user,
        password: () => readSecret(`The password of ${config.admin.user}`, config.admin.password, setting),
      },
      endpoints: config.endpoints.map(({ name, kind, host, port, tls }) => ({
        name: name ?? kind,
        kind,
        host,
        port: port ?? 5432,
        database: config.database,
        tls: readTls(tls ?? config.tls, setting),
      })),
      ...(connectionLimit !== undefined && { connectionLimit }),
      ...(settings !== undefined && { settings }),
      ...(rotator !== undefined && { rotator }),
    });
  },
};
