import path from 'node:path';

import type { Endpoint, PgbouncerOptions } from '@keyturn/rotation';

import { didYouMean } from '../../did-you-mean.js';
import { UsageError } from '../../errors.js';
import { readSecret, referenceSchema, type SecretReference, type Surroundings } from '../secret.js';
import { readTls, type TlsConfig, tlsSchema } from '../tls.js';

const text = { type: 'string', minLength: 1 } as const;

/** What the configuration says about a PgBouncer. */
export interface PoolerConfig {
  readonly endpoint?: string;
  readonly host?: string;
  readonly port?: number;
  readonly tls?: TlsConfig;
  readonly console: { readonly user: string; readonly password: SecretReference };
  readonly userlist?: string;
}

/** Schema of a list of {@link PoolerConfig}. */
export const poolersSchema: object = {
  description:
    'The PgBouncers behind endpoints of kind pooler: they are told about new passwords, and their clients count as holders.',
  type: 'array',
  minItems: 1,
  items: {
    type: 'object',
    additionalProperties: false,
    required: ['console'],
    properties: {
      endpoint: { ...text, description: 'Name of the endpoint where applications log in to it. Default: pooler.' },
      host: { ...text, description: 'Where its console is, when that is not the endpoint, such as behind a balancer.' },
      port: { type: 'integer', minimum: 1, maximum: 65_535, description: 'Default: that of the endpoint.' },
      tls: tlsSchema,
      console: {
        description: 'One of its admin_users.',
        type: 'object',
        additionalProperties: false,
        required: ['user', 'password'],
        properties: { user: text, password: referenceSchema('Password of the console.') },
      },
      userlist: {
        ...text,
        description:
          'Path of its auth_file, from the folder of this configuration; keyturn replaces it, and writes verifiers and no passwords. Leave it out where PgBouncer asks the database (auth_query).',
      },
    },
  },
};

/** @throws UsageError when one names no endpoint of kind pooler. */
export function poolersOf(
  poolers: readonly PoolerConfig[],
  endpoints: readonly Endpoint[],
  surroundings: Surroundings,
): readonly PgbouncerOptions[] {
  const behind = endpoints.filter(({ kind }) => kind === 'pooler');
  const taken = new Set<string>();
  return poolers.map(({ endpoint: wanted = 'pooler', host, port, tls, console: admin, userlist }) => {
    const endpoint = behind.find(({ name }) => name === wanted);
    if (endpoint === undefined) {
      const names = behind.map(({ name }) => name);
      throw new UsageError(
        `"poolers" names the endpoint "${wanted}", and ${names.length === 0 ? 'no endpoint is of kind pooler' : `those of kind pooler are ${names.join(', ')}`}.${didYouMean(wanted, names)}`,
      );
    }
    const at = { host: host ?? endpoint.host, port: port ?? endpoint.port };
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
      ...(userlist !== undefined && { userlist: path.resolve(surroundings.folder, userlist) }),
    };
  });
}
