import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

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
    expect(statSync(path.join(folder, 'aws-lambda.mjs')).size).toBeLessThan(1.5 * 1024 * 1024);
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
});
