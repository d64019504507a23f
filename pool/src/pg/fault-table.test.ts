import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as after } from 'node:timers/promises';

import type { Credential } from '@keyturn/plan';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { eventually, type PostgresPair, ScriptedSource, startPostgresPair } from '../testing/postgres-pair.js';
import { startTcpProxy, type TcpProxy } from '../testing/tcp-proxy.js';
import { Pool, type PoolConfig } from './pool.js';

interface Stage {
  readonly source: ScriptedSource;
  readonly proxy: TcpProxy;
  readonly pool: Pool;
}

/** What goes wrong, and how it ends. */
interface Fault {
  readonly options?: Partial<PoolConfig>;
  /** How long the queries run that it finds. */
  readonly seconds?: number;
  /** Before the application asks for anything. */
  readonly before?: (stage: Stage) => void;
  readonly begin?: (stage: Stage) => Promise<void>;
  readonly end?: (stage: Stage) => Promise<void>;
}

let pair: PostgresPair;
let proxy: TcpProxy;
const open: Pool[] = [];
beforeAll(async () => {
  pair = await startPostgresPair();
  proxy = await startTcpProxy(pair.server);
});
afterAll(async () => {
  await proxy.close();
  await pair.stop();
});
afterEach(async () => {
  await Promise.all(open.splice(0).map(async (pool) => (pool.ending ? undefined : await pool.end())));
});

const rotate = async ({ source, pool }: Stage): Promise<void> => {
  const next = await pair.advance();
  source.publish(next);
  await eventually(() => pool.counters.generation === next.generation, 20_000);
};

/** Changes who may log in, and waits until the server has read it. */
const hba = async (
  edit: (text: string) => string,
  { user, password }: Credential,
  code: string | undefined,
): Promise<void> => {
  const [row] = (await pair.admin.query<{ hba_file: string }>('SHOW hba_file')).rows;
  const file = row?.hba_file ?? '';
  writeFileSync(file, edit(readFileSync(file, 'utf8')));
  await pair.admin.query('SELECT pg_reload_conf()');
  const login = async (): Promise<string | undefined> => {
    const client = new pg.Client({ ...pair.at, user, password });
    client.on('error', () => undefined);
    const answer = await client.connect().then(
      () => undefined,
      (error: { code?: string }) => error.code,
    );
    await client.end();
    return answer;
  };
  await eventually(async () => (await login()) === code, 20_000);
};

const closed = '# not today\nhost all app_a,app_b all reject\n';

/** By the words of the table in docs/pool.md. */
const faults: Record<string, Fault> = {
  'the store is away when the application starts': {
    before: ({ source }) => void (source.away = true),
    end: async ({ source }) => void (source.away = false),
  },
  'the store is away when a rotation is announced': {
    begin: async ({ source }) => {
      const next = await pair.advance();
      source.away = true;
      source.publish(next);
    },
    end: async ({ source, pool }) => {
      source.away = false;
      await eventually(() => pool.counters.rotations === 1, 20_000);
    },
  },
  'the store is away after a rotation': {
    begin: async (stage) => {
      await rotate(stage);
      stage.source.away = true;
      await stage.pool.refresh();
    },
  },
  'the store holds a wrong password': {
    begin: async ({ source, pool }) => {
      const { user, generation } = await pair.advance();
      source.publish({ user, password: 'never set', generation });
      await eventually(() => pool.counters.refused === 1);
    },
  },
  'the password was changed and nobody announced it': {
    begin: async ({ source, pool }) => {
      const { user } = pool.counters;
      source.publish(await pair.advance(), { silently: true });
      await pair.spoil(user ?? '');
      await after(120);
    },
  },
  'the user was retired (28000) and nobody announced it': {
    begin: async ({ source, pool }) => {
      const { user } = pool.counters;
      source.publish(await pair.advance(), { silently: true });
      await pair.lock(user ?? '');
      await after(120);
    },
  },
  'pg_hba.conf refuses the correct password': {
    options: { credentialTimeoutMillis: 300 },
    begin: async ({ source }) => await hba((text) => closed + text, await source.read(), '28000'),
    end: async ({ source, pool }) => {
      await hba((text) => text.replace(closed, ''), await source.read(), undefined);
      await pool.refresh();
    },
  },
  'the database was restarted': {
    begin: async () => await pair.server.restart(),
    end: async ({ pool }) =>
      await eventually(async () => (await pool.query('SELECT 1').catch(() => undefined)) !== undefined, 20_000),
  },
  'the network was cut in the middle of queries': {
    begin: async (stage) => {
      stage.proxy.cut();
      await after(100);
    },
  },
  'a rotation while queries run': { begin: rotate },
  'a rotation while every connection is in use': {
    seconds: 4,
    options: { max: 2 },
    begin: async ({ source }) => source.publish(await pair.advance()),
  },
  'a query runs past the deadline after a rotation': {
    options: { stragglerTimeoutMillis: 200 },
    begin: async (stage) => {
      stage.pool.on('straggler', () => undefined);
      await rotate(stage);
      await eventually(() => stage.pool.counters.stragglers === 2, 20_000);
    },
  },
};

