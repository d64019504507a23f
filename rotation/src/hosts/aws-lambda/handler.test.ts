import { randomUUID } from 'node:crypto';

import { CreateDBProxyCommand, RDSClient } from '@aws-sdk/client-rds';
import {
  CreateSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import {
  type HttpService,
  orNotRun,
  type PostgresServer,
  startMariadb,
  startMoto,
  startPostgres,
} from '@keyturn/services';
import { createConnection } from 'mysql2/promise';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import type { Reading } from '../metrics.js';
import { createHandler, EventError } from './handler.js';
import type { Settings } from './settings.js';
import { settingsFrom, SettingsError } from './settings.js';
import { StepRefused, TokenError } from './steps.js';

let moto: HttpService | undefined;
let missing = '';
let server: PostgresServer;
let client: SecretsManagerClient;
let pairs = 0;
let settings: Settings;
let SecretId = '';
let lines: string[] = [];
let readings: Reading[] = [];

beforeAll(async () => {
  const { part, because } = await orNotRun(startMoto);
  moto = part;
  missing = because ?? '';
  server = await startPostgres();
  client = new SecretsManagerClient({
    endpoint: moto?.url ?? 'http://127.0.0.1:9',
    region: 'eu-west-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
}, 300_000);
afterAll(async () => {
  client.destroy();
  await server.stop();
  await moto?.stop();
});
beforeEach(async (context) => {
  if (!moto) context.skip(missing);
  pairs += 1;
  lines = [];
  readings = [];
  const name = `app${pairs}`;
  SecretId = `${name}/db`;
  const { ARN: masterarn } = await client.send(
    new CreateSecretCommand({
      Name: `${name}/admin`,
      SecretString: JSON.stringify({
        username: server.superuser,
        password: server.superuserPassword,
        host: server.host,
      }),
    }),
  );
  await client.send(new CreateSecretCommand({ Name: SecretId }));
  settings = {
    pair: { name, sharedRole: name, users: [`${name}_a`, `${name}_b`] },
    plan: { strategy: 'dual-user', every: '1h', consumers: [] },
    sharedRoleKind: 'owner',
    database: {
      engine: 'postgres',
      host: server.host,
      port: server.port,
      dbname: 'postgres',
      masterarn: masterarn ?? '',
    },
    endpoints: [],
    tls: false,
  };
  await handler()({ keyturn: 'bootstrap', SecretId });
});

const handler = (more: Partial<Settings> = {}) =>
  createHandler({
    client,
    settings: { ...settings, ...more },
    onEvent: (event) => lines.push(JSON.stringify(event)),
    onReading: (reading) => void readings.push(reading),
  });
const steps = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const;

async function rotate(more: Partial<Settings> = {}): Promise<string> {
  const ClientRequestToken = randomUUID();
  for (const Step of steps) await handler(more)({ Step, SecretId, ClientRequestToken });
  return ClientRequestToken;
}

async function current(): Promise<{ username: string; password: string; generation: number; masterarn: string }> {
  const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId, VersionStage: 'AWSCURRENT' }));
  return JSON.parse(SecretString ?? '') as {
    username: string;
    password: string;
    generation: number;
    masterarn: string;
  };
}

async function login({ username: user, password }: { username: string; password: string }): Promise<pg.Client> {
  const session = new pg.Client({ host: server.host, port: server.port, database: 'postgres', user, password });
  session.on('error', () => undefined);
  await session.connect();
  return session;
}

