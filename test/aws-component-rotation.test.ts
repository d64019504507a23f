import { randomUUID } from 'node:crypto';

import { CreateSecretCommand, GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { RotatingDatabaseSecret } from '@keyturn/components/aws';
import { createHandler, settingsFrom } from '@keyturn/rotation/hosts/aws-lambda';
import { orNotRun, startMoto, startPostgres } from '@keyturn/services';
import * as pulumi from '@pulumi/pulumi';
import pg from 'pg';
import { describe, expect, it } from 'vitest';

const steps = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const;

async function environmentOf(host: string, port: number, adminSecretArn: string): Promise<Record<string, string>> {
  let variables: Record<string, string> = {};
  await pulumi.runtime.setMocks({
    newResource: ({ name, type, inputs }) => {
      if (type === 'aws:lambda/function:Function')
        variables = (inputs as { environment: { variables: Record<string, string> } }).environment.variables;
      return { id: `${name}-id`, state: { name, ...(inputs as object), arn: `arn:${name}` } };
    },
    call: ({ inputs }) => inputs as Record<string, unknown>,
  });
  const secret = new RotatingDatabaseSecret('db', {
    pair: 'shop',
    database: { host, port, name: 'postgres' },
    adminSecretArn,
    schedule: { every: '30 days' },
    plan: { consumers: [] },
  });
  await new Promise((resolve) => void secret.ready.apply(resolve));
  return variables;
}

describe('RotatingDatabaseSecret', () => {
  it('gives its function all that three rotations need', { timeout: 300_000 }, async (context) => {
    const { part: moto, because } = await orNotRun(startMoto);
    if (!moto) return context.skip(because);
    const server = await startPostgres();
    const client = new SecretsManagerClient({
      endpoint: moto.url,
      region: 'eu-west-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    });
    try {
      const SecretString = JSON.stringify({
        username: server.superuser,
        password: server.superuserPassword,
        host: server.host,
      });
      const { ARN: admin = '' } = await client.send(new CreateSecretCommand({ Name: 'admin', SecretString }));
      await client.send(new CreateSecretCommand({ Name: 'db' }));
      // The server on loopback speaks clear text; the component leaves encryption on.
      const settings = { ...settingsFrom(await environmentOf(server.host, server.port, admin)), tls: false };
      const handler = createHandler({ client, settings, onEvent: () => undefined });

      await handler({ keyturn: 'bootstrap', SecretId: 'db' });
      const published: string[] = [];
      for (let generation = 1; generation <= 3; generation += 1) {
        const ClientRequestToken = randomUUID();
        for (const Step of steps) await handler({ Step, SecretId: 'db', ClientRequestToken });
        const { SecretString: text = '' } = await client.send(
          new GetSecretValueCommand({ SecretId: 'db', VersionStage: 'AWSCURRENT' }),
        );
        const { username, password } = JSON.parse(text) as { username: string; password: string };
        const app = new pg.Client({
          host: server.host,
          port: server.port,
          database: 'postgres',
          user: username,
          password,
        });
        await app.connect();
        const { rows } = await app.query<{ role: string }>('SELECT current_user AS role');
        await app.end();
        published.push(`${username} as ${rows[0]?.role ?? ''}`);
        await handler({ keyturn: 'retire', SecretId: 'db' });
      }
      expect(published).toEqual(['shop_a as shop', 'shop_b as shop', 'shop_a as shop']);
    } finally {
      client.destroy();
      await server.stop();
      await moto.stop();
    }
  });
});
