import type { Endpoint } from '@keyturn/rotation';

import { type SecretReference, readSecret, referenceSchema, type Surroundings } from '../secret.js';
import { type TlsConfig, readTls, tlsSchema } from '../tls.js';

const text = { type: 'string', minLength: 1 } as const;

/** What every server is told: where it is, and who rotates. */
export interface ServerConfig {
  readonly database: string;
  readonly admin: { readonly user: string; readonly password: SecretReference };
  readonly endpoints: readonly {
    readonly name?: string;
    readonly kind: Endpoint['kind'];
    readonly host: string;
    readonly port?: number;
    readonly tls?: TlsConfig;
  }[];
  readonly tls?: TlsConfig;
}

/** Schema of a {@link ServerConfig}. */
export function serverProperties(rights: string, port: number): Readonly<Record<string, object>> {
  return {
    database: { ...text, description: 'Name of the database that applications use.' },
    admin: {
      description: `The rotator: ${rights}.`,
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
          port: { type: 'integer', minimum: 1, maximum: 65_535, description: `Default: ${port}.` },
          tls: tlsSchema,
        },
      },
    },
    tls: tlsSchema,
  };
}

/** The options that every database takes. */
export function serverOf(
  config: ServerConfig,
  defaultPort: number,
  surroundings: Surroundings,
): {
  readonly admin: { readonly user: string; readonly password: () => string };
  readonly endpoints: readonly Endpoint[];
} {
  return {
    admin: {
      user: config.admin.user,
      password: () => readSecret(`The password of ${config.admin.user}`, config.admin.password, surroundings),
    },
    endpoints: config.endpoints.map(({ name, kind, host, port, tls }): Endpoint => ({
      name: name ?? kind,
      kind,
      host,
      port: port ?? defaultPort,
      database: config.database,
      tls: readTls(tls ?? config.tls, surroundings),
    })),
  };
}
