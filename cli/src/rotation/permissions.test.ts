import { type OpenBao, PartMissing, startOpenBao } from '@keyturn/services';
import { VaultKvStore } from '@keyturn/rotation/vault';
import { afterEach, describe, expect, it } from 'vitest';

import { makeWorld, type World } from '../testing.js';
import { vault } from './stores/vault.js';

let world: World | undefined;
afterEach(() => world?.remove());

const config = (database: string, store: string, plan = ''): string => `
pairs:
  orders:
    database:
      kind: ${database}
      database: orders
      admin: { user: rotator, password: { env: ADMIN_PASSWORD } }
      endpoints: [{ kind: writer, host: db.internal }]
    store: ${store}
    plan: { ${plan}every: 30d, consumers: [{ name: API, chain: [{ kind: pool, longest: 30m }] }] }
`;

async function print(yaml: string, ...args: string[]): Promise<{ code: number; out: string; err: string }> {
  world = makeWorld({ 'keyturn.rotation.yaml': yaml });
  return await world.keyturn('permissions', ...args);
}

describe('keyturn permissions', () => {
  it('prints SQL for a PostgreSQL that its client takes as it is, and the IAM policy of the store', async () => {
    const { code, out } = await print(
      config('postgres', '{ kind: aws-secrets-manager, secretId: prod/orders }'),
      '--server-version',
      '16.4',
    );
    expect(code).toBe(0);
    expect(out).toContain('GRANT "orders_a", "orders_b" TO "rotator" WITH ADMIN TRUE, INHERIT FALSE, SET FALSE;');
    expect(out).toContain('GRANT pg_signal_backend TO "rotator";');
    expect(out).toContain('--           "secretsmanager:UpdateSecretVersionStage"');
    expect(out).toContain('"arn:*:secretsmanager:*:*:secret:prod/orders-??????"');
    expect(out.split('\n').filter((line) => line !== '' && !line.startsWith('--') && !line.endsWith(';'))).toEqual([]);
  });

  it('knows versions, managed services and what is left out', async () => {
    const { out } = await print(
      config('postgres', '{ kind: env-file, path: .env }'),
      '--server-version=15',
      '--managed=rds',
      '--no-end-sessions',
      '--json',
    );
    const { statements, store } = JSON.parse(out) as { statements: string[]; store: string[] };
    expect(statements).toContain('GRANT rds_password TO "rotator"');
    expect(statements.join('\n')).not.toMatch(/ADMIN TRUE|pg_signal_backend/);
    expect(store).toEqual(['write access to .env and to the folder it stands in']);
  });

  it.each([
    [['--server-version', '10.11', '--mariadb'], "GRANT CONNECTION ADMIN ON *.* TO 'rotator'@'%';"],
    [['--server-version', '8.0'], "GRANT CONNECTION_ADMIN ON *.* TO 'rotator'@'%';"],
  ])('tells MariaDB and MySQL apart: %s', async (args, statement) => {
    const { code, out } = await print(config('mysql', '{ kind: vault, path: orders }'), ...args);
    expect(code).toBe(0);
    expect(out).toContain(statement);
    expect(out).toContain('--   path "secret/data/orders" { capabilities = ["create", "read", "update"] }');
  });

  it('names the two static roles of a pair whose passwords Vault makes', async () => {
    const { out } = await print(
      config('postgres', '{ kind: vault-static, selector: orders }'),
      '--server-version=16',
      '--json',
    );
    expect((JSON.parse(out) as { store: string[] }).store).toEqual([
      'path "secret/data/orders" { capabilities = ["create", "read", "update"] }',
      'path "database/static-creds/orders_a" { capabilities = ["read"] }',
      'path "database/rotate-role/orders_a" { capabilities = ["update"] }',
      'path "database/static-creds/orders_b" { capabilities = ["read"] }',
      'path "database/rotate-role/orders_b" { capabilities = ["update"] }',
    ]);
  });

  it.each([
    ['a version without a number', ['--server-version', 'newest'], 'Cannot read "newest" as a version of a server.'],
    ['a service that is not known', ['--server-version', '16', '--managed', 'gcp'], '--managed can be rds, not "gcp".'],
    ['MariaDB where PostgreSQL is', ['--server-version', '16', '--mariadb'], '"orders" is on PostgreSQL'],
    ['no version', [], '--server-version'],
    ['another pair', ['payments', '--server-version', '16'], 'There is no pair "payments". There are orders.'],
  ])('refuses %s with exit code 2', async (_, args, message) => {
    const { code, out, err } = await print(config('postgres', '{ kind: env-file, path: .env }'), ...args);
    expect(code).toBe(2);
    expect(out).toBe('');
    expect(err).toContain(message);
  });
});

describe('the rights on a store of Vault', () => {
  it('are enough for every call of the store', async (context) => {
    let bao: OpenBao;
    try {
      bao = await startOpenBao();
    } catch (error) {
      if (error instanceof PartMissing) return context.skip(error.message);
      throw error;
    }
    try {
      const asRoot = async (path: string, body: object) =>
        await bao.ask<{ auth?: { client_token: string } }>('POST', path, body);
      await asRoot('sys/policies/acl/rotator', { policy: vault.rights({ path: 'orders' }, []).join('\n') });
      const { auth } = await asRoot('auth/token/create', { policies: ['rotator'], no_default_policy: true });
      const store = new VaultKvStore({ address: bao.url, token: auth?.client_token ?? '', path: 'orders' });
      const write = async (generation: number): Promise<string> =>
        await store.writePending(
          { user: 'orders_a', password: `word-${generation}`, generation },
          { token: `t${generation}` },
        );

      const first = await write(1);
      await store.publish(first, { expectedCurrent: undefined });
      const second = await write(2);
      await store.discardPending(second);
      const third = await write(3);
      await store.publish(third, { expectedCurrent: first });
      expect(await store.readPublished()).toMatchObject({ version: third, generation: 3 });
      expect((await store.versions()).map(({ version }) => version)).toContain(first);
    } finally {
      await bao.stop();
    }
  });
});
