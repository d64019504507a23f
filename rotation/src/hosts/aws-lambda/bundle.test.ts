import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

import { CreateSecretCommand, GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { dualUsersOf } from '@keyturn/plan';
import { orNotRun, startMariadb, startMoto } from '@keyturn/services';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const run = promisify(execFile);
const room = path.join(import.meta.dirname, '..', '..', '..');
const folder = mkdtempSync(path.join(tmpdir(), 'keyturn-bundle-'));

/** The runtime of a function: the SDK, and nothing else of ours or the driver's. */
function linkSdk(): void {
  const place = path.join(folder, 'node_modules', '@aws-sdk', 'client-secrets-manager');
  mkdirSync(path.dirname(place), { recursive: true });
  const installed = ['..', '.']
    .map((up) => path.join(room, up, 'node_modules', '@aws-sdk', 'client-secrets-manager'))
    .find((found) => existsSync(found));
  symlinkSync(installed ?? '', place);
}

beforeAll(async () => {
  await run(process.execPath, [path.join(room, 'bundle.mjs'), folder], { cwd: room });
  linkSdk();
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the bundle of the Lambda function', () => {
  it('is one file that a deployment package holds many times', () => {
    expect(statSync(path.join(folder, 'aws-lambda.mjs')).size).toBeLessThan(1024 * 1024);
  });

  it('loads with nothing but the SDK, and says what it is not told', async () => {
    const program = `
      const { handler } = await import('./aws-lambda.mjs');
      const event = { Step: 'createSecret', SecretId: 'app/db', ClientRequestToken: 'token' };
      await handler(event).catch((error) => console.log(error.name + ': ' + error.message));
    `;
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', program], {
      cwd: folder,
      env: { PATH: process.env['PATH'], AWS_REGION: 'eu-west-1' },
    });
    expect(stdout.trim()).toBe(
      'SettingsError: The environment variable KEYTURN_PAIR is not set. The component sets it; see its page.',
    );
  });

  it('bootstraps and rotates a MariaDB, with the driver that is in the file', { timeout: 120_000 }, async (context) => {
    const { part: moto, because: noMoto } = await orNotRun(startMoto);
    if (moto === undefined) return context.skip(noMoto);
    const { part: server, because: noServer } = await orNotRun(() => startMariadb());
    const aws = { AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' };
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
    const client = new SecretsManagerClient({ endpoint: moto.url, region: aws.AWS_REGION, credentials });
    try {
      if (server === undefined) return context.skip(noServer);
      const { host, port, superuser: username, superuserPassword: password } = server;
      const SecretString = JSON.stringify({ username, password, host });
      const { ARN: masterarn } = await client.send(new CreateSecretCommand({ Name: 'admin', SecretString }));
      await client.send(new CreateSecretCommand({ Name: 'db' }));
      const program = `
        const { handler } = await import('./aws-lambda.mjs');
        await handler({ keyturn: 'bootstrap', SecretId: 'db' });
        const token = { SecretId: 'db', ClientRequestToken: crypto.randomUUID() };
        for (const Step of ['createSecret', 'setSecret', 'testSecret', 'finishSecret']) await handler({ Step, ...token });
      `;
      const plan = { strategy: 'dual-user', every: '1h', consumers: [] };
      await run(process.execPath, ['--input-type=module', '-e', program], {
        cwd: folder,
        env: {
          ...aws,
          AWS_ENDPOINT_URL: moto.url,
          KEYTURN_PAIR: JSON.stringify({ name: 'app', ...dualUsersOf('app') }),
          KEYTURN_PLAN: JSON.stringify(plan),
          KEYTURN_DATABASE: JSON.stringify({ engine: 'mariadb', host, port, masterarn }),
          KEYTURN_TLS: 'off',
        },
      });
      const current = new GetSecretValueCommand({ SecretId: 'db', VersionStage: 'AWSCURRENT' });
      const published: unknown = JSON.parse((await client.send(current)).SecretString ?? '');
      expect(published).toMatchObject({ engine: 'mariadb', username: 'app_a', generation: 1 });
    } finally {
      client.destroy();
      await moto.stop();
      await server?.stop();
    }
  });
});
