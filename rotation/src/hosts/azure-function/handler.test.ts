import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';

import { SecretClient } from '@azure/keyvault-secrets';
import { type HostSettings, hostVariables } from '@keyturn/plan';
import {
  type KeyVaultStandIn,
  type PostgresServer,
  orNotRun,
  startKeyVaultStandIn,
  startMariadb,
  startPostgres,
} from '@keyturn/services';
import { createConnection } from 'mysql2/promise';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { SettingsError } from '../settings-error.js';
import { azureFunction, RotationBlocked } from './handler.js';

const run = promisify(execFile);
let server: PostgresServer;
let vault: KeyVaultStandIn;
let settings: HostSettings;
let secretName = '';
let lines: string[] = [];
let pairs = 0;

beforeAll(async () => {
  [server, vault] = await Promise.all([startPostgres(), startKeyVaultStandIn()]);
  vault.write('admin', {
    value: JSON.stringify({ username: server.superuser, password: server.superuserPassword }),
  });
}, 120_000);
afterAll(async () => {
  await vault.stop();
  await server.stop();
});
beforeEach(() => {
  pairs += 1;
  lines = [];
  const name = `azure${pairs}`;
  secretName = `${name}-db`;
  settings = {
    pair: { name, sharedRole: name, users: [`${name}_a`, `${name}_b`] },
    plan: { strategy: 'dual-user', every: '60d', consumers: [] },
    database: { host: server.host, port: server.port, dbname: 'postgres', admin: { secret: 'admin' }, tls: 'off' },
    store: { kind: 'azure-key-vault', vault: vault.url, name: secretName },
    bootstrap: true,
  };
});

const made = (more: Partial<HostSettings> = {}, env: NodeJS.ProcessEnv = {}) =>
  azureFunction({
    env: { [hostVariables.settings]: JSON.stringify({ ...settings, ...more }), ...env },
    write: (line) => lines.push(line),
    clientFor: (url) =>
      new SecretClient(
        url,
        { getToken: () => Promise.resolve({ token: 'token', expiresOnTimestamp: Date.now() + 3_600_000 }) },
        { allowInsecureConnection: true, disableChallengeResourceVerification: true, retryOptions: { maxRetries: 0 } },
      ),
  });

const published = () => vault.versions(secretName).at(-1);

/** As Microsoft's reference shows it: https://learn.microsoft.com/azure/event-grid/event-schema-key-vault */
const nearExpiry = (data: object = {}) => ({
  id: '00eccf70-95a7-4e7c-8299-2eb17ee9ad64',
  topic: '/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/127',
  subject: secretName,
  eventType: 'Microsoft.KeyVault.SecretNearExpiry',
  eventTime: '2026-07-25T01:08:33.1036736Z',
  data: {
    Id: `${vault.url}/secrets/${secretName}/${published()?.version ?? ''}`,
    VaultName: '127',
    ObjectType: 'Secret',
    ObjectName: secretName,
    Version: published()?.version,
    NBF: null,
    EXP: 1559081980,
    ...data,
  },
  dataVersion: '1',
});

const value = () => JSON.parse(published()?.value ?? '') as { username: string; password: string; generation: number };