describe('the rotation function', () => {
  it(
    'takes turns between the two users, and the one before keeps working until it is retired',
    { timeout: 60_000 },
    async () => {
      await rotate();
      const first = await current();
      const token = await rotate();
      const second = await current();
      expect([first.username, second.username]).toEqual(settings.pair.users);
      expect(second).toMatchObject({ generation: 2, masterarn: settings.database['masterarn'] });
      for (const credential of [first, second]) await (await login(credential)).end();

      expect(await handler()({ keyturn: 'retire', SecretId })).toMatchObject({
        outcome: 'retired',
        user: first.username,
      });
      expect(readings.at(-1)).toMatchObject({ pair: settings.pair.name, generation: 2, overdueMs: 0 });
      expect(readings.at(-1)?.blocked).toBeUndefined();
      await expect(login(first)).rejects.toMatchObject({ code: '28P01' });
      await (await login(second)).end();
      const { VersionIdsToStages } = await client.send(new DescribeSecretCommand({ SecretId }));
      expect(VersionIdsToStages?.[token]).toEqual(['AWSCURRENT']);
    },
  );

  it(
    'writes no AWSPENDING while somebody has a session with the user whose turn it is',
    { timeout: 60_000 },
    async () => {
      await rotate();
      const session = await login(await current());
      await rotate();
      const ClientRequestToken = randomUUID();
      const step = handler()({ Step: 'createSecret', SecretId, ClientRequestToken });
      await expect(step).rejects.toThrow(StepRefused);
      await expect(step).rejects.toThrow(
        new RegExp(`^createSecret did nothing: ${settings.pair.users[0]} still has 1 session: `),
      );
      expect(readings.at(-1)).toMatchObject({
        generation: 2,
        blocked: { doing: 'advance', holders: [{ user: settings.pair.users[0] }] },
      });
      const { VersionIdsToStages } = await client.send(new DescribeSecretCommand({ SecretId }));
      expect(VersionIdsToStages?.[ClientRequestToken]).toBeUndefined();
      await session.end();
    },
  );

  it(
    'says by whom a step is blocked, in a line of its own that an alarm can wait for',
    { timeout: 60_000 },
    async () => {
      await rotate();
      const session = await login(await current());
      await rotate();
      lines = [];
      await expect(rotate()).rejects.toThrow(StepRefused);
      await session.end();

      const blocked = lines
        .map((line) => JSON.parse(line) as Record<string, unknown>)
        .filter(({ type }) => type === 'blocked');
      expect(blocked).toEqual([
        expect.objectContaining({
          step: 'createSecret',
          holders: [expect.objectContaining({ user: settings.pair.users[0] })],
        }),
      ]);
    },
  );

  it('asks for a rotation that is late, and only then', { timeout: 60_000 }, async () => {
    const asked: unknown[] = [];
    client.middlewareStack.add(
      (next, context) => async (args) => {
        if (context.commandName !== 'RotateSecretCommand') return await next(args);
        asked.push(args.input);
        return { output: { $metadata: {} }, response: {} };
      },
      { step: 'initialize', name: 'rotations', override: true },
    );
    const event = { keyturn: 'retire', SecretId };
    await handler({ rotatesWithinMs: 0 })(event);
    expect(asked).toEqual([]);

    await rotate();
    await handler({ rotatesWithinMs: 3_600_000 })(event);
    await handler()(event);
    expect(asked).toEqual([]);

    await handler({ rotatesWithinMs: 0 })(event);
    expect(asked).toEqual([{ SecretId }]);
    expect(lines.filter((line) => line.includes('"type":"overdue"'))).toHaveLength(1);
    client.middlewareStack.remove('rotations');
  });

  it('re-keys nobody whom the proxy does not know, by what AWS says about it', { timeout: 60_000 }, async () => {
    const rds = new RDSClient({
      endpoint: moto?.url ?? '',
      region: 'eu-west-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    });
    const userSecrets: Record<string, string> = {};
    for (const user of settings.pair.users) {
      const { ARN = '' } = await client.send(new CreateSecretCommand({ Name: `${SecretId}/${user}` }));
      userSecrets[user] = ARN;
    }
    const proxy = settings.pair.name;
    const listed = await fetch(`${moto?.url ?? ''}/?Action=DescribeSubnets&Version=2016-11-15`, {
      headers: { Authorization: 'AWS4-HMAC-SHA256 Credential=test/20260101/eu-west-1/ec2/aws4_request' },
    });
    const subnets = [...(await listed.text()).matchAll(/<subnetId>([^<]+)</g)].map(([, id = '']) => id).slice(0, 2);
    const make = async (name: string, secrets: readonly (string | undefined)[]) =>
      await rds.send(
        new CreateDBProxyCommand({
          DBProxyName: name,
          EngineFamily: 'POSTGRESQL',
          RoleArn: 'arn:aws:iam::123456789012:role/proxy',
          VpcSubnetIds: subnets,
          Auth: secrets.map((SecretArn) => ({ AuthScheme: 'SECRETS', IAMAuth: 'DISABLED', SecretArn })),
        }),
      );
    const [a, b] = settings.pair.users;
    const turn = async (name: string) => {
      const run = createHandler({
        client,
        rds,
        settings: { ...settings, userSecrets, proxy: name },
        onEvent: (event) => lines.push(JSON.stringify(event)),
        onReading: (reading) => void readings.push(reading),
      });
      const ClientRequestToken = randomUUID();
      for (const Step of steps) await run({ Step, SecretId, ClientRequestToken });
    };
    await make(`${proxy}-half`, [userSecrets[a]]);
    await make(proxy, [userSecrets[a], userSecrets[b]]);
    await expect(turn(`${proxy}-half`)).rejects.toThrow(
      `createSecret did nothing: the proxy ${proxy}-half has no secret of ${b} in its auth, so it would refuse that user. Register ${userSecrets[b] ?? ''} with it.`,
    );
    await expect(turn('none')).rejects.toThrow('there is no proxy none in this account and region.');
    const { VersionIdsToStages = {} } = await client.send(new DescribeSecretCommand({ SecretId }));
    expect(Object.values(VersionIdsToStages).flat()).not.toContain('AWSPENDING');
    await turn(proxy);
    expect((await current()).username).toBe(a);
    rds.destroy();
  });

  it("keeps each user's own secret, which RDS Proxy reads, as new as the user", { timeout: 60_000 }, async () => {
    const userSecrets: Record<string, string> = {};
    for (const user of settings.pair.users) {
      const { ARN = '' } = await client.send(new CreateSecretCommand({ Name: `${SecretId}/${user}` }));
      userSecrets[user] = ARN;
    }
    const own = async (user: string) => {
      const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: userSecrets[user] }));
      return JSON.parse(SecretString ?? '') as { username: string; password: string };
    };
    const [a, b] = settings.pair.users;
    await rotate({ userSecrets });
    const first = await own(a);
    await rotate({ userSecrets });

    expect(await own(a)).toEqual(first);
    for (const user of [a, b]) await (await login(await own(user))).end();
    await handler()({ keyturn: 'retire', SecretId });
    await rotate({ userSecrets });
    expect((await own(a)).password).not.toBe(first.password);

    await handler()({ keyturn: 'retire', SecretId });
    await expect(rotate({ userSecrets: { [a]: userSecrets[a] ?? '' } })).rejects.toThrow(
      `createSecret did nothing: KEYTURN_USER_SECRETS names no secret for ${b}, so a proxy would refuse it.`,
    );
    const { VersionIdsToStages = {} } = await client.send(new DescribeSecretCommand({ SecretId }));
    expect(Object.values(VersionIdsToStages).flat()).not.toContain('AWSPENDING');
    expect(readings.at(-1)?.blocked?.because).toContain('names no secret for');
  });

  it('waits for the longest lifetime, on the clock of the database', { timeout: 60_000 }, async () => {
    const slow: Partial<Settings> = {
      plan: {
        strategy: 'dual-user',
        every: '2h',
        consumers: [{ name: 'app', chain: [{ kind: 'pool', longest: '30m' }] }],
      },
    };
    await rotate(slow);
    await rotate(slow);
    await expect(rotate(slow)).rejects.toThrow(/and can be held for 30m: wait/);
  });

  it(
    'can be sent every step again, and takes up a rotation that another token began',
    { timeout: 60_000 },
    async () => {
      const lost = randomUUID();
      for (const Step of ['createSecret', 'createSecret', 'setSecret', 'setSecret'] as const)
        await handler()({ Step, SecretId, ClientRequestToken: lost });
      const token = await rotate();
      for (const Step of steps) await handler()({ Step, SecretId, ClientRequestToken: token });
      expect(await current()).toMatchObject({ username: settings.pair.users[0], generation: 1 });
      await (await login(await current())).end();
      await expect(handler()({ Step: 'finishSecret', SecretId, ClientRequestToken: lost })).rejects.toThrow(TokenError);
    },
  );

  it('never says a password', { timeout: 60_000 }, async () => {
    await rotate();
    await rotate();
    const { password } = await current();
    expect(lines.length).toBeGreaterThan(10);
    expect(lines.join('\n')).not.toContain(password);
    expect(lines.join('\n')).not.toContain(server.superuserPassword);
  });

  it('does not use the rotator on another server than its own', async () => {
    const elsewhere = { database: { ...settings.database, host: 'db.elsewhere' } };
    await expect(handler(elsewhere)({ keyturn: 'retire', SecretId })).rejects.toThrow(
      `The admin secret is for ${server.host} and the rotated one for db.elsewhere. Point "masterarn" at the secret of the same server.`,
    );
  });

  it.each([
    {},
    undefined,
    { Step: 'dropSecret', SecretId: 's', ClientRequestToken: 't' },
    { Step: 'setSecret', SecretId: 's' },
    { keyturn: 'explode', SecretId: 's' },
  ])('refuses the event %j', async (event) => {
    await expect(handler()(event)).rejects.toThrow(EventError);
  });
});

