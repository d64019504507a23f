import { randomUUID } from 'node:crypto';

import { CreateSecretCommand, GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { RotatingDatabaseSecret } from '@keyturn/components/aws';
import { createHandler, settingsFrom } from '@keyturn/rotation/hosts/aws-lambda';
import { orNotRun, startMoto, startPostgres } from '@keyturn/services';
import * as pulumi from '@pulumi/pulumi';
import pg from 'pg';
import { describe, expect, it } from 'vitest';

const steps = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const;

/** Inputs and outputs of everything that was registered: what an exported state holds, with secrets shown. */
const state: unknown[] = [];

/** Every text, also of JSON within a text. */
function* texts(value: unknown): Generator<string> {
  if (typeof value === 'object' && value !== null) for (const item of Object.values(value)) yield* texts(item);
  if (typeof value !== 'string') return;
  yield value;
  if (/^(\[|{")/.test(value)) yield* texts(JSON.parse(value));
}

async function environmentOf(host: string, port: number, adminSecretArn: string): Promise<Record<string, string>> {
  let variables: Record<string, string> = {};
  await pulumi.runtime.setMocks({
    newResource: ({ name, type, inputs }) => {
      if (type === 'aws:lambda/function:Function')
        variables = (inputs as { environment: { variables: Record<string, string> } }).environment.variables;
      const outputs = { name, ...(inputs as object), arn: `arn:${name}` };
      state.push(outputs);
      return { id: `${name}-id`, state: outputs };
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
  state.push(
    await new Promise((resolve) => {
      pulumi.all([secret.pair, secret.plan, secret.functionArn, secret.readerPolicy, secret.ready]).apply(resolve);
    }),
  );
  return variables;
}

describe('RotatingDatabaseSecret', () => {
  it(
    'gives its function all that three rotations need, and its state nothing that logs in',
    { timeout: 300_000 },
    async (context) => {
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
        let tried = 0;
        const attempt = async (user: string, guess: string): Promise<string> => {
          const client = new pg.Client({
            host: server.host,
            port: server.port,
            database: 'postgres',
            user,
            password: guess,
          });
          client.on('error', () => undefined);
          try {
            await client.connect();
            await client.end();
            return `${user} logs in`;
          } catch {
            return 'refused';
          }
        };
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
          expect(await attempt(username, password)).toBe(`${username} logs in`);
          // Both users are switched on now.
          const guesses = new Set(generation === 2 ? ['', ...texts(state)] : []);
          for (const user of ['shop_a', 'shop_b', 'shop', server.superuser]) {
            for (const guess of guesses) expect(await attempt(user, guess)).toBe('refused');
          }
          tried += guesses.size;
          published.push(`${username} as ${rows[0]?.role ?? ''}`);
          await handler({ keyturn: 'retire', SecretId: 'db' });
        }
        expect(tried).toBeGreaterThan(50);
        expect(published).toEqual(['shop_a as shop', 'shop_b as shop', 'shop_a as shop']);
      } finally {
        client.destroy();
        await server.stop();
        await moto.stop();
      }
    },
  );
});
