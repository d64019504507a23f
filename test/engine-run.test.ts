import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { dualUsersOf } from '@keyturn/plan';
import {
  createRotator,
  type Database,
  MemoryStore,
  PostgresDatabase,
  type Rotator,
  type Store,
} from '@keyturn/rotation';
import { MysqlDatabase } from '@keyturn/rotation/mysql';
import { VaultStaticStore } from '@keyturn/rotation/vault';
import { orNotRun, startMysql, startOpenBao, startPostgres } from '@keyturn/services';
import { createConnection } from 'mysql2/promise';
import pg from 'pg';
import { afterAll, describe, expect, it } from 'vitest';

import { engineMissing, Stack } from './engine/stack.js';

const root = path.resolve(import.meta.dirname, '..');
// Inside the workspace, where packages resolve as they do for a reader.
const programs = path.join(root, 'test', `.engine-${process.pid}`);
const pair = { name: 'shop', ...dualUsersOf('shop') };
const minutes = 60_000;

afterAll(() => rmSync(programs, { recursive: true, force: true }));

function program(name: string, text: string): string {
  const folder = path.join(programs, name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'Pulumi.yaml'), `name: ${name}\nruntime: nodejs\n`);
  writeFileSync(path.join(folder, 'package.json'), '{ "private": true, "main": "index.js" }');
  writeFileSync(path.join(folder, 'index.js'), text);
  return folder;
}

function rotatorOn(
  database: Database,
  store: Store = new MemoryStore(),
): {
  rotator: Rotator;
  published: () => Promise<{ user: string; password: string }>;
} {
  const plan = { strategy: 'dual-user', every: '1h', consumers: [] } as const;
  return {
    rotator: createRotator({ pair, plan, store, database }),
    published: async () => {
      const credential = await store.readPublished();
      if (!credential) throw new Error('nothing is published');
      return credential;
    },
  };
}

interface Address {
  readonly host: string;
  readonly port: number;
}

const writer = ({ host, port }: Address, database: string) =>
  ({ name: 'writer', kind: 'writer', host, port, database, tls: false }) as const;

/** Logs in to PostgreSQL, asks one thing, and leaves. */
function queriesOn({ host, port }: Address) {
  return async (login: { user: string; password: string }, sql = 'SELECT 1'): Promise<unknown[]> => {
    const client = new pg.Client({ host, port, database: 'postgres', ...login });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(sql)).rows;
    } finally {
      await client.end();
    }
  };
}