describe('the rotation function on MariaDB', () => {
  it('makes both users, takes turns between them, and retires', { timeout: 120_000 }, async (context) => {
    const { part: mariadb, because } = await orNotRun(() => startMariadb());
    if (!mariadb) return context.skip(because);
    const { superuser: username, superuserPassword: password, host, port } = mariadb;
    const as = async (user: string, secret: string) => {
      const session = await createConnection({ host, port, user, password: secret });
      await session.end();
    };
    try {
      const root = await createConnection({ host, port, user: username, password });
      const role = settings.pair.sharedRole;
      for (const sql of ['CREATE DATABASE shop', `CREATE ROLE ${role}`, `GRANT SELECT ON shop.* TO ${role}`])
        await root.query(sql);
      await root.end();
      const SecretString = JSON.stringify({ username, password, host });
      const { ARN: masterarn = '' } = await client.send(
        new CreateSecretCommand({ Name: `${SecretId}/mariadb`, SecretString }),
      );
      const onMariadb: Partial<Settings> = {
        database: { engine: 'mariadb', host, port, dbname: 'shop', masterarn },
        mysqlUsers: { requireTls: false, connectionLimit: 4 },
      };
      await handler(onMariadb)({ keyturn: 'bootstrap', SecretId });
      await rotate(onMariadb);
      const first = await current();
      await rotate(onMariadb);
      const second = await current();
      expect([first.username, second.username]).toEqual(settings.pair.users);
      for (const credential of [first, second]) await as(credential.username, credential.password);

      expect(await handler(onMariadb)({ keyturn: 'retire', SecretId })).toMatchObject({ outcome: 'retired' });
      await expect(as(first.username, first.password)).rejects.toThrow();
    } finally {
      await mariadb.stop();
    }
  });
});

