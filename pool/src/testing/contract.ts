import { once } from 'node:events';
import { setTimeout as after } from 'node:timers/promises';
import { inspect } from 'node:util';

import type { Credential } from '@keyturn/plan';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import type { CredentialSource } from '../credential-source.js';
import { NoUsableCredential } from '../errors.js';
import type { DrainOptions, PoolCounters, StragglerEvent } from '../following.js';
import type { FollowOptions } from '../policy.js';
import { eventually, ScriptedSource } from './postgres-pair.js';
import { startTcpProxy } from './tcp-proxy.js';

/** A database server with two users for one application. */
export interface Pair {
  readonly server: { readonly host: string; readonly port: number; restart(): Promise<void> };
  advance(): Promise<Credential>;
  sessions(): Promise<Record<string, number>>;
  refusedLogins(): Promise<number>;
  spoil(user: string): Promise<void>;
  lock(user: string): Promise<void>;
  kill(user: string): Promise<void>;
  stop(): Promise<void>;
}

/** A connection that a test holds. */
export interface Held {
  run(sql: string): Promise<unknown>;
  release(): void | Promise<void>;
}

/** The pool of one driver, as the contract uses it. */
export interface Subject {
  readonly pool: object;
  readonly counters: PoolCounters;
  refresh(): Promise<void>;
  drain(options?: DrainOptions): Promise<{ cut: number }>;
  end(): Promise<void>;
  readonly events: NodeJS.EventEmitter;
  run(sql: string): Promise<unknown>;
  hold(): Promise<Held>;
}

export interface SubjectOptions extends FollowOptions {
  readonly credentials: CredentialSource;
  readonly port: number;
  readonly max: number;
}

/** The words of one database. */
export interface Dialect {
  readonly sleep: (seconds: number) => string;
  readonly whoAmI: string;
  /** The first field of the first row. */
  readonly value: (result: unknown) => string;
  /** What the error of a query says whose connection was cut. */
  readonly refusedCodes: { readonly password: object; readonly locked: object };
}

export const postgresDialect: Dialect = {
  sleep: (seconds) => `SELECT pg_sleep(${seconds})`,
  whoAmI: 'SELECT current_user AS u',
  value: (result) => String(rowsOf(result)[0]?.['u']),
  refusedCodes: { password: { code: '28P01' }, locked: { code: '28000' } },
};

export const mysqlDialect: Dialect = {
  sleep: (seconds) => `SELECT SLEEP(${seconds})`,
  whoAmI: 'SELECT SUBSTRING_INDEX(USER(), "@", 1) AS u',
  value: (result) => String(rowsOf(result)[0]?.['u']),
  refusedCodes: { password: { errno: 1045 }, locked: {} },
};

function rowsOf(result: unknown): Record<string, unknown>[] {
  if (Array.isArray(result)) {
    const [first] = result as unknown[];
    return (Array.isArray(first) ? first : result) as Record<string, unknown>[];
  }
  return (result as { rows: Record<string, unknown>[] }).rows;
}