describe('a real Pulumi engine', () => {
  it(
    'makes the laptop example, leaves its rotation alone, and takes everything away',
    { timeout: 10 * minutes },
    async (context) => {
      const because = engineMissing('postgresql');
      if (because !== undefined) return context.skip(because);
      const server = await startPostgres();
      const admin = { user: server.superuser, password: server.superuserPassword };
      const stack = new Stack({
        directory: path.join(root, 'examples/laptop'),
        config: {
          'postgresql:host': server.host,
          'postgresql:port': String(server.port),
          'postgresql:username': admin.user,
          'postgresql:sslmode': 'disable',
        },
        env: { PGPASSWORD: admin.password },
      });
      const as = queriesOn(server);
      const nothingLogsIn = async (): Promise<void> => {
        const guesses = await stack.texts();
        expect(guesses.length).toBeGreaterThan(50);
        for (const user of [...pair.users, pair.sharedRole, admin.user]) {
          for (const password of guesses) await expect(as({ user, password }), user).rejects.toThrow();
        }
      };
      try {
        await stack.init();
        await stack.up();
        await stack.upWithoutChanges();

        const { rotator, published } = rotatorOn(
          new PostgresDatabase({ endpoints: [writer(server, 'postgres')], admin, pair, sharedRoleKind: 'owner' }),
        );
        await rotator.bootstrap();
        await rotator.advance();
        const first = await published();
        await rotator.advance();
        const second = await published();
        await nothingLogsIn();
        expect(await rotator.retire()).toMatchObject({ outcome: 'retired' });

        await stack.refresh();
        await stack.upWithoutChanges();
        await nothingLogsIn();
        expect(await as(second, 'SELECT session_user, current_user')).toEqual([
          { session_user: 'shop_b', current_user: 'shop' },
        ]);
        await expect(as(first)).rejects.toThrow();

        await stack.destroy();
        expect(await as(admin, "SELECT rolname FROM pg_roles WHERE rolname LIKE 'shop%'")).toEqual([]);
      } finally {
        stack.remove();
        await server.stop();
      }
    },
  );

  it(
    'makes a role on MySQL whose users the bootstrap makes, and takes it away',
    { timeout: 10 * minutes },
    async (context) => {
      const because = engineMissing('mysql');
      if (because !== undefined) return context.skip(because);
      const { part: server, because: noServer } = await orNotRun(() => startMysql(), { optional: true });
      if (!server) return context.skip(noServer);
      const admin = { user: server.superuser, password: server.superuserPassword };
      const directory = program(
        'engine-mysql',
        `const { DualUserDatabaseRole } = require('@keyturn/components/mysql');
       const role = new DualUserDatabaseRole('shop', {
         rights: [{ database: 'shop_eu' }], plan: { every: '30 days', consumers: [] }, connections: { fleet: 4 },
       });
       module.exports = { bootstrap: role.bootstrap };`,
      );
      const stack = new Stack({
        directory,
        config: { 'mysql:endpoint': `${server.host}:${server.port}`, 'mysql:username': admin.user },
        env: { MYSQL_PASSWORD: admin.password },
      });
      const as = async (user: string, password: string, ...statements: string[]): Promise<unknown> => {
        const client = await createConnection({ host: server.host, port: server.port, user, password });
        client.on('error', () => undefined);
        try {
          let rows: unknown;
          for (const statement of statements) [rows] = await client.query(statement);
          return rows;
        } finally {
          await client.end();
        }
      };
      const refused = (error: unknown): boolean => [1045, 3118, 4151].includes((error as { errno: number }).errno);
      const nothingLogsIn = async (): Promise<void> => {
        const guesses = await stack.texts();
        expect(guesses.length).toBeGreaterThan(20);
        for (const user of [...pair.users, pair.sharedRole, admin.user]) {
          for (const password of guesses) await expect(as(user, password), user).rejects.toSatisfy(refused);
        }
      };
      try {
        const asAdmin = async (...statements: string[]) => await as(admin.user, admin.password, ...statements);
        await asAdmin('CREATE DATABASE shop_eu', 'CREATE TABLE shop_eu.parcel (id int)');
        await stack.init();
        await stack.up();
        await stack.upWithoutChanges();

        const { rotator, published } = rotatorOn(
          new MysqlDatabase({ endpoints: [writer(server, 'shop_eu')], admin, pair, requireTls: false }),
        );
        await rotator.bootstrap();
        await rotator.advance();
        const first = await published();
        await rotator.advance();
        const second = await published();
        await nothingLogsIn();
        await rotator.retire();

        await stack.refresh();
        await stack.upWithoutChanges();
        await as(second.user, second.password, 'INSERT INTO shop_eu.parcel VALUES (1)');
        await expect(as(first.user, first.password)).rejects.toSatisfy(refused);

        await stack.destroy();
        expect(await asAdmin("SELECT User FROM mysql.user WHERE User = 'shop'")).toEqual([]);
        await expect(as(second.user, second.password, 'SELECT * FROM shop_eu.parcel')).rejects.toMatchObject({
          errno: 1142,
        });
      } finally {
        stack.remove();
        await server.stop();
      }
    },
  );

  it(
    'makes leases and a pair on OpenBao, leaves a turn alone, and leaves no user when it is destroyed while leases live',
    { timeout: 10 * minutes },
    async (context) => {
      const because = engineMissing('postgresql', 'vault');
      if (because !== undefined) return context.skip(because);
      const { part: bao, because: noBao } = await orNotRun(startOpenBao);
      if (!bao) return context.skip(noBao);
      const server = await startPostgres();
      const admin = { user: server.superuser, password: server.superuserPassword };
      const as = queriesOn(server);
      const directory = program(
        'engine-vault',
        `const { DualUserDatabaseRole } = require('@keyturn/components/postgres');
       const { VaultDynamicDatabase, VaultStaticRolePair } = require('@keyturn/components/vault');
       const shop = new DualUserDatabaseRole('shop', {
         database: 'postgres', plan: { every: '30 days', consumers: [] }, connections: { fleet: 4 },
       });
       const leases = new VaultDynamicDatabase('leases', {
         server: 'openbao', staticRoles: ['shop_a', 'shop_b'],
         engine: {
           kind: 'postgres', username: 'vault', password: 'only-until-the-first-up',
           connectionUrl: 'postgresql://{{username}}:{{password}}@${server.host}:${server.port}/postgres?sslmode=disable',
         },
         roles: { app: { sharedRole: 'shop', kind: 'owner', ttl: '1h', maxTtl: '2h' } },
       }, { dependsOn: shop });
       new VaultStaticRolePair('turns', {
         server: 'openbao', mount: leases.ready, connection: 'leases', pair: 'shop', selectorMount: 'secret',
         plan: { every: '30 days', consumers: [] },
       });`,
      );
      const stack = new Stack({
        directory,
        config: {
          'postgresql:host': server.host,
          'postgresql:port': String(server.port),
          'postgresql:username': admin.user,
          'postgresql:sslmode': 'disable',
          'vault:address': bao.url,
        },
        env: { PGPASSWORD: admin.password, VAULT_TOKEN: bao.rootToken },
      });
      const lease = async (): Promise<{ user: string; password: string }> => {
        const { data } = await bao.ask<{ data: { username: string; password: string } }>('GET', 'leases/creds/app');
        return { user: data.username, password: data.password };
      };
      try {
        await as(admin, "CREATE ROLE vault LOGIN SUPERUSER PASSWORD 'only-until-the-first-up'");
        await stack.init();
        await stack.up();
        await stack.upWithoutChanges();
        const credential = await lease();
        expect(await as(credential, 'SELECT current_user')).toEqual([{ current_user: 'shop' }]);

        const { rotator, published } = rotatorOn(
          new PostgresDatabase({ endpoints: [writer(server, 'postgres')], admin, pair, sharedRoleKind: 'owner' }),
          new VaultStaticStore({
            address: bao.url,
            token: bao.rootToken,
            selector: 'turns',
            databaseMount: 'leases',
          }),
        );
        const first = await published();
        await rotator.bootstrap();
        expect(await rotator.advance()).toMatchObject({
          outcome: 'advanced',
          published: 'shop_b',
          superseded: 'shop_a',
        });
        const second = await published();
        expect(await as(first, 'SELECT current_user')).toEqual([{ current_user: 'shop' }]);
        for (const password of await stack.texts()) {
          for (const user of ['vault', credential.user, ...pair.users]) {
            await expect(as({ user, password }), user).rejects.toThrow();
          }
        }

        await stack.refresh();
        await stack.upWithoutChanges();
        expect(await as(credential, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
        await lease();
        expect(await published()).toEqual(second);
        expect(await as(second, 'SELECT session_user, current_user')).toEqual([
          { session_user: 'shop_b', current_user: 'shop' },
        ]);
        expect(await rotator.retire()).toMatchObject({ outcome: 'retired', user: 'shop_a' });
        await stack.upWithoutChanges();

        await stack.destroy();
        expect(
          await as(admin, "SELECT rolname FROM pg_roles WHERE rolname LIKE 'v-%' OR rolname LIKE 'shop%'"),
        ).toEqual([]);
        await expect(as(credential)).rejects.toThrow();
      } finally {
        stack.remove();
        await server.stop();
        await bao.stop();
      }
    },
  );

  it(
    'shows a policy pack what the program accepts, in a preview, an update and a change after it',
    { timeout: 10 * minutes },
    async (context) => {
      const because = engineMissing('vault');
      if (because !== undefined) return context.skip(because);
      const { part: bao, because: noBao } = await orNotRun(startOpenBao);
      if (!bao) return context.skip(noBao);
      const roles = (tokenTtl: number): string => `const vault = require('@pulumi/vault');
       const { accept } = require('@keyturn/policies/accept');
       const rule = 'vault-secret-id-unlimited';
       const { path: backend } = new vault.AuthBackend('approle', { type: 'approle' });
       const role = (name, options, more = {}) =>
         new vault.approle.AuthBackendRole(name, { backend, roleName: name, tokenTtl: ${tokenTtl}, ...more }, options);
       role('open');
       role('accepted', accept({ rule, reason: 'A test role. (It lives for an hour*.)' }));
       role('over', accept({ rule, reason: 'moves soon', until: '2020-01-01' }));
       role('idle', accept({ rule, reason: 'was without an end once' }), { secretIdTtl: 600 });
       role('wrong', accept({ rule: 'no-such-rule', reason: 'a guess' }), { secretIdTtl: 600 });
       // keyturn-ignore-next-line vault-secret-id-unlimited -- a policy pack sees no comments
       role('commented');`;
      const directory = program('engine-accept', roles(60));
      const stack = new Stack({
        directory,
        config: { 'vault:address': bao.url },
        env: { VAULT_TOKEN: bao.rootToken },
      });
      const pack = ['--stack', 'run', '--policy-pack', path.join(root, 'policies')];
      const lines = (said: string): readonly string[] => [
        ...[...said.matchAll(/Secret ids of (\w+) never expire/g)].map(([, name = '']) => name),
        ...[...said.matchAll(/exception-(?:unused|expired|malformed): .*/g)].map(([line]) => line),
      ];
      const expected = [
        'commented',
        expect.stringMatching(/^exception-expired: .*::over held until 2020-01-01/),
        expect.stringMatching(/^exception-malformed: there is no rule "no-such-rule"/),
        expect.stringMatching(/^exception-unused: .*::idle covers nothing/),
        'open',
        'over',
      ];
      try {
        await stack.init();
        const preview = lines(await stack.pulumi('preview', ...pack));
        expect([...preview].sort()).toEqual(expected);
        const up = ['up', '--yes', '--skip-preview', ...pack] as const;
        expect([...lines(await stack.pulumi(...up))].sort()).toEqual(expected);
        program('engine-accept', roles(120));
        expect([...lines(await stack.pulumi(...up))].sort()).toEqual(expected);
        const { data } = await bao.ask<{ data: { token_ttl: number } }>('GET', 'auth/approle/role/accepted');
        expect(data.token_ttl).toBe(120);
        await stack.upWithoutChanges();
        await stack.destroy();
      } finally {
        stack.remove();
        await bao.stop();
      }
    },
  );
});
