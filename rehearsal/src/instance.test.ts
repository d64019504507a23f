import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { freePort, type PostgresServer, startPostgres } from '@keyturn/services';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { fingerprintOf, now } from './evidence.js';
import { Instance, InstanceError } from './instance.js';

const entry = fileURLToPath(new URL('../dist/testing/app.js', import.meta.url));
const key = 'key of the test';

let server: PostgresServer;
let cwd: string;
const started: Instance[] = [];

beforeAll(async () => {
  server = await startPostgres();
  cwd = mkdtempSync(path.join(tmpdir(), 'keyturn-rehearsal-'));
});
afterEach(async () => {
  await Promise.all(started.splice(0).map((instance) => instance.stop()));
});
afterAll(async () => {
  await server.stop();
  rmSync(cwd, { recursive: true, force: true });
});

function writeEnv(password: string): void {
  writeFileSync(path.join(cwd, '.env'), `DB_USER=${server.superuser}\nDB_PASSWORD=${password}\n`);
}

async function start(env: Record<string, string> = {}): Promise<Instance> {
  const source = { path: path.join(cwd, '.env'), user: 'DB_USER', password: 'DB_PASSWORD' };
  const app = { entry, cwd, env: { DB_PORT: String(server.port), ...env } };
  const instance = new Instance('instance 1', await freePort(), app, { source, key });
  started.push(instance);
  await instance.ready();
  return instance;
}

async function ask(instance: Instance): Promise<number> {
  return (await fetch(`http://127.0.0.1:${instance.port}/query`)).status;
}

describe('an instance', () => {
  it.each(['sync', 'callback', 'promise', 'loadEnvFile'])('tells when it read its source: %s', async (read) => {
    writeEnv(server.superuserPassword);
    const before = now();
    const instance = await start({ READ: read });
    const { reads } = instance.evidence;
    expect(reads).toEqual([
      { at: expect.any(Number) as number, credential: fingerprintOf(key, server.superuser, server.superuserPassword) },
    ]);
    expect(reads[0]?.at).toBeGreaterThan(before);
    expect(reads[0]?.at).toBeLessThan(now());
  });

  it('tells with which credential it logged in, and when that connection ended', async () => {
    writeEnv(server.superuserPassword);
    const instance = await start();
    expect(await ask(instance)).toBe(200);
    const credential = fingerprintOf(key, server.superuser, server.superuserPassword);
    expect(instance.evidence.logins).toEqual([
      { user: 'postgres', credential, begunAt: expect.any(Number) as number, endedAt: expect.any(Number) as number },
    ]);
    await instance.stop();
    expect(instance.evidence.logins[0]?.closedAt).toBeLessThanOrEqual(now());
    expect(instance.evidence.endedAt).toBeLessThanOrEqual(now());
    expect(instance.evidence.fate).toBeUndefined();
  });

  it('tells that a login was refused, and gives the password to nobody', async () => {
    writeEnv('a password that is wrong');
    const instance = await start();
    expect(await ask(instance)).toBe(500);
    const { evidence } = instance;
    expect(evidence.logins).toMatchObject([{ user: 'postgres', refused: '28P01' }]);
    expect(evidence.logins[0]?.credential).toBe(evidence.reads[0]?.credential);
    expect(JSON.stringify(evidence)).not.toContain('a password');
  });

  it('tells pool settings that are not the defaults, and nothing when all are', async () => {
    writeEnv(server.superuserPassword);
    const plain = await start();
    await ask(plain);
    expect(plain.settings).toEqual({});
    const tuned = await start({ IDLE: '500' });
    await ask(tuned);
    expect(tuned.settings).toEqual({ idleTimeoutMillis: { value: '500', byDefault: '10000' } });
  });

  it('says what the application printed when it ends at its start', async () => {
    await expect(start({ LEAVE: 'at once' })).rejects.toThrow(
      new InstanceError('instance 1 ended while it started. It printed: no such license'),
    );
  });

  it('ends with SIGKILL when it does not follow SIGTERM', async () => {
    writeEnv(server.superuserPassword);
    const instance = await start({ LEAVE: 'never' });
    const before = now();
    await instance.stop(300);
    expect(now() - before).toBeGreaterThan(290);
    expect(now() - before).toBeLessThan(3_000);
    expect(instance.evidence.fate).toEqual({
      byItself: false,
      what: 'did not end within 0.3 s of SIGTERM, and was killed',
    });
  });
});
