import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as after } from 'node:timers/promises';

import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { NoUsableCredential } from '../errors.js';
import { eventually, type PostgresPair, ScriptedSource, startPostgresPair } from '../testing/postgres-pair.js';
import { startTcpProxy } from '../testing/tcp-proxy.js';
import { Pool, type PoolConfig, type StragglerEvent } from './pool.js';

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

const many = async (
  pool: Pool,
  count: number,
  sql = 'SELECT pg_sleep(0.01)',
): Promise<PromiseSettledResult<unknown>[]> =>
  await Promise.allSettled(Array.from({ length: count }, async () => await pool.query(sql)));
const failures = (results: PromiseSettledResult<unknown>[]): unknown[] =>
  results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));

describe('during the switch', () => {
  it('never has more sockets open than max, under load and through ten rotations', async () => {
    const proxy = await startTcpProxy(pair.server);
    const source = new ScriptedSource(await pair.advance());
    const pool = follow(source, { port: proxy.port, max: 4 });
    let failed = 0;
    let running = true;
    const load = Array.from({ length: 12 }, async () => {
      while (running && failed === 0) await pool.query('SELECT pg_sleep(0.002)').catch(() => (failed += 1));
    });
    for (let rotation = 0; rotation < 10; rotation += 1) {
      const rotated = once(pool, 'rotation', { signal: AbortSignal.timeout(10_000) });
      source.publish(await pair.advance());
      await rotated;
      await after(20);
    }
    running = false;
    await Promise.all(load);
    expect({ failed, peak: proxy.peak, rotations: pool.counters.rotations }).toEqual({
      failed: 0,
      peak: 4,
      rotations: 10,
    });
    await pool.end();
    await proxy.close();
  });

  it('notices a connection that was being opened with the old credential', async () => {
    const proxy = await startTcpProxy(pair.server);
    const first = await pair.advance();
    const source = new ScriptedSource(first);
    const pool = follow(source, { port: proxy.port, loginBurstMillis: 10_000 });
    await pool.query('SELECT 1');
    const busy = await pool.connect();
    proxy.hold();
    const beingOpened = pool.query<{ current_user: string }>('SELECT current_user');
    await eventually(() => proxy.open === 2);
    proxy.pass();
    const second = await pair.advance();
    const rotated = once(pool, 'rotation');
    source.publish(second);
    await rotated;
    proxy.let();
    expect((await beingOpened).rows).toEqual([{ current_user: second.user }]);
    busy.release();
    await eventually(async () => (await pair.sessions())[first.user] === undefined);
    await pool.end();
    await proxy.close();
  });

  it('takes no older generation that a lagging replica of the store still answers with', async () => {
    const first = await pair.advance();
    const second = await pair.advance();
    const source = new ScriptedSource(second);
    const pool = follow(source);
    await pool.query('SELECT 1');
    source.publish(first);
    await pool.refresh();
    await pool.query('SELECT 1');
    expect(pool.counters).toMatchObject({ generation: second.generation, rotations: 0 });
  });
});

