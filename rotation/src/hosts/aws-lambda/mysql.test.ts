import { randomUUID } from 'node:crypto';

import { CreateSecretCommand, GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { type HttpService, type MariadbServer, orNotRun, startMariadb, startMoto, startMysql } from '@keyturn/services';
import { createConnection } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createHandler } from './handler.js';
import type { Settings } from './settings.js';

let moto: HttpService | undefined;
let noMoto = '';
let client: SecretsManagerClient;

beforeAll(async () => {
  const { part, because } = await orNotRun(startMoto);
  moto = part;
  noMoto = because ?? '';
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  client = new SecretsManagerClient({ endpoint: moto?.url ?? 'http://127.0.0.1:9', region: 'eu-west-1', credentials });
}, 300_000);

afterAll(async () => {
  client.destroy();
  await moto?.stop();
});

const steps = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const;

describe.each([
  { engine: 'mariadb', start: startMariadb, optional: false },
  // Needs mvn, which is not on every machine.
  { engine: 'mysql', start: startMysql, optional: true },
] as const)('the rotation function on $engine', ({ engine, start, optional }) => {
  let server: MariadbServer | undefined;
  let noServer = '';

  beforeAll(async () => {
    const { part, because } = await orNotRun(() => start(), { optional });
    server = part;
    noServer = because ?? '';
  }, 300_000);
  afterAll(async () => await server?.stop());

  async function login({ username: user, password }: { username: string; password: string }): Promise<void> {
    const { host = '', port = 0 } = server ?? {};
    await (await createConnection({ host, port, user, password })).end();
  }

  it.for([
    { strategy: 'dual-user', users: ['app_a', 'app_b'] },
    { strategy: 'dual-password', users: ['sole', 'sole'] },
  ] as const)(
    'rotates by $strategy in four steps, with the secret that AWS keeps, and retires on its second schedule',
    { timeout: 120_000 },
    async ({ strategy, users }, context) => {
      if (server === undefined || moto === undefined) return context.skip(noServer || noMoto);
      const { host, port, superuser: username, superuserPassword: password } = server;
      const name = `${engine}-${strategy}`;
      const SecretString = JSON.stringify({ username, password, host });
      const { ARN: masterarn = '' } = await client.send(
        new CreateSecretCommand({ Name: `${name}/admin`, SecretString }),
      );
      const SecretId = `${name}/db`;
      await client.send(new CreateSecretCommand({ Name: SecretId }));
      const settings: Settings = {
        pair: { name, sharedRole: `role ${strategy}`, users },
        plan: { strategy, every: '1h', consumers: [] },
        sharedRoleKind: 'grantee',
        database: { engine, host, port, masterarn },
        endpoints: [],
        tls: false,
      };
      const lines: string[] = [];
      const handler = createHandler({ client, settings, onEvent: (event) => lines.push(JSON.stringify(event)) });
      const rotate = async (): Promise<{ username: string; password: string }> => {
        const ClientRequestToken = randomUUID();
        for (const Step of steps) await handler({ Step, SecretId, ClientRequestToken });
        const current = await client.send(new GetSecretValueCommand({ SecretId, VersionStage: 'AWSCURRENT' }));
        expect(current.VersionId).toBe(ClientRequestToken);
        expect(JSON.parse(current.SecretString ?? '')).toMatchObject({ engine, host, port, masterarn });
        return JSON.parse(current.SecretString ?? '') as { username: string; password: string };
      };

      await handler({ keyturn: 'bootstrap', SecretId });
      const first = await rotate();
      const second = await rotate();
      expect([first.username, second.username]).toEqual(users);
      for (const credential of [first, second]) await login(credential);
      expect(await handler({ keyturn: 'retire', SecretId })).toMatchObject({ outcome: 'retired', user: users[0] });
      await expect(login(first)).rejects.toMatchObject({ errno: expect.any(Number) as number });
      await login(second);
      await login(await rotate());
      for (const secret of [password, first.password, second.password]) expect(lines.join('\n')).not.toContain(secret);
    },
  );
});
