import path from 'node:path';

import { proxysqlPort } from '@keyturn/plan';
import type { Endpoint, PgbouncerOptions } from '@keyturn/rotation';
import type { ProxysqlOptions } from '@keyturn/rotation/mysql';

import { didYouMean } from '../../did-you-mean.js';
import { UsageError } from '../../errors.js';
import { readSecret, referenceSchema, type SecretReference, type Surroundings } from '../secret.js';
import { readTls, type TlsConfig, tlsSchema } from '../tls.js';

const text = { type: 'string', minLength: 1 } as const;

/** How the console of a pooler is reached. */
interface ConsoleConfig {
  readonly endpoint?: string;
  readonly host?: string;
  readonly port?: number;
  readonly tls?: TlsConfig;
  readonly console: { readonly user: string; readonly password: SecretReference };
}

/** What the configuration says about a PgBouncer. */
export interface PgbouncerConfig extends ConsoleConfig {
  readonly userlist?: string;
}

/** What the configuration says about a ProxySQL. */
export interface ProxysqlConfig extends ConsoleConfig {
  readonly passwordForm?: 'verifier' | 'clear-text';
}

/** What is said about a kind of pooler in the schema. */
interface Words {
  readonly name: string;
  readonly port: string;
  readonly user: string;
}

function schemaOf({ name, port, user }: Words, more: Readonly<Record<string, object>>): object {
  return {
    description: `The ${name}s behind endpoints of kind pooler: they are told about new passwords, and their clients count as holders.`,
    type: 'array',
    minItems: 1,
    items: {
      type: 'object',
      additionalProperties: false,
      required: ['console'],
      properties: {
        endpoint: { ...text, description: 'Name of the endpoint where applications log in to it. Default: pooler.' },
        host: {
          ...text,
          description: 'Where its console is, when that is not the endpoint, such as behind a balancer.',
        },
        port: { type: 'integer', minimum: 1, maximum: 65_535, description: `Default: ${port}.` },
        tls: tlsSchema,
        console: {
          description: `One of its ${user}.`,
          type: 'object',
          additionalProperties: false,
          required: ['user', 'password'],
          properties: { user: text, password: referenceSchema('Password of the console.') },
        },
        ...more,
      },
    },
  };
}

/** Schema of a list of {@link PgbouncerConfig}. */
export const pgbouncersSchema: object = schemaOf(
  { name: 'PgBouncer', port: 'that of the endpoint', user: 'admin_users' },
  {
    userlist: {
      ...text,
      description:
        'Path of its auth_file, from the folder of this configuration; keyturn replaces it, and writes verifiers and no passwords. Leave it out where PgBouncer asks the database (auth_query).',
    },
  },
);

/** Schema of a list of {@link ProxysqlConfig}. */
export const proxysqlsSchema: object = schemaOf(
  { name: 'ProxySQL', port: `${proxysqlPort}, its admin interface`, user: 'admin-admin_credentials' },
  {
    passwordForm: {
      enum: ['verifier', 'clear-text'],
      description:
        'verifier (default): it gets what the server stores; for caching_sha2_password it needs mysql-default_authentication_plugin to be that, and clients with TLS. clear-text: it gets and keeps the password.',
    },
  },
);

/** @throws UsageError when one names no endpoint of kind pooler. */
export function pgbouncersOf(
  poolers: readonly PgbouncerConfig[],
  endpoints: readonly Endpoint[],
  surroundings: Surroundings,
): readonly PgbouncerOptions[] {
  return consolesOf(poolers, endpoints, surroundings, undefined).map((console, index) => {
    const userlist = poolers[index]?.userlist;
    return { ...console, ...(userlist !== undefined && { userlist: path.resolve(surroundings.folder, userlist) }) };
  });
}

/** @throws UsageError when one names no endpoint of kind pooler. */
export function proxysqlsOf(
  poolers: readonly ProxysqlConfig[],
  endpoints: readonly Endpoint[],
  surroundings: Surroundings,
): readonly ProxysqlOptions[] {
  return consolesOf(poolers, endpoints, surroundings, proxysqlPort).map((console, index) => {
    const passwordForm = poolers[index]?.passwordForm;
    return { ...console, ...(passwordForm !== undefined && { passwordForm }) };
  });
}

function consolesOf(
  poolers: readonly ConsoleConfig[],
  endpoints: readonly Endpoint[],
  surroundings: Surroundings,
  defaultPort: number | undefined,
): readonly Omit<PgbouncerOptions, 'userlist'>[] {
  const behind = endpoints.filter(({ kind }) => kind === 'pooler');
  const taken = new Set<string>();
  return poolers.map(({ endpoint: wanted = 'pooler', host, port, tls, console: admin }) => {
    const endpoint = behind.find(({ name }) => name === wanted);
    if (endpoint === undefined) {
      const names = behind.map(({ name }) => name);
      throw new UsageError(
        `"poolers" names the endpoint "${wanted}", and ${names.length === 0 ? 'no endpoint is of kind pooler' : `those of kind pooler are ${names.join(', ')}`}.${didYouMean(wanted, names)}`,
      );
    }
    const at = { host: host ?? endpoint.host, port: port ?? defaultPort ?? endpoint.port };
    // Several processes behind one endpoint are told apart by where their consoles are.
    const name = taken.has(wanted) || host !== undefined ? `${wanted} ${at.host}:${at.port}` : wanted;
    taken.add(wanted);
    return {
      name,
      ...at,
      tls: tls === undefined ? (endpoint.tls ?? true) : readTls(tls, surroundings),
      console: {
        user: admin.user,
        password: () => readSecret(`The password of the console of ${name}`, admin.password, surroundings),
      },
    };
  });
}
