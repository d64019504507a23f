import { dualUsersOf } from '@keyturn/plan';
import {
  mountPostgres,
  type OpenBao,
  orNotRun,
  type PostgresServer,
  startOpenBao,
  startPostgres,
} from '@keyturn/services';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { PostgresDatabase } from '../../databases/postgres/postgres-database.js';
import { createRotator, type Rotator } from '../../rotator.js';
import { StoreConflictError } from '../../store.js';
import { VaultStaticStore } from './vault-static-store.js';

let bao: OpenBao | undefined;
let server: PostgresServer | undefined;
let missing = '';
let pairs = 0;

beforeAll(async () => {
  const started = await orNotRun(startOpenBao);
  bao = started.part;
  missing = started.because ?? '';
  if (!bao) return;
  server = await startPostgres();
  await mountPostgres(bao, server);
});
afterAll(async () => {
  await bao?.stop();
  await server?.stop();
});
beforeEach((context) => {
  if (!bao) context.skip(missing);
});

const ask = async (method: string, at: string, body?: object): Promise<{ data?: Record<string, unknown> }> =>
  (await bao?.ask(method, at, body)) ?? {};

async function session(login: { user: string; password: string }): Promise<pg.Client> {
  if (!server) throw new Error('no server');
  const client = new pg.Client({ host: server.host, port: server.port, database: 'postgres', ...login });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

async function works(login: { user: string; password: string }): Promise<boolean> {
  return await session(login).then(
    async (client) => {
      await client.end();
      return true;
    },
    () => false,
  );
}

interface VaultPair {
  readonly name: string;
  readonly users: readonly [string, string];
  readonly store: VaultStaticStore;
  readonly rotator: Rotator;
  reopen(): VaultStaticStore;
}

/** Users and static roles as the components make them: the journal comes later. */
async function vaultPair(): Promise<VaultPair> {
  if (!server || !bao) throw new Error('no server');
  pairs += 1;
  const pair = { name: `turn${pairs}`, ...dualUsersOf(`turn${pairs}`) };
  const admin = await session({ user: server.superuser, password: server.superuserPassword });
  await admin.query(`CREATE ROLE ${pair.sharedRole} NOLOGIN`);
  for (const user of pair.users) {
    await admin.query(`CREATE ROLE ${user} NOLOGIN IN ROLE ${pair.sharedRole}`);
    await admin.query(`ALTER ROLE ${user} SET role = ${pair.sharedRole}`);
  }
  await admin.end();
  for (const user of pair.users) {
    await ask('POST', `database/static-roles/${user}`, {
      db_name: 'shop',
      username: user,
      rotation_period: 315_360_000,
      rotation_statements: [`ALTER ROLE "{{name}}" LOGIN PASSWORD '{{password}}'`],
    });
  }
  await ask('POST', `secret/data/${pair.name}`, { data: { user: pair.users[0], generation: 1 } });
  const { url: address, rootToken: token } = bao;
  const open = (): VaultStaticStore => new VaultStaticStore({ address, token, selector: pair.name });
  const store = open();
  const rotator = createRotator({
    pair,
    store,
    plan: { strategy: 'dual-user', every: '1h', consumers: [] },
    database: new PostgresDatabase({
      pair,
      sharedRoleKind: 'owner',
      admin: { user: server.superuser, password: server.superuserPassword },
      endpoints: [
        { name: 'writer', kind: 'writer', host: server.host, port: server.port, database: 'postgres', tls: false },
      ],
    }),
  });
  return { name: pair.name, users: pair.users, store, rotator, reopen: open };
}

async function published({ store }: VaultPair): Promise<{ user: string; password: string; generation: number }> {
  const found = await store.readPublished();
  if (!found) throw new Error('nothing is published');
  return found;
}

describe('a pair whose passwords Vault makes', () => {
  it('is taken over as it is, and turned without cutting anybody off', async () => {
    const pair = await vaultPair();
    const [a, b] = pair.users;
    const first = await published(pair);
    await pair.rotator.bootstrap();
    await pair.rotator.bootstrap();
    expect(await published(pair)).toEqual(first);
    expect(await pair.rotator.status()).toMatchObject({ generation: 1, published: { user: a, generation: 1 } });

    expect(await pair.rotator.advance()).toMatchObject({ outcome: 'advanced', published: b, superseded: a });
    const second = await published(pair);
    expect(second).toMatchObject({ user: b, generation: 2 });
    expect([await works(first), await works(second)]).toEqual([true, true]);
    expect((await ask('GET', `secret/data/${pair.name}`)).data?.['data']).toMatchObject({ user: b, generation: 2 });

    expect(await pair.rotator.retire()).toMatchObject({ outcome: 'retired', user: a });
    expect([await works(first), await works(second)]).toEqual([false, true]);
    expect(await pair.rotator.advance()).toMatchObject({ outcome: 'advanced', published: a, superseded: b });
    expect([await works(second), await works(await published(pair))]).toEqual([true, true]);
    expect(await works(first)).toBe(false);
  });

  it('is not re-keyed by Vault while somebody holds the idle user', async () => {
    const pair = await vaultPair();
    await pair.rotator.bootstrap();
    const first = await published(pair);
    const held = await session(first);
    await pair.rotator.advance();
    expect(await pair.rotator.advance()).toMatchObject({ outcome: 'waiting', holders: [{ user: first.user }] });
    expect(await works(first)).toBe(true);

    await held.end();
    await expect.poll(async () => (await pair.rotator.advance()).outcome).toBe('advanced');
    expect(await works(first)).toBe(false);
  });

  it('goes back to the credential before, which Vault does not re-key for it', async () => {
    const pair = await vaultPair();
    await pair.rotator.bootstrap();
    const first = await published(pair);
    await pair.rotator.advance();
    const second = await published(pair);

    expect(await pair.rotator.rollback({ reason: 'green is slow' })).toMatchObject({ outcome: 'advanced' });
    expect(await published(pair)).toMatchObject({ user: first.user, password: first.password, generation: 3 });
    expect([await works(first), await works(second)]).toEqual([true, true]);
  });

  it.each([
    ['before Vault was asked', 'before'],
    ['after Vault re-keyed, with the answer lost', 'after'],
  ] as const)('finishes a run that was cut off %s', async (_, when) => {
    const pair = await vaultPair();
    await pair.rotator.bootstrap();
    const first = await published(pair);
    const rekey = pair.store.rekey.bind(pair.store);
    pair.store.rekey = async (user) => {
      if (when === 'after') await rekey(user);
      throw new Error('cut off');
    };
    await expect(pair.rotator.advance()).rejects.toThrow('cut off');
    expect(await published(pair)).toEqual(first);
    expect(await works(first)).toBe(true);

    pair.store.rekey = rekey;
    expect(await pair.rotator.resume()).toMatchObject({ outcome: 'advanced', generation: 2 });
    expect([await works(first), await works(await published(pair))]).toEqual([true, true]);
  });

  it('publishes nothing over the selector of somebody else', async () => {
    const pair = await vaultPair();
    const [a, b] = pair.users;
    const version = await pair.store.writePending({ user: b, password: '', generation: 2 }, { token: 'one' });
    const current = (await pair.store.readPublished())?.version;
    const other = pair.reopen();
    const later = await other.writePending({ user: a, password: '', generation: 3 }, { token: 'two' });
    await other.publish(later, { expectedCurrent: current });

    await expect(pair.store.publish(version, { expectedCurrent: current })).rejects.toThrow(StoreConflictError);
    expect(await pair.store.readVersion(version)).toBeUndefined();
    expect((await pair.store.readVersion(current ?? ''))?.stage).toBe('previous');
  });

  it('says which right is missing, and neither token nor password', async () => {
    const pair = await vaultPair();
    const refused = new VaultStaticStore({ address: bao?.url ?? '', token: 'guess-7d1c', selector: pair.name });
    await expect(refused.rekey(pair.users[1])).rejects.toThrow(
      `Vault secret/${pair.name}: could not re-key database/rotate-role/${pair.users[1]}: status 403 (permission denied). ` +
        'Allow the rotator read on database/static-creds and update on database/rotate-role of both users, ' +
        `and read, create and update on secret/data/${pair.name}.`,
    );
  });

  it('takes no selector that names somebody without a static role', async () => {
    const pair = await vaultPair();
    await ask('POST', `secret/data/${pair.name}`, { data: { user: 'nobody', generation: 7 } });
    await expect(pair.store.readPublished()).rejects.toThrow(
      /could not read database\/static-creds\/nobody: status 400/,
    );
    await ask('POST', `secret/data/${pair.name}`, { data: { username: 'x' } });
    await expect(pair.store.readPublished()).rejects.toThrow('the selector has no "user" and "generation"');
  });
});