describe('a refused login', () => {
  it.each([
    { name: 'a changed password (28P01)', spoil: (user: string) => `ALTER ROLE ${user} PASSWORD 'other'` },
    { name: 'a retired user (28000)', spoil: (user: string) => `ALTER ROLE ${user} NOLOGIN` },
  ])('reads the source once for all and reaches no caller: $name', async ({ spoil }) => {
    const first = await pair.advance();
    const source = new ScriptedSource(first);
    const pool = follow(source, { max: 16 });
    await pool.query('SELECT 1');
    const second = await pair.advance();
    source.publish(second, { silently: true });
    await pair.admin.query(spoil(first.user));
    await after(120);
    await pair.refusedLogins();
    expect(failures(await many(pool, 64))).toEqual([]);
    expect(source.reads).toBe(2);
    expect(await pair.refusedLogins()).toBe(1);
    expect(pool.counters).toMatchObject({ generation: second.generation, refused: 1, rotations: 1 });
  });

  it('is tried once per process and generation, however many connections and pools want one', async () => {
    const { user, generation } = await pair.advance();
    const source = new ScriptedSource({ user, password: 'wrong', generation });
    const options = { max: 16, credentialTimeoutMillis: 400 };
    const pools = [follow(source, options), follow(source, options)] as const;
    const errors = failures([
      ...(await many(pools[0], 32)),
      ...(await many(pools[1], 32)),
      ...(await many(pools[0], 4)),
    ]);
    expect(errors).toHaveLength(68);
    expect(errors[0]).toBeInstanceOf(NoUsableCredential);
    expect(errors[0]).toMatchObject({
      message: `${pair.at.host}:${pair.at.port} refused user "${user}" of generation ${generation}, and the source has no newer credential. Publish one that works, or call refresh() when the user was repaired.`,
      refused: [generation],
      cause: { code: '28P01' },
    });
    expect(await pair.refusedLogins()).toBe(1);
    await pair.admin.query(`ALTER ROLE ${user} PASSWORD 'wrong'`);
    await pools[0].refresh();
    expect(failures(await many(pools[0], 4))).toEqual([]);
  });

  it('of a new credential costs no connection, and new ones fall back to the previous one', async () => {
    const first = await pair.advance();
    const source = new ScriptedSource(first);
    const pool = follow(source, { max: 8 });
    await many(pool, 4);
    const refused = once(pool, 'refused');
    source.publish({ user: 'app', password: 'never set', generation: first.generation + 1 });
    expect(await refused).toMatchObject([{ user: 'app', generation: first.generation + 1 }]);
    expect(await pair.sessions()).toEqual({ [first.user]: 4 });
    expect(failures(await many(pool, 32))).toEqual([]);
    expect(await pair.sessions()).toEqual({ [first.user]: 8 });
    expect(await pair.refusedLogins()).toBe(1);
    expect(pool.counters).toMatchObject({ generation: first.generation, rotations: 0, superseded: 0 });
  });

  it('has no fallback once the overlap is over', async () => {
    const first = await pair.advance();
    const source = new ScriptedSource(first);
    const pool = follow(source, { overlapMillis: 0, credentialTimeoutMillis: 200 });
    await pool.query('SELECT 1');
    const held = await pool.connect();
    const refused = once(pool, 'refused');
    source.publish({ user: 'app', password: 'never set', generation: first.generation + 1 });
    await refused;
    await expect(pool.query('SELECT 1')).rejects.toThrow(NoUsableCredential);
    held.release();
  });

  it('falls back to what the source keeps as previous, right after the start', async () => {
    const first = await pair.advance();
    const source = new ScriptedSource({ user: 'app', password: 'never set', generation: first.generation + 1 }, first);
    const pool = follow(source);
    expect(failures(await many(pool, 8))).toEqual([]);
    expect(pool.counters.user).toBe(first.user);
  });

  it('with a correct password, after a change of pg_hba.conf: open connections serve on, new ones are tried again on refresh()', async () => {
    const credential = await pair.advance();
    const pool = follow(new ScriptedSource(credential), { max: 3, credentialTimeoutMillis: 200 });
    const held = await pool.connect();
    const file = (await pair.admin.query<{ hba_file: string }>('SHOW hba_file')).rows[0]?.hba_file ?? '';
    const before = readFileSync(file, 'utf8');
    const reload = async (text: string): Promise<void> => {
      writeFileSync(file, text);
      await pair.admin.query('SELECT pg_reload_conf()');
    };
    const loginEnds = async (): Promise<string | undefined> => {
      const client = new pg.Client({ ...pair.at, user: credential.user, password: credential.password });
      client.on('error', () => undefined);
      const code = await client.connect().then(
        () => undefined,
        (error: { code?: string }) => error.code,
      );
      await client.end();
      return code;
    };
    await reload(`host all ${credential.user} all reject\n${before}`);
    try {
      await eventually(async () => (await loginEnds()) === '28000', 20_000);
      await expect(pool.query('SELECT 1')).rejects.toMatchObject({
        refused: [credential.generation],
        cause: { code: '28000' },
      });
      expect(pool.counters.refused).toBe(1);
      expect((await held.query<{ one: number }>('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    } finally {
      await reload(before);
    }
    await eventually(async () => (await loginEnds()) === undefined, 20_000);
    await pool.refresh();
    expect(failures(await many(pool, 4))).toEqual([]);
    held.release();
  });

  it('leaves an authentication error of the application’s own hook alone', async () => {
    const source = new ScriptedSource(await pair.advance());
    const pool = follow(source, {
      onConnect: () => {
        throw Object.assign(new Error('the hook failed'), { code: '28P01' });
      },
    });
    await expect(pool.query('SELECT 1')).rejects.toThrow('the hook failed');
    expect(pool.counters.refused).toBe(0);
  });
});

describe('while the source is away', () => {
  it('requests wait, and go on when it is back', async () => {
    const source = new ScriptedSource(await pair.advance());
    source.away = true;
    const pool = follow(source);
    const waiting = many(pool, 40);
    await after(300);
    expect(pool.waitingCount).toBe(40);
    expect(source.reads).toBeLessThan(8);
    source.away = false;
    expect(failures(await waiting)).toEqual([]);
  });

  it('requests fail at the bound, with the reason', async () => {
    const source = new ScriptedSource(await pair.advance());
    source.away = true;
    const pool = follow(source, { credentialTimeoutMillis: 200 });
    await expect(pool.query('SELECT 1')).rejects.toThrow(
      `No credential could be read for ${pair.at.host}:${pair.at.port}: the store is away`,
    );
  });

  it('the last credential serves new connections until it is too old, and open ones serve on', async () => {
    const source = new ScriptedSource(await pair.advance());
    const pool = follow(source, { maxStaleMillis: 600, credentialTimeoutMillis: 200, max: 5 });
    await pool.query('SELECT 1');
    source.away = true;
    await pool.refresh();
    expect(pool.counters.failedRefreshes).toBe(1);
    expect(failures(await many(pool, 4))).toEqual([]);
    await after(700);
    const held = await Promise.all(Array.from({ length: pool.idleCount }, async () => await pool.connect()));
    expect(held.length).toBeGreaterThan(0);
    await expect(pool.query('SELECT 1')).rejects.toThrow('more than maxStaleMillis ago');
    for (const client of held) client.release();
  });

  it('a rotation that was announced and could not be read is not missed', async () => {
    const source = new ScriptedSource(await pair.advance());
    const pool = follow(source);
    await pool.query('SELECT 1');
    source.away = true;
    source.publish(await pair.advance());
    await once(pool, 'refresh');
    source.away = false;
    await once(pool, 'rotation');
  });
});

describe('what is still in use', () => {
  it('is closed at the deadline, with an event that names it', async () => {
    const first = await pair.advance();
    const source = new ScriptedSource(first);
    const pool = follow(source, { stragglerTimeoutMillis: 150 });
    const client = await pool.connect();
    const slow = client.query('SELECT pg_sleep(30)');
    const second = await pair.advance();
    source.publish(second);
    const [straggler] = (await once(pool, 'straggler')) as [StragglerEvent];
    expect(straggler).toEqual({
      user: first.user,
      generation: first.generation,
      processId: (client as unknown as { processID: number }).processID,
    });
    await expect(slow).rejects.toThrow('Connection terminated');
    client.release();
    await eventually(() => pool.totalCount === pool.idleCount && pool.counters.superseded === 0);
    expect(pool.counters.stragglers).toBe(1);
  });

  it('finishes when the pool is drained, and so does what waits', async () => {
    const source = new ScriptedSource(await pair.advance());
    const pool = follow(source, { max: 2 });
    const running = many(pool, 10, 'SELECT pg_sleep(0.05)');
    await after(20);
    expect(await pool.drain()).toEqual({ cut: 0 });
    expect(failures(await running)).toEqual([]);
    expect(source.watchers).toBe(0);
    await expect(pool.query('SELECT 1')).rejects.toThrow('Cannot use a pool after calling end on the pool');
  });

  it('is cut when a drain takes too long', async () => {
    const pool = follow(new ScriptedSource(await pair.advance()));
    const slow = pool.query('SELECT pg_sleep(30)');
    const seen = slow.catch((error: Error) => error.message);
    await once(pool, 'acquire');
    pool.on('straggler', () => undefined);
    expect(await pool.drain({ timeoutMillis: 100 })).toEqual({ cut: 1 });
    expect(await seen).toContain('Connection terminated');
  });

  it('finishes when the pool is drained while its connection is still being opened', async () => {
    const proxy = await startTcpProxy(pair.server);
    const pool = follow(new ScriptedSource(await pair.advance()), { port: proxy.port });
    proxy.hold();
    const asked = pool.query<{ one: number }>('SELECT 1 AS one');
    await eventually(() => proxy.open === 1);
    const drained = pool.drain();
    await after(50);
    expect(pool.ending).toBe(false);
    proxy.let();
    expect((await asked).rows).toEqual([{ one: 1 }]);
    expect(await drained).toEqual({ cut: 0 });
    await proxy.close();
  });
});

describe('a broken connection', () => {
  it('ends no process, idle or in use, without any listener', async () => {
    const pool = follow(new ScriptedSource(await pair.advance()));
    const [held, ...idle] = await Promise.all([pool.connect(), pool.connect(), pool.connect(), pool.connect()]);
    for (const client of idle) client.release();
    // The driver takes a connection for usable between the server's last word and the end of its socket.
    const heldEnded = new Promise<void>((resolve) => held.once('end', () => resolve()));
    await pair.admin.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename LIKE 'app%'");
    await eventually(() => pool.counters.brokenConnections === 3);
    await expect(held.query('SELECT 1')).rejects.toThrow();
    await heldEnded;
    held.release();
    expect(failures(await many(pool, 8))).toEqual([]);
  });

  it('is replaced after the network was cut in the middle of queries', async () => {
    const proxy = await startTcpProxy(pair.server);
    const pool = follow(new ScriptedSource(await pair.advance()), { port: proxy.port });
    const running = many(pool, 4, 'SELECT pg_sleep(5)');
    await eventually(() => proxy.open === 4);
    await after(50);
    proxy.cut();
    expect(failures(await running)).toHaveLength(4);
    expect(failures(await many(pool, 8))).toEqual([]);
    expect(pool.counters.refused).toBe(0);
    await pool.end();
    await proxy.close();
  });

  it('is replaced after the database was restarted, and network trouble is no refusal', async () => {
    const source = new ScriptedSource(await pair.advance());
    const pool = follow(source);
    await many(pool, 4);
    await pair.server.restart();
    await eventually(async () => (await pool.query('SELECT 1').catch(() => undefined)) !== undefined);
    expect(pool.counters.refused).toBe(0);
    expect(source.reads).toBe(1);
  });
});

describe('beside pg.Pool', () => {
  it('is one, takes callbacks, and counts the same', async () => {
    const pool = follow(new ScriptedSource(await pair.advance()), { max: 2 });
    expect(pool).toBeInstanceOf(pg.Pool);
    const rows = await new Promise((resolve, reject) => {
      pool.query('SELECT 1 AS one', (error, result) => (error ? reject(error) : resolve(result.rows)));
    });
    expect(rows).toEqual([{ one: 1 }]);
    const seen: string[] = [];
    for (const event of ['acquire', 'remove'] as const) pool.on(event, () => seen.push(event));
    pool.on('release', () => seen.push('release'));
    const held = await Promise.all([pool.connect(), pool.connect()]);
    const third = pool.connect();
    await after(10);
    expect([pool.totalCount, pool.idleCount, pool.waitingCount]).toEqual([2, 0, 1]);
    held[0].release(true);
    (await third).release();
    held[1].release();
    expect([pool.totalCount, pool.idleCount, pool.waitingCount]).toEqual([2, 2, 0]);
    expect(seen.filter((event) => event !== 'remove')).toEqual([
      'acquire',
      'acquire',
      'release',
      'acquire',
      'release',
      'release',
    ]);
  });

  it('times out like it while every connection is in use', async () => {
    const pool = follow(new ScriptedSource(await pair.advance()), { max: 1 });
    const held = await pool.connect();
    pool.options.connectionTimeoutMillis = 100;
    await expect(pool.query('SELECT 1')).rejects.toThrow('timeout exceeded when trying to connect');
    held.release();
  });

  it('shows the generation in application_name', async () => {
    const first = await pair.advance();
    const name = async (options: Partial<PoolConfig>): Promise<string | undefined> =>
      (
        await follow(new ScriptedSource(first), options).query<{ application_name: string }>(
          'SELECT application_name FROM pg_stat_activity WHERE pid = pg_backend_pid()',
        )
      ).rows[0]?.application_name;
    expect(await name({ application_name: 'orders' })).toBe(`orders g${first.generation}`);
    expect(await name({ application_name: 'é'.repeat(40) })).toMatch(new RegExp(` g${first.generation}$`));
    expect(await name({ application_name: 'orders', generationInApplicationName: false })).toBe('orders');
  });

  it.each([
    [
      'no source',
      {},
      'Pool needs `credentials`, a credential source such as envFile({ path: ".env" }); without one, use the Pool of pg.',
    ],
    [
      'a password beside the source',
      { credentials: new ScriptedSource({ user: 'a', password: 'b', generation: 1 }), password: 'hunter2' },
      'Pool was given `credentials` and `password`. Remove `password`: the source gives user and password together.',
    ],
    [
      'a password in the connection string',
      {
        credentials: new ScriptedSource({ user: 'a', password: 'b', generation: 1 }),
        connectionString: 'postgres://u:hunter2@h/d',
      },
      'The connection string holds a password, and `credentials` is given as well. Remove user and password from the connection string.',
    ],
    [
      'a negative time',
      { credentials: new ScriptedSource({ user: 'a', password: 'b', generation: 1 }), overlapMillis: -1 },
      'overlapMillis must be milliseconds, zero or more, got -1.',
    ],
  ])('refuses %s', (_name, config, message) => {
    expect(() => new Pool(config as PoolConfig)).toThrow(message);
  });
});