describe('settingsFrom', () => {
  const env = { KEYTURN_PAIR: '{"name":"app"}', KEYTURN_PLAN: '{}', KEYTURN_DATABASE: '{}' };

  it('reads the secrets of users and the time after which a rotation is late', () => {
    expect(settingsFrom(env)).not.toHaveProperty('rotatesWithinMs');
    expect(
      settingsFrom({ ...env, KEYTURN_ROTATES_WITHIN_MS: '60000', KEYTURN_USER_SECRETS: '{"a":"arn"}' }),
    ).toMatchObject({
      rotatesWithinMs: 60_000,
      userSecrets: { a: 'arn' },
    });
  });

  it('encrypts unless it is switched off by name', () => {
    expect(settingsFrom(env).tls).toBe(true);
    expect(settingsFrom({ ...env, KEYTURN_TLS: 'off' }).tls).toBe(false);
  });

  it.each([
    {
      name: 'a missing variable',
      change: { KEYTURN_PLAN: undefined },
      says: 'The environment variable KEYTURN_PLAN is not set. The component sets it; see its page.',
    },
    {
      name: 'text that is not JSON',
      change: { KEYTURN_PAIR: 'app' },
      says: 'The environment variable KEYTURN_PAIR is not JSON.',
    },
    {
      name: 'an unknown kind',
      change: { KEYTURN_SHARED_ROLE: 'god' },
      says: 'KEYTURN_SHARED_ROLE is "god". Allowed values are: owner, grantee.',
    },
    {
      name: 'a CA file that is not there',
      change: { KEYTURN_TLS: '/no/ca.pem' },
      says: 'KEYTURN_TLS names the CA file /no/ca.pem, which cannot be read.',
    },
  ])('refuses $name', ({ change, says }) => {
    expect(() => settingsFrom({ ...env, ...change })).toThrow(SettingsError);
    expect(() => settingsFrom({ ...env, ...change })).toThrow(says);
  });
});