/** What every driver's pool keeps to. `start` gives a server, or the reason why there is none. */
export function contract(
  name: string,
  start: () => Promise<{ part: Pair; because?: never } | { part?: never; because: string }>,
  open: (options: SubjectOptions) => Subject,
  { sleep, whoAmI, value, refusedCodes }: Dialect,
  { replacesOneByOne = true } = {},
): void {
  describe(name, () => {
    let pair: Pair;
    let missing: string | undefined;
    const opened: Subject[] = [];

    beforeAll(async () => {
      const { part, because } = await start();
      missing = because;
      if (part) pair = part;
    }, 300_000);
    afterAll(async () => await pair?.stop());
    beforeEach((context) => {
      if (missing !== undefined) context.skip(missing);
    });
    afterEach(async () => {
      await Promise.all(opened.splice(0).map((one) => one.end()));
      if (missing === undefined) await pair.refusedLogins();
    });

    const follow = (source: ScriptedSource, options: FollowOptions & { port?: number; max?: number } = {}): Subject => {
      const subject = open({ port: pair.server.port, max: 8, ...options, credentials: source });
      opened.push(subject);
      return subject;
    };
    const many = async (subject: Subject, count: number, sql = sleep(0.02)): Promise<unknown[]> => {
      const results = await Promise.allSettled(Array.from({ length: count }, async () => await subject.run(sql)));
      return results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
    };
    const who = async (subject: { run(sql: string): Promise<unknown> }): Promise<string> =>
      value(await subject.run(whoAmI));

    it.each([
      ['in a moment', {}],
      ['at once', { replaceWithinMillis: 0 }],
    ])('swaps user and password together, and closes idle connections of the old user %s', async (_when, options) => {
      const first = await pair.advance();
      const source = new ScriptedSource(first);
      const subject = follow(source, options);
      expect(await many(subject, 5)).toEqual([]);
      await eventually(async () => (await pair.sessions())[first.user] === 5);
      const second = await pair.advance();
      const rotated = once(subject.events, 'rotation');
      source.publish(second);
      expect(await rotated).toEqual([
        { generation: second.generation, user: second.user, previousGeneration: first.generation },
      ]);
      await eventually(async () => (await pair.sessions())[first.user] === undefined);
      expect(await who(subject)).toBe(second.user);
      expect(subject.counters).toMatchObject({ generation: second.generation, rotations: 1, refused: 0 });
    });

    it('lets a transaction finish on its old connection, and closes that when it is released', async () => {
      const first = await pair.advance();
      const source = new ScriptedSource(first);
      const subject = follow(source);
      const held = await subject.hold();
      await held.run('BEGIN');
      await held.run("INSERT INTO orders (note) VALUES ('before')");
      const second = await pair.advance();
      const rotated = once(subject.events, 'rotation');
      source.publish(second);
      await rotated;
      expect(await who(subject)).toBe(second.user);
      expect(await who(held)).toBe(first.user);
      expect(subject.counters.superseded).toBe(1);
      await held.run("INSERT INTO orders (note) VALUES ('after')");
      await held.run('COMMIT');
      await held.release();
      await eventually(async () => (await pair.sessions())[first.user] === undefined);
    });

    it('fails no query and never has more sockets than max, under load through six rotations', async () => {
      const proxy = await startTcpProxy(pair.server);
      const source = new ScriptedSource(await pair.advance());
      const subject = follow(source, { port: proxy.port, max: 4 });
      const errors: unknown[] = [];
      let running = true;
      const load = Array.from({ length: 12 }, async () => {
        while (running && errors.length === 0) await subject.run(sleep(0.002)).catch((error) => errors.push(error));
      });
      try {
        for (let rotation = 0; rotation < 6; rotation += 1) {
          const rotated = once(subject.events, 'rotation', { signal: AbortSignal.timeout(20_000) });
          source.publish(await pair.advance());
          await rotated;
          await after(20);
        }
      } finally {
        running = false;
        await Promise.all(load);
      }
      expect({ errors, rotations: subject.counters.rotations }).toEqual({ errors: [], rotations: 6 });
      expect(proxy.peak).toBeLessThanOrEqual(4);
      expect(proxy.peak).toBeGreaterThan(1);
      await subject.end();
      await proxy.close();
    });

    if (replacesOneByOne) {
      it('lets no request wait for the logins that replace connections', async () => {
        const proxy = await startTcpProxy(pair.server);
        const first = await pair.advance();
        const source = new ScriptedSource(first);
        const subject = follow(source, { port: proxy.port, max: 4, replaceWithinMillis: 2_000 });
        await many(subject, 4);
        const rotated = once(subject.events, 'rotation');
        source.publish(await pair.advance());
        await rotated;
        proxy.hold();
        // Logins have begun by then, and the time for all of them is far from over.
        await after(800);
        expect(await many(subject, 12)).toEqual([]);
        expect(subject.counters.superseded).toBeGreaterThan(0);
        proxy.let();
        await eventually(async () => (await pair.sessions())[first.user] === undefined);
        expect(proxy.peak).toBe(4);
        await subject.end();
        await proxy.close();
      });
    }

    it('notices a connection that was being opened with the old credential', async () => {
      const proxy = await startTcpProxy(pair.server);
      const first = await pair.advance();
      const source = new ScriptedSource(first);
      const subject = follow(source, { port: proxy.port, loginBurstMillis: 10_000 });
      await subject.run(sleep(0));
      const busy = await subject.hold();
      proxy.hold();
      const beingOpened = who(subject);
      await eventually(() => proxy.open === 2);
      proxy.pass();
      const second = await pair.advance();
      const rotated = once(subject.events, 'rotation');
      source.publish(second);
      await rotated;
      proxy.let();
      await beingOpened;
      await busy.release();
      await eventually(async () => (await pair.sessions())[first.user] === undefined);
      expect(await who(subject)).toBe(second.user);
      await subject.end();
      await proxy.close();
    });

    it.each([
      { what: 'a changed password', spoil: async (user: string) => await pair.spoil(user), kind: 'password' as const },
      { what: 'a locked user', spoil: async (user: string) => await pair.lock(user), kind: 'locked' as const },
    ])('reads the source once for all and reaches no caller: $what', async ({ spoil, kind }) => {
      const first = await pair.advance();
      const source = new ScriptedSource(first);
      const subject = follow(source, { max: 12 });
      await subject.run(sleep(0));
      const second = await pair.advance();
      source.publish(second, { silently: true });
      await spoil(first.user);
      await after(120);
      await pair.refusedLogins();
      const refused = once(subject.events, 'refused');
      expect(await many(subject, 48)).toEqual([]);
      const [event] = (await refused) as [{ error: object }];
      expect(event).toMatchObject({ user: first.user, generation: first.generation, error: refusedCodes[kind] });
      expect(source.reads).toBe(2);
      expect(await pair.refusedLogins()).toBe(1);
      expect(subject.counters).toMatchObject({ generation: second.generation, refused: 1, rotations: 1 });
    });

    it('tries a refused credential once per process and generation, however many connections and pools want one', async () => {
      const { user, generation } = await pair.advance();
      const source = new ScriptedSource({ user, password: 'wrong', generation });
      const options = { max: 12, credentialTimeoutMillis: 400 };
      const subjects = [follow(source, options), follow(source, options)] as const;
      const errors = (await Promise.all(subjects.map(async (one) => await many(one, 24)))).flat();
      errors.push(...(await many(subjects[0], 4)));
      expect(errors).toHaveLength(52);
      for (const error of errors) expect(error).toBeInstanceOf(NoUsableCredential);
      expect(errors[0]).toMatchObject({ refused: [generation], cause: refusedCodes.password });
      expect(await pair.refusedLogins()).toBe(1);
    });

    it('falls back to the previous credential while the new one is refused', async () => {
      const first = await pair.advance();
      const source = new ScriptedSource(first);
      const subject = follow(source);
      await many(subject, 3);
      const refused = once(subject.events, 'refused');
      source.publish({ user: first.user, password: 'never set', generation: first.generation + 1 });
      await refused;
      expect(await many(subject, 24)).toEqual([]);
      await eventually(async () => (await pair.sessions())[first.user] === 8);
      expect(await pair.refusedLogins()).toBe(1);
      expect(subject.counters).toMatchObject({ generation: first.generation, rotations: 0, superseded: 0 });
    });

    it('lets requests wait while the source is away, and fails them at the bound with the reason', async () => {
      const source = new ScriptedSource(await pair.advance());
      source.away = true;
      const patient = follow(source);
      const waiting = many(patient, 30);
      const hasty = follow(source, { credentialTimeoutMillis: 200 });
      await expect(hasty.run(sleep(0))).rejects.toThrow('the store is away');
      source.away = false;
      expect(await waiting).toEqual([]);
    });

    it('closes what is still in use at the deadline, with an event that names it', async () => {
      const first = await pair.advance();
      const source = new ScriptedSource(first);
      const subject = follow(source, { stragglerTimeoutMillis: 150 });
      const held = await subject.hold();
      const slow = held.run(sleep(30));
      const seen = slow.then(
        () => 'it ran',
        () => 'it was cut',
      );
      const straggled = once(subject.events, 'straggler');
      source.publish(await pair.advance());
      const [straggler] = (await straggled) as [StragglerEvent];
      expect(straggler).toMatchObject({ user: first.user, generation: first.generation });
      expect(straggler.processId).toEqual(expect.any(Number));
      expect(await seen).toBe('it was cut');
      await held.release();
      expect(await many(subject, 4)).toEqual([]);
      expect(subject.counters).toMatchObject({ stragglers: 1, superseded: 0 });
    });

    it('finishes what runs and what waits when it is drained', async () => {
      const source = new ScriptedSource(await pair.advance());
      const subject = follow(source, { max: 2 });
      const running = many(subject, 10, sleep(0.05));
      await after(30);
      expect(await subject.drain()).toEqual({ cut: 0 });
      expect(await running).toEqual([]);
      expect(source.watchers).toBe(0);
      await expect(subject.run(sleep(0))).rejects.toThrow();
    });

    it('replaces broken connections, idle or in use, and ends no process over them', async () => {
      const credential = await pair.advance();
      const source = new ScriptedSource(credential);
      const subject = follow(source);
      const held = await subject.hold();
      await many(subject, 3);
      await pair.kill(credential.user);
      await expect(held.run(sleep(0))).rejects.toThrow();
      await held.release();
      await eventually(async () => (await pair.sessions())[credential.user] === undefined);
      // Until this process has read what the server said, it cannot know.
      await after(250);
      expect(await many(subject, 8)).toEqual([]);
      expect(subject.counters.refused).toBe(0);
    });

    it('goes on after the database was restarted; network trouble is no refusal', async () => {
      const source = new ScriptedSource(await pair.advance());
      const subject = follow(source);
      await many(subject, 4);
      await pair.server.restart();
      await eventually(async () => (await subject.run(sleep(0)).catch(() => undefined)) !== undefined, 15_000);
      expect(subject.counters.refused).toBe(0);
      expect(source.reads).toBe(1);
    });

    it('shows the password neither in util.inspect nor in JSON', async () => {
      const credential = await pair.advance();
      const subject = follow(new ScriptedSource(credential));
      const held = await subject.hold();
      expect(await who(held)).toBe(credential.user);
      for (const thing of [subject.pool, held, subject.counters]) {
        expect(inspect(thing, { depth: 14, maxArrayLength: null, showHidden: false })).not.toContain(
          credential.password,
        );
      }
      await held.release();
    });

    it.each([
      ['no source', undefined, /needs `credentials`/],
      ['a negative time', { overlapMillis: -1 }, /overlapMillis must be milliseconds, zero or more, got -1\./],
    ])('refuses %s', (_name, options, message) => {
      const credentials = options && new ScriptedSource({ user: 'a', password: 'b', generation: 1 });
      expect(() => open({ port: 1, max: 1, credentials: credentials as ScriptedSource, ...options })).toThrow(message);
    });
  });
}