async function login(credential: { username: string; password: string }): Promise<pg.Client> {
  const { username: user, password } = credential;
  const client = new pg.Client({ host: server.host, port: server.port, database: 'postgres', user, password });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

describe('the Azure Function', { timeout: 60_000 }, () => {
  it('publishes first by its timer, so that the near-expiry event comes when the next rotation is due', async () => {
    await made().tend();
    expect(value()).toMatchObject({ username: settings.pair.users[0], generation: 1 });
    const { created = 0, expires = 0 } = published() ?? {};
    expect(Math.round((expires - created) / 86_400)).toBe(60 + 30);
    await made().tend();
    expect(value().generation).toBe(1);
  });

  it('rotates on the event, and the credential before works until the timer retires it', async () => {
    await made().tend();
    const before = value();
    await made().nearExpiry(nearExpiry());
    expect(value()).toMatchObject({ username: settings.pair.users[1], generation: 2 });
    for (const credential of [before, value()]) await (await login(credential)).end();
    await made().tend();
    await expect(login(before)).rejects.toMatchObject({ code: '28P01' });
  });

  it('sends metrics to the collector that the environment names, and rotates also when it refuses them', async () => {
    const bodies: string[] = [];
    const collector = createServer((request, response) => {
      void text(request).then((body) => {
        bodies.push(body);
        response.writeHead(bodies.length === 1 ? 200 : 401, { 'content-type': 'application/json' }).end('{}');
      });
    });
    await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
    const endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
    try {
      await made({}, { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }).tend();
      const [first = ''] = bodies;
      for (const name of ['overdue', 'age', 'generation']) expect(first).toContain(`"keyturn.rotation.${name}"`);
      expect(first).toContain(`"stringValue":"${settings.pair.name}"`);
      expect(lines.filter((line) => line.includes('MetricsError'))).toEqual([]);
      await made({}, { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }).nearExpiry(nearExpiry());
      expect(value().generation).toBe(2);
      expect(lines.filter((line) => line.includes('status 401'))).toHaveLength(1);
      expect([...bodies, ...lines].join()).not.toContain(value().password);
    } finally {
      await new Promise((resolve) => collector.close(resolve));
    }
  });

  it('rotates once for an event that is delivered twice, in the schema of CloudEvents too', async () => {
    await made().tend();
    const { eventType: type, ...event } = nearExpiry();
    await made().nearExpiry({ ...event, type });
    await made().nearExpiry({ ...event, type });
    expect(value().generation).toBe(2);
    expect(lines.at(-1)).toContain('"type":"ignored"');
  });

  it.each([
    { name: 'another secret', event: () => nearExpiry({ ObjectName: 'other' }) },
    { name: 'another vault', event: () => nearExpiry({ VaultName: 'other' }) },
    {
      name: 'another thing',
      event: () => ({ ...nearExpiry(), eventType: 'Microsoft.KeyVault.SecretNewVersionCreated' }),
    },
    { name: 'nothing', event: () => undefined },
  ])('leaves an event about $name alone', async ({ event }) => {
    await made().tend();
    await made().nearExpiry(event());
    expect(value().generation).toBe(1);
  });

  it('asks for the event again while somebody holds the user whose turn it is', async () => {
    await made().tend();
    const session = await login(value());
    await made().nearExpiry(nearExpiry());
    const again = made().nearExpiry(nearExpiry());
    await expect(again).rejects.toThrow(RotationBlocked);
    await expect(again).rejects.toThrow(`${settings.pair.users[0]} still has 1 session`);
    await session.end();
    await made().nearExpiry(nearExpiry());
    expect(value().generation).toBe(3);
  });

  it('takes turns between two users of MariaDB', { timeout: 120_000 }, async (context) => {
    const { part: mariadb, because } = await orNotRun(() => startMariadb());
    if (!mariadb) return context.skip(because);
    try {
      const { host, port, superuser: user, superuserPassword: password } = mariadb;
      const root = await createConnection({ host, port, user, password });
      await root.query('CREATE DATABASE shop');
      await root.query(`CREATE ROLE ${settings.pair.sharedRole}`);
      await root.query(`GRANT SELECT ON shop.* TO ${settings.pair.sharedRole}`);
      await root.end();
      vault.write('mariadb-admin', { value: JSON.stringify({ username: user, password }) });
      const admin = { secret: 'mariadb-admin' };
      const on = { database: { engine: 'mariadb', host, port, dbname: 'shop', admin, tls: 'off' } };
      const users: string[] = [];
      for (const turn of ['first', 'second']) {
        await (turn === 'first' ? made(on).tend() : made(on).nearExpiry(nearExpiry()));
        const { username, password: secret } = value();
        users.push(username);
        await (await createConnection({ host, port, user: username, password: secret })).end();
        expect(lines.join('\n')).not.toContain(secret);
      }
      expect(users).toEqual(settings.pair.users);
    } finally {
      await mariadb.stop();
    }
  });

  it('never says a password', async () => {
    const passwords = [server.superuserPassword];
    for (let turn = 0; turn < 2; turn += 1) {
      await (turn === 0 ? made().tend() : made().nearExpiry(nearExpiry()));
      passwords.push(value().password);
    }
    expect(lines.length).toBeGreaterThan(10);
    for (const password of passwords) expect(lines.join('\n')).not.toContain(password);
  });

  it.each([
    {
      name: 'a folder as login',
      more: { database: { host: 'db', admin: '/admin' } },
      says: '"admin" of "database" has to name a secret of the vault',
    },
    {
      name: 'a login that is none',
      more: { database: { host: 'db', admin: { secret: 'nobody' } } },
      says: "The secret nobody with the rotator's login cannot be read (RestError).",
    },
  ])('refuses $name', async ({ more, says }) => {
    const tending = made(more as Partial<HostSettings>).tend();
    await expect(tending).rejects.toThrow(SettingsError);
    await expect(tending).rejects.toThrow(says);
  });

  it('loads as one file with nothing beside it', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'keyturn-azure-'));
    const room = path.join(import.meta.dirname, '..', '..', '..');
    try {
      await run(process.execPath, [path.join(room, 'bundle.mjs'), folder], { cwd: room });
      const program = "import('./azure-function.mjs').then(() => console.log('loaded'))";
      const { stdout, stderr } = await run(process.execPath, ['-e', program], { cwd: folder, env: {} });
      expect(stdout + stderr).toContain('loaded');
      for (const name of ['keyturn-near-expiry', 'keyturn-tend']) expect(stdout + stderr).toContain(`"${name}"`);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
