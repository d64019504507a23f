import { once } from 'node:events';
import { setTimeout as after } from 'node:timers/promises';
import { inspect } from 'node:util';

import type pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { eventually, type PostgresPair, ScriptedSource, startPostgresPair } from '../testing/postgres-pair.js';
import { startTcpProxy } from '../testing/tcp-proxy.js';
import { Pool, type PoolConfig } from './pool.js';

let pair: PostgresPair;
const open: Pool[] = [];

beforeAll(async () => {
  pair = await startPostgresPair();
});
afterAll(async () => await pair.stop());
afterEach(async () => {
  await Promise.all(open.splice(0).map((pool) => (pool.ending ? undefined : pool.end())));
  await pair.refusedLogins();
});

function follow(source: ScriptedSource, options: Partial<PoolConfig> = {}): Pool {
  const pool = new Pool({ ...pair.at, credentials: source, ...options });
  open.push(pool);
  return pool;
}

const whoAmI = async (db: Pick<pg.Pool, 'query'>): Promise<string> =>
  (await db.query<{ current_user: string }>('SELECT current_user')).rows[0]?.current_user ?? '';

describe('a rotation', () => {
  it.each([
    ['in a moment', {}],
    ['at once', { replaceWithinMillis: 0 }],
  ])('swaps user and password together, and closes idle connections of the old user %s', async (_when, options) => {
    const first = await pair.advance();
    const source = new ScriptedSource(first);
    const pool = follow(source, options);
    await Promise.all(Array.from({ length: 5 }, async () => await pool.query('SELECT pg_sleep(0.02)')));
    expect(await pair.sessions()).toEqual({ [first.user]: 5 });

    const second = await pair.advance();
    const rotated = once(pool, 'rotation');
    source.publish(second);
    expect(await rotated).toEqual([
      { generation: second.generation, user: second.user, previousGeneration: first.generation },
    ]);
    await eventually(async () => (await pair.sessions())[first.user] === undefined);
    expect(await whoAmI(pool)).toBe(second.user);
    expect(pool.counters).toMatchObject({ generation: second.generation, rotations: 1, refused: 0, superseded: 0 });
  });

  it('lets no request wait for the logins that replace connections', async () => {
    const proxy = await startTcpProxy(pair.server);
    const first = await pair.advance();
    const source = new ScriptedSource(first);
    const pool = follow(source, { port: proxy.port, max: 4, replaceWithinMillis: 400 });
    const four = async (): Promise<unknown> =>
      await Promise.all(Array.from({ length: 4 }, async () => await pool.query('SELECT pg_sleep(0.02)')));
    await four();
    const second = await pair.advance();
    const rotated = once(pool, 'rotation');
    source.publish(second);
    await rotated;
    proxy.hold();
    await after(300);
    await four();
    expect(pool.counters.superseded).toBeGreaterThan(0);
    expect(pool.totalCount).toBe(4);
    proxy.let();
    await eventually(async () => (await pair.sessions())[first.user] === undefined);
    expect(await whoAmI(pool)).toBe(second.user);
    expect(proxy.peak).toBe(4);
    await pool.end();
    await proxy.close();
  });

  it('replaces every connection at once when the server has refused the credential that they hold', async () => {
    const first = await pair.advance();
    const source = new ScriptedSource(first);
    const pool = follow(source, { max: 6, replaceWithinMillis: 60_000 });
    await Promise.all(Array.from({ length: 4 }, async () => await pool.query('SELECT pg_sleep(0.02)')));
    source.publish(await pair.advance(), { silently: true });
    await pair.spoil(first.user);
    await Promise.all(Array.from({ length: 6 }, async () => await pool.query('SELECT pg_sleep(0.02)')));
    await eventually(async () => (await pair.sessions())[first.user] === undefined);
  });

  it('lets a transaction finish on its old connection, and closes that when it is released', async () => {
    const first = await pair.advance();
    const source = new ScriptedSource(first);
    const pool = follow(source);
    const client = await pool.connect();
    await client.query('BEGIN');
    await client.query("INSERT INTO orders (note) VALUES ('before')");
    const second = await pair.advance();
    source.publish(second);
    await once(pool, 'rotation');
    expect(await whoAmI(pool)).toBe(second.user);
    expect(await whoAmI(client as never)).toBe(first.user);
    expect(pool.counters.superseded).toBe(1);
    await client.query("INSERT INTO orders (note) VALUES ('after')");
    await client.query('COMMIT');
    client.release();
    await eventually(async () => (await pair.sessions())[first.user] === undefined);
    const { rows } = await pool.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM orders WHERE note IN ('before', 'after')`,
    );
    expect(rows[0]?.n).toBe(2);
  });
});

describe('the password', () => {
  it.each([
    ['separate options', () => pair.at],
    ['a connection string', () => ({ connectionString: `postgres://${pair.at.host}:${pair.at.port}/postgres` })],
  ])('shows neither in util.inspect nor in JSON, with %s', async (_name, where) => {
    const credential = await pair.advance();
    const pool = new Pool({ ...where(), credentials: new ScriptedSource(credential) });
    open.push(pool);
    const client = await pool.connect();
    expect(await whoAmI(client as never)).toBe(credential.user);
    for (const thing of [
      pool,
      client,
      pool.options,
      pool.counters,
      (client as unknown as { credential: object }).credential,
    ]) {
      expect(inspect(thing, { depth: 12, maxArrayLength: null })).not.toContain(credential.password);
    }
    expect(
      JSON.stringify([pool.options, pool.counters, (client as unknown as { credential: object }).credential]),
    ).not.toContain(credential.password);
    client.release();
  });
});
