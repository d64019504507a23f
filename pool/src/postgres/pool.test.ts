import { once } from 'node:events';

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { contract, postgresDialect, type Subject, type SubjectOptions } from '../testing/contract.js';
import { eventually, type PostgresPair, ScriptedSource, startPostgresPair } from '../testing/postgres-pair.js';
import postgres from './pool.js';

function open({ port, max, ...options }: SubjectOptions): Subject {
  const sql = postgres({ host: '127.0.0.1', port, database: 'postgres', max, ...options });
  let ended: Promise<void> | undefined;
  return {
    pool: sql,
    get counters() {
      return sql.counters;
    },
    refresh: () => sql.refresh(),
    drain: (drainOptions) => sql.drain(drainOptions),
    end: () => (ended ??= sql.end({ timeout: 1 })),
    events: sql.events as unknown as NodeJS.EventEmitter,
    run: async (text) => await sql.unsafe(text),
    hold: async () => {
      const reserved = await sql.reserve();
      return { run: async (text) => await reserved.unsafe(text), release: () => reserved.release() };
    },
  };
}

contract('postgres', async () => ({ part: await startPostgresPair() }), open, postgresDialect, {
  replacesOneByOne: false,
});

describe('beside postgres', () => {
  let pair: PostgresPair;
  const opened: { end(options: { timeout: number }): Promise<void> }[] = [];
  beforeAll(async () => {
    pair = await startPostgresPair();
  });
  afterAll(async () => await pair.stop());
  afterEach(async () => void (await Promise.all(opened.splice(0).map((sql) => sql.end({ timeout: 1 })))));

  function follow(source: ScriptedSource) {
    const sql = postgres(`postgres://${pair.at.host}:${pair.at.port}/postgres`, { credentials: source, max: 4 });
    opened.push(sql);
    return sql;
  }

  it('takes fragments, helpers, cursors and transactions, before and after a rotation', async () => {
    const source = new ScriptedSource(await pair.advance());
    const sql = follow(source);
    for (let rotation = 0; rotation < 2; rotation += 1) {
      const rows = [{ note: `a${rotation}` }, { note: `b${rotation}` }];
      await sql.begin(async (transaction) => {
        await transaction`INSERT INTO orders ${transaction(rows, 'note')}`;
        await transaction.savepoint(async (point) => await point`SELECT 1`);
      });
      const where = sql`WHERE note = ${`a${rotation}`}`;
      expect((await sql`SELECT note FROM ${sql('orders')} ${where}`)[0]).toEqual({ note: `a${rotation}` });
      const seen: number[] = [];
      for await (const [row] of sql`SELECT generate_series(1, 3) AS n`.cursor()) seen.push(row?.['n'] as number);
      expect(seen).toEqual([1, 2, 3]);
      if (rotation > 0) break;
      const rotated = once(sql.events, 'rotation');
      source.publish(await pair.advance());
      await rotated;
    }
  });

  it('shows the generation in application_name', async () => {
    const credential = await pair.advance();
    const sql = follow(new ScriptedSource(credential));
    expect(await sql`SELECT current_setting('application_name') AS name`).toEqual([
      { name: `postgres.js g${credential.generation}` },
    ]);
  });

  it('hears notifications after a rotation, each once', async () => {
    const first = await pair.advance();
    const source = new ScriptedSource(first);
    const sql = follow(source);
    const heard: string[] = [];
    const { unlisten } = await sql.listen('news', (value) => heard.push(value));
    await sql.notify('news', 'one');
    await eventually(() => heard.length === 1);
    const rotated = once(sql.events, 'rotation');
    source.publish(await pair.advance());
    await rotated;
    await eventually(async () => (await pair.sessions())[first.user] === undefined);
    await sql.notify('news', 'two');
    await eventually(() => heard.length === 2);
    expect(heard).toEqual(['one', 'two']);
    await unlisten();
  });

  it('cancels a query', async () => {
    const sql = follow(new ScriptedSource(await pair.advance()));
    const slow = sql`SELECT pg_sleep(30)`;
    const seen = slow.catch((error: { code: string }) => error.code);
    await eventually(() => (slow as unknown as { state: object | null }).state !== null);
    slow.cancel();
    expect(await seen).toBe('57014');
  });

  it('refuses options without a database, whose default would be a user', () => {
    const credentials = new ScriptedSource({ user: 'a', password: 'b', generation: 1 });
    expect(() => postgres({ host: 'h', credentials })).toThrow('needs `database` beside `credentials`');
    expect(() => postgres('postgres://u:hunter2@h/d', { credentials })).toThrow('`url` holds a user or a password');
  });
});
