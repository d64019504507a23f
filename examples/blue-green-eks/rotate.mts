// One run of the rotation: makes and tests a candidate, and publishes it when green has had all the traffic. Run it again until it says so.
import { execFileSync } from 'node:child_process';
import { parseArgs } from 'node:util';

import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { createRotator, PostgresDatabase } from '@keyturn/rotation';
import { AwsSecretsManagerStore } from '@keyturn/rotation/aws-secrets-manager';

import { greenAnswer, type Rollout } from './green.mjs';

const { values } = parseArgs({ options: { secret: { type: 'string' }, host: { type: 'string' } } });
const { secret: secretId, host } = values;
const { KEYTURN_ADMIN_USER: user, KEYTURN_ADMIN_PASSWORD: password } = process.env;
if (secretId === undefined || host === undefined || user === undefined || password === undefined) {
  throw new Error('Give --secret and --host, and KEYTURN_ADMIN_USER and KEYTURN_ADMIN_PASSWORD in the environment.');
}

const rolloutNow = (): Rollout =>
  JSON.parse(
    execFileSync('kubectl', ['--namespace', 'shop', 'get', 'rollout', 'web', '--output', 'json'], { encoding: 'utf8' }),
  ) as Rollout;

const pair = { name: 'shop', sharedRole: 'shop', users: ['shop_a', 'shop_b'] } as const;
const rotator = createRotator({
  pair,
  plan: {
    strategy: 'dual-user',
    every: '30 days',
    consumers: [
      {
        name: 'web',
        chain: [
          { kind: 'rollout', longest: '2h' },
          { kind: 'pool', longest: '30m' },
        ],
      },
    ],
  },
  store: new AwsSecretsManagerStore({ client: new SecretsManagerClient({}), secretId }),
  database: new PostgresDatabase({
    endpoints: [{ name: 'writer', kind: 'writer', host, port: 5432, database: 'shop', tls: true }],
    admin: { user, password },
    pair,
    sharedRoleKind: 'owner',
  }),
  mayPublish: async ({ version }) => await Promise.resolve(greenAnswer(rolloutNow(), version)),
});

const result = await rotator.advance();
console.log(result.outcome === 'advanced' ? `published ${result.published}` : `${result.outcome}: ${result.because}`);
