import {
  CreateSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { type HttpService, orNotRun, startMoto } from '@keyturn/services';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { storeContract } from '../../contracts/store-contract.js';
import { StoreConflictError } from '../../store.js';
import { AwsSecretsManagerStore } from './aws-secrets-manager-store.js';

const canary = 'canary-3f9a';
let moto: HttpService | undefined;
let missing = '';
let client: SecretsManagerClient;
let secretId = '';
let secrets = 0;

beforeAll(async () => {
  const { part, because } = await orNotRun(startMoto);
  moto = part;
  missing = because ?? '';
  client = new SecretsManagerClient({
    endpoint: moto?.url ?? 'http://127.0.0.1:9',
    region: 'eu-west-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
}, 300_000);
afterAll(async () => {
  client.destroy();
  await moto?.stop();
});
beforeEach(async (context) => {
  if (!moto) context.skip(missing);
  secrets += 1;
  secretId = `app/db-${secrets}`;
  await client.send(new CreateSecretCommand({ Name: secretId }));
});

const credential = (generation: number) => ({
  user: generation % 2 === 1 ? 'app_a' : 'app_b',
  password: `${canary}-${generation}`,
  generation,
});
const token = (generation: number) => `00000000-0000-4000-8000-${String(generation).padStart(12, '0')}`;

async function rotate(store: AwsSecretsManagerStore, generation: number): Promise<void> {
  const version = await store.writePending(credential(generation), { token: token(generation) });
  await store.publish(version, { expectedCurrent: generation === 1 ? undefined : token(generation - 1) });
}

storeContract('AwsSecretsManagerStore', () => {
  const open = (): AwsSecretsManagerStore => new AwsSecretsManagerStore({ client, secretId });
  return Promise.resolve({ store: open(), reopen: open });
});

describe('AwsSecretsManagerStore', () => {
  it('reads nothing from a secret without a value', async () => {
    expect(await new AwsSecretsManagerStore({ client, secretId }).readPublished()).toBeUndefined();
  });

  it('moves the labels as the AWS templates do, and leaves no AWSPENDING behind', async () => {
    const store = new AwsSecretsManagerStore({ client, secretId });
    await rotate(store, 1);
    await rotate(store, 2);
    const { VersionIdsToStages } = await client.send(new DescribeSecretCommand({ SecretId: secretId }));
    expect(VersionIdsToStages?.[token(2)]).toEqual(['AWSCURRENT']);
    expect(VersionIdsToStages?.[token(1)]).toEqual(['AWSPREVIOUS']);
    expect(await store.readPublished()).toMatchObject({ user: 'app_b', generation: 2, stage: 'current' });
    expect(await store.readVersion(token(1))).toMatchObject({ user: 'app_a', stage: 'previous' });
  });

  it('keeps the other keys of the secret, which applications and templates read', async () => {
    await rotate(
      new AwsSecretsManagerStore({
        client,
        secretId,
        fields: { engine: 'postgres', host: 'db', masterarn: 'arn:admin' },
      }),
      1,
    );
    await rotate(new AwsSecretsManagerStore({ client, secretId }), 2);
    const { SecretString } = await client.send(
      new GetSecretValueCommand({ SecretId: secretId, VersionStage: 'AWSCURRENT' }),
    );
    expect(JSON.parse(SecretString ?? '')).toEqual({
      engine: 'postgres',
      host: 'db',
      masterarn: 'arn:admin',
      username: 'app_b',
      password: `${canary}-2`,
      generation: 2,
    });
  });

  it('hands out the first candidate of a token again, whatever a retry brings', async () => {
    const store = new AwsSecretsManagerStore({ client, secretId });
    await store.writePending(credential(1), { token: token(1) });
    expect(await store.readPublished()).toBeUndefined();
    await store.writePending({ ...credential(1), password: 'another' }, { token: token(1) });
    expect(await store.readVersion(token(1))).toMatchObject({ password: `${canary}-1`, stage: 'pending' });
  });

  it('refuses to publish over somebody else', async () => {
    const store = new AwsSecretsManagerStore({ client, secretId });
    await rotate(store, 1);
    await store.writePending(credential(2), { token: token(2) });
    const publishing = store.publish(token(2), { expectedCurrent: token(9) });
    await expect(publishing).rejects.toThrow(StoreConflictError);
    expect(await store.readPublished()).toMatchObject({ generation: 1 });
  });

  it('says what is wrong without a word of the secret', async () => {
    const store = new AwsSecretsManagerStore({ client, secretId: 'no/such' });
    const error = await store.writePending(credential(1), { token: token(1) }).catch((caught: unknown) => caught);
    expect(String(error)).toBe(
      'StoreError: Secrets Manager no/such: could not read the versions: ResourceNotFoundException. Create the secret first, without a value.',
    );
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain(canary);
  });
});
