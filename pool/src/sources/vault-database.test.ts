import { setTimeout as after } from 'node:timers/promises';

import { mountPostgres, type OpenBao, orNotRun, startOpenBao } from '@keyturn/services';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { Pool } from '../pg/pool.js';
import { eventually, type PostgresPair, startPostgresPair } from '../testing/postgres-pair.js';
import { type LeasedSource, type LeaseEvent, vaultDatabase } from './vault-database.js';

let bao: OpenBao | undefined;
let pair: PostgresPair;
let missing = '';

const ask = async (path: string, body?: object, token?: string): Promise<Record<string, never>> =>
  (await bao?.ask(body ? 'PUT' : 'GET', path, body, token)) ?? {};

beforeAll(async () => {
  pair = await startPostgresPair();
  const { part, because } = await orNotRun(startOpenBao);
  bao = part;
  missing = because ?? '';
  if (!bao) return;
  await mountPostgres(bao, pair.server);
  const creation = `CREATE ROLE "{{name}}" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}' IN ROLE app;`;
  const role = { db_name: 'shop', creation_statements: creation };
  await ask('database/roles/short', { ...role, default_ttl: '3s', max_ttl: '7s' });
  await ask('database/roles/long', { ...role, default_ttl: '1h', max_ttl: '24h' });
  await ask('sys/policies/acl/app', {
    policy:
      'path "database/creds/*" { capabilities = ["read"] } path "sys/leases/revoke" { capabilities = ["update"] }',
  });
}, 300_000);
afterAll(async () => {
  await bao?.stop();
  await pair.stop();
});
beforeEach((context) => {
  if (!bao) context.skip(missing);
});

function leased(role: string, token: string | (() => Promise<string>)): { source: LeasedSource; events: LeaseEvent[] } {
  const events: LeaseEvent[] = [];
  const source = vaultDatabase({ address: bao?.url ?? '', token, role, onLease: (event) => events.push(event) });
  return { source, events };
}

async function newToken(ttl: string, renewable = true): Promise<string> {
  const { auth } = (await ask('auth/token/create', {
    ttl,
    explicit_max_ttl: renewable ? '0s' : ttl,
    renewable,
    policies: ['app'],
  })) as {
    auth?: { client_token: string };
  };
  return auth?.client_token ?? '';
}

const users = async (): Promise<string[]> =>
  (await pair.admin.query<{ rolname: string }>("SELECT rolname FROM pg_roles WHERE rolname LIKE 'v-%'")).rows.map(
    ({ rolname }) => rolname,
  );

async function load(pool: Pool, millis: number): Promise<unknown[]> {
  const errors: unknown[] = [];
  const end = Date.now() + millis;
  await Promise.all(
    Array.from({ length: 4 }, async () => {
      while (Date.now() < end) await pool.query('SELECT pg_sleep(0.01)').catch((error) => errors.push(error));
    }),
  );
  return errors;
}

describe('a dynamic role', () => {
  it('is renewed at two thirds, and replaced before max_ttl, without a failed query', async () => {
    const { source, events } = leased('short', await newToken('1h'));
    const pool = new Pool({ ...pair.at, credentials: source, max: 4 });
    expect(await load(pool, 14_000)).toEqual([]);
    const kinds = events.map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'renewed').length).toBeGreaterThanOrEqual(2);
    expect(kinds.filter((kind) => kind === 'issued').length).toBeGreaterThanOrEqual(2);
    expect(kinds).not.toContain('failed');
    expect(pool.counters).toMatchObject({ refused: 0 });
    expect(pool.counters.rotations).toBeGreaterThanOrEqual(1);
    await pool.drain();
    await source.close();
    await eventually(async () => (await users()).length === 0, 10_000);
  });

  it('follows the life of its token: a token that ends takes its lease along', async () => {
    const { source, events } = leased('long', async () => await newToken('4s', false));
    const pool = new Pool({ ...pair.at, credentials: source, max: 4 });
    expect(await load(pool, 9_000)).toEqual([]);
    expect(events.map(({ kind }) => kind)).toContain('token-replaced');
    expect(events.filter(({ kind }) => kind === 'issued').length).toBeGreaterThanOrEqual(3);
    await pool.drain();
    await source.close();
  });

  it('asks for a new user when its lease was revoked, and for none when it was not', async () => {
    const { source, events } = leased('long', await newToken('1h'));
    const pool = new Pool({ ...pair.at, credentials: source, max: 2 });
    await pool.query('SELECT 1');
    await pool.refresh();
    await Promise.all([pool.refresh(), pool.refresh()]);
    expect(events.filter(({ kind }) => kind === 'issued')).toHaveLength(1);
    await ask('sys/leases/revoke-prefix/database/creds/long', {});
    await eventually(async () => (await users()).length === 0);
    await pool.refresh();
    await pool.query('SELECT 1');
    expect(events.filter(({ kind }) => kind === 'issued')).toHaveLength(2);
    await pool.end();
    await source.close();
    expect(events.at(-1)).toMatchObject({ kind: 'revoked' });
    await eventually(async () => (await users()).length === 0);
  });

  it('keeps nothing running once nobody follows it', async () => {
    const { source, events } = leased('short', await newToken('1h'));
    const pool = new Pool({ ...pair.at, credentials: source, max: 1 });
    await pool.query('SELECT 1');
    await pool.end();
    const before = events.length;
    await after(3_500);
    expect(events).toHaveLength(before);
    await source.close();
  });

  it('says what is wrong, and never the token', async () => {
    const message = async (role: string, token: string): Promise<string> =>
      await leased(role, token)
        .source.read()
        .then(
          () => 'no error',
          (error: unknown) => (error as Error).message,
        );
    expect(await message('none', bao?.rootToken ?? '')).toBe(
      'Vault database/creds/none cannot be read: status 400. Check role and mount.',
    );
    expect(await message('long', 'hunter2')).toBe(
      'Vault database/creds/long cannot be read: status 403. Check the token, and that its policy allows it.',
    );
  });
});
