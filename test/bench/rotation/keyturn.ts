import path from 'node:path';

import { CreateSecretCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { dualUsersOf, type Plan } from '@keyturn/plan';
import { type CredentialSource, envFile } from '@keyturn/pool';
import { awsSecretsManager } from '@keyturn/pool/aws-secrets-manager';
import { createRotator, EnvFileStore, PostgresDatabase, type Rotator, type Store } from '@keyturn/rotation';
import { AwsSecretsManagerStore } from '@keyturn/rotation/aws-secrets-manager';

import { rotateFully } from '../rotate-fully.js';
import { type Contender, type Ground, refreshMs } from './contender.js';
import { followingApplication } from './following-application.js';

const alone: Plan = { strategy: 'dual-user', every: '1s', runTime: '100ms', consumers: [] };

const underLoad: Plan = {
  ...alone,
  consumers: [
    {
      name: 'load',
      chain: [
        { kind: 'cache', name: 'reads the secret', longest: refreshMs * 1.2 },
        { kind: 'transaction', longest: 50 },
      ],
    },
  ],
};

/** keyturn with a file as its store. */
export async function keyturnWithFile(ground: Ground): Promise<Contender> {
  const file = path.join(ground.folder, 'database.env');
  return await keyturn('keyturn, env-file', ground, new EnvFileStore({ path: file }), () =>
    envFile({ path: file, pollMillis: refreshMs }),
  );
}

/** keyturn with the store of the AWS templates. */
export async function keyturnWithSecretsManager(ground: Ground, client: SecretsManagerClient): Promise<Contender> {
  const secretId = ground.role;
  await client.send(new CreateSecretCommand({ Name: secretId }));
  return await keyturn(
    'keyturn, Secrets Manager',
    ground,
    new AwsSecretsManagerStore({ client, secretId, fields: { engine: 'postgres', host: ground.host } }),
    () => awsSecretsManager({ client, secretId, pollMillis: refreshMs }),
  );
}

async function keyturn(
  name: string,
  { host, port, database, admin, role }: Ground,
  store: Store,
  source: () => CredentialSource,
): Promise<Contender> {
  const pair = { name: role, ...dualUsersOf(role) };
  const rotatorFor = (plan: Plan): Rotator =>
    createRotator({
      pair,
      plan,
      store,
      database: new PostgresDatabase({
        endpoints: [{ name: 'writer', kind: 'writer', tls: false, host, port, database }],
        admin,
        pair,
        sharedRoleKind: 'owner',
      }),
    });
  const rotator = rotatorFor(alone);
  await rotator.bootstrap();
  await rotator.advance();
  const loaded = rotatorFor(underLoad);
  return {
    name,
    owner: pair.sharedRole,
    rotate: () => rotateFully(rotator),
    startApplication: () =>
      Promise.resolve(followingApplication({ host, port, database }, source(), () => rotateFully(loaded))),
    stop: () => Promise.resolve(),
  };
}