type Outcome = 'run' | 'fail' | 'some of each';

async function outcomeOf(queries: Promise<unknown>[]): Promise<Outcome> {
  const settled = await Promise.allSettled(queries);
  const failed = settled.filter(({ status }) => status === 'rejected').length;
  return failed === 0 ? 'run' : failed === settled.length ? 'fail' : 'some of each';
}

const page = readFileSync(new URL('../../../docs/pool.md', import.meta.url), 'utf8');
const table = page.slice(page.indexOf('<!-- test: faults -->'), page.indexOf('<!-- end: faults -->'));
const rows = [...table.matchAll(/^\| ([^|]+?) *\| ([^|]+?) *\| ([^|]+?) *\| ([^|]+?) *\| ([^|]+?) *\|$/gm)]
  .map(([, fault = '', running = '', asked = '', later = '', refused = '']) => ({
    fault,
    running,
    asked,
    later,
    refused,
  }))
  .filter(({ fault }) => fault !== 'what goes wrong' && !fault.startsWith('---'));

describe('what the application saw', () => {
  it('is told for every fault', () => {
    expect(rows.map(({ fault }) => fault)).toEqual(Object.keys(faults));
  });

  it.each(rows)('$fault', async ({ fault, ...told }) => {
    const { options, seconds = 1.5, before, begin, end } = faults[fault] as Fault;
    const source = new ScriptedSource(await pair.advance());
    const at = { ...pair.at, port: proxy.port };
    const pool = new Pool({ ...at, max: 4, ...options, credentials: source });
    open.push(pool);
    const stage = { source, proxy, pool };
    before?.(stage);
    const ask = async (seconds: number): Promise<unknown> => await pool.query(`SELECT pg_sleep(${seconds})`);
    const seen = { running: '–', asked: '', later: '', refused: '' };
    const running = before ? [] : [ask(seconds), ask(seconds)];
    if (!before) await eventually(async () => Object.values(await pair.sessions()).includes(2));
    for (const one of running) one.catch(() => undefined);
    await begin?.(stage);
    const asked = outcomeOf([ask(0), ask(0), ask(0), ask(0)]);
    if (told.asked.startsWith('wait')) {
      const waits = await Promise.race([asked, after(150, 'wait')]);
      await end?.(stage);
      seen.asked = `${waits}, then ${await asked}`;
    } else {
      seen.asked = await asked;
      await end?.(stage);
    }
    if (running.length > 0) seen.running = await outcomeOf(running);
    seen.later = await outcomeOf([ask(0), ask(0), ask(0), ask(0)]);
    seen.refused = String(pool.counters.refused);
    expect(seen).toEqual(told);
  });
});
