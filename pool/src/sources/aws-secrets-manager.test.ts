import { CreateSecretCommand, PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { type HttpService, orNotRun, startMoto } from '@keyturn/services';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { awsSecretsManager } from './aws-secrets-manager.js';

let moto: HttpService | undefined;
let missing = '';
let client: SecretsManagerClient;
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
beforeEach((context) => {
  if (!moto) context.skip(missing);
});

async function secret(text: string): Promise<string> {
  secrets += 1;
  const Name = `app/pool-${secrets}`;
  await client.send(new CreateSecretCommand({ Name, SecretString: text }));
  return Name;
}

describe('a secret in AWS Secrets Manager', () => {
  it('gives the current version, and the previous one as fallback', async () => {
    const secretId = await secret(JSON.stringify({ username: 'app_a', password: 'one', generation: 1 }));
    const source = awsSecretsManager({ client, secretId });
    expect(await source.read()).toEqual({ user: 'app_a', password: 'one', generation: 1 });
    const next = JSON.stringify({ username: 'app_b', password: 'two', generation: 2 });
    await client.send(new PutSecretValueCommand({ SecretId: secretId, SecretString: next }));
    expect(await source.read()).toEqual({ user: 'app_b', password: 'two', generation: 2 });
    expect(await source.readPrevious?.()).toEqual({ user: 'app_a', password: 'one', generation: 1 });
  });

  it.each([
    ['text that is no JSON', 'hunter2', 'holds no JSON object; write {"username": …, "password": …}.'],
    ['no user', '{"password":"hunter2"}', 'has no text "username" and "password" in its JSON'],
  ])('says what is wrong with %s, and not what it holds', async (_name, text, message) => {
    const source = awsSecretsManager({ client, secretId: await secret(text) });
    const error = (await source.read().catch((caught: unknown) => caught)) as Error;
    expect(error.message).toContain(message);
    expect(error.message).not.toContain('hunter2');
  });
});
