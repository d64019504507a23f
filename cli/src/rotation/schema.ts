import { kindsSchema } from './kind.js';
import { databaseKinds } from './databases/index.js';
import { storeKinds } from './stores/index.js';

const text = { type: 'string', minLength: 1 } as const;
const duration = { type: 'string', description: 'A number and a unit, such as 15m, 12h or 30d.' } as const;

const consumer = {
  type: 'object',
  additionalProperties: false,
  required: ['name', 'chain'],
  properties: {
    name: { ...text, description: 'What a person calls it.' },
    chain: {
      description: 'Where a credential can stay in use, in order from the store to the last query. The times add up.',
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['kind', 'longest'],
        properties: {
          kind: {
            enum: ['sync', 'replication', 'cache', 'pool', 'transaction', 'process', 'lease', 'token', 'rollout'],
          },
          name: text,
          longest: {
            type: 'string',
            description: 'A number and a unit, or start-bound: until the process is replaced.',
          },
        },
      },
    },
  },
} as const;

const plan = {
  type: 'object',
  additionalProperties: false,
  required: ['every', 'consumers'],
  properties: {
    strategy: {
      enum: ['dual-user', 'dual-password', 'single-user'],
      description:
        'Default: dual-user. dual-password (MySQL and MariaDB) and single-user are for applications whose user name cannot change; single-user refuses logins for a moment.',
    },
    every: { ...duration, description: 'Time between two rotations, such as 30d.' },
    consumers: {
      type: 'array',
      items: consumer,
      description: 'Who uses the credential, and how long each can hold it.',
    },
    soak: {
      ...duration,
      description: 'Time between switching the superseded user off and taking its password away. Default: none.',
    },
    runTime: { ...duration, description: 'Longest time that one rotation takes. Default: 1m.' },
  },
} as const;

/** JSON Schema of `keyturn.rotation.yaml`. Closed everywhere: a word it does not know is refused. */
export function rotationSchema(): object {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'keyturn.rotation.yaml',
    type: 'object',
    additionalProperties: false,
    required: ['pairs'],
    properties: {
      $schema: { type: 'string', description: 'Where an editor finds this schema.' },
      pairs: {
        type: 'object',
        minProperties: 1,
        description: 'What is rotated, by name.',
        additionalProperties: {
          type: 'object',
          additionalProperties: false,
          required: ['database', 'store', 'plan'],
          properties: {
            sharedRole: { ...text, description: 'The role behind both users. Default: the name of the pair.' },
            users: {
              type: 'array',
              items: text,
              minItems: 2,
              maxItems: 2,
              description: 'The two users. Default: the name of the pair with _a and with _b.',
            },
            user: { ...text, description: 'The only user, with the strategies dual-password and single-user.' },
            passwordLength: { type: 'integer', minimum: 16, maximum: 128, description: 'Characters. Default: 32.' },
            database: kindsSchema(databaseKinds),
            store: kindsSchema(storeKinds),
            plan,
          },
        },
      },
    },
  };
}
