import { EventEmitter } from 'node:events';
import { readFile } from 'node:fs/promises';

import { isAuthenticationError } from '@keyturn/plan';
import postgres from 'postgres';

import { checkCredentials } from '../checked-options.js';
import { checkConnectionUrl } from '../connection-url.js';
import type { CredentialSource } from '../credential-source.js';
import { NotOffered } from '../errors.js';
import { type DrainOptions, type FollowEvents, Following, type PoolCounters } from '../following.js';
import type { HeldCredential } from '../held-credential.js';
import { type FollowOptions, followPolicy } from '../policy.js';
import { within } from '../within.js';
import { guarded } from './guarded.js';
import { Inner, type Link, NoPlace, type Options, type Query, type Unit } from './inner.js';
import { Listeners } from './listeners.js';

export type { DrainOptions, PoolCounters, RotationEvent, StragglerEvent } from '../following.js';

type Types = Record<string, postgres.PostgresType>;

/** Options of postgres, with a credential source in place of user and password. `database` is needed: its default is the user. */
export type FollowingOptions<T extends Types> = Omit<
  postgres.Options<T>,
  'user' | 'username' | 'pass' | 'password' | 'socket'
> &
  FollowOptions & { readonly credentials: CredentialSource };

/** What this package adds to `sql`. */
export interface Follows {
  /** Numbers for dashboards and tests. */
  readonly counters: PoolCounters;
  /** `rotation`, `refresh`, `refused` and `straggler`. */
  readonly events: EventEmitter<{ [K in keyof FollowEvents]: [FollowEvents[K]] }>;
  /** Reads the source now, and lets a refused credential be tried again. Resolves when it was read; never rejects. */
  refresh(): Promise<void>;
  /**
   * For SIGTERM: serves on for `preStopMillis`, while load balancers still send requests, then ends and waits for what runs. What still runs
   * at `timeoutMillis` is cut. Default: 0 and 10 000.
   */
  drain(options?: DrainOptions): Promise<{ cut: number }>;
}

type SqlOf<T extends Types> = ReturnType<typeof postgres<T>>;

/**
 * A drop-in for postgres that follows a rotation: user and password come from a source and swap together, what runs finishes on its old
 * connection, and a refused login reads the source once and tries again before any caller sees an error. `subscribe()` does not follow.
 *
 * @throws TypeError when `credentials` is missing, or a user or password is given beside it, or no database.
 */
export default function followingPostgres<T extends Types = Record<never, never>>(
  ...given: [url: string, options: FollowingOptions<T>] | [options: FollowingOptions<T>]
): SqlOf<T> & Follows {
  const [url, options] = given.length === 1 ? [undefined, given[0]] : given;
  const instead = ['user', 'username', 'pass', 'password', 'socket'];
  checkCredentials(options, { pool: 'postgres()', driver: 'postgres', instead });
  if (url !== undefined) checkConnectionUrl(url, 'url');
  const { policy, rest } = followPolicy(options);
  const { credentials, ...driver } = rest;
  return new FollowingSql(url, driver as Options, credentials, policy).front as unknown as SqlOf<T> & Follows;
}

class FollowingSql {
  readonly front: postgres.Sql;
  readonly #following: Following<Link>;
  readonly #events = new EventEmitter<{ [K in keyof FollowEvents]: [FollowEvents[K]] }>();
  readonly #inners = new Map<HeldCredential, Inner>();
  readonly #retiring = new Set<Inner>();
  readonly #parked: (() => void)[] = [];
  readonly #listeners = new Listeners();
  readonly #make: (credential: HeldCredential) => Inner;
  /** The driver gives a busy connection query after query: unless new ones wait, none would come free to be closed. */
  #makingRoom = false;
  #waiting = 0;
  #ended: Promise<void> | undefined;

  constructor(
    url: string | undefined,
    options: Options,
    source: CredentialSource,
    policy: ReturnType<typeof followPolicy>['policy'],
  ) {
    // This one never connects: it parses the options, and makes queries, fragments and helpers.
    const plain = url === undefined ? postgres({ ...options, max: 1 }) : postgres(url, { ...options, max: 1 });
    const { host, port, path } = plain.options;
    if (!hasDatabase(url, options)) {
      throw new TypeError('postgres() needs `database` beside `credentials`: its default would be the name of a user.');
    }
    const endpoint = path || host.map((one, at) => `${one}:${port[at]}`).join(',');
    this.#following = new Following({ source, policy, endpoint, max: options.max ?? 10, replacesOneByOne: false });
    this.#make = (credential) => new Inner(this.#following, credential, url, options);
    this.front = this.#frontOf(plain);
    this.#following.start({
      emit: (event, payload) => (this.#events.emit as (name: string, payload: unknown) => boolean)(event, payload),
      isEnding: () => this.#ended !== undefined,
      hasConnections: () => this.#inners.size > 0,
      hasRoom: () => this.#following.slots.free > 0,
      open: async () => {
        const probe = plain.unsafe('SELECT 1') as unknown as Query;
        probe.handler = (query) => this.#route(query, true);
        await probe;
      },
      reviewIdle: () => (this.#following.needsPlace ? this.#makeRoom() : this.#retireSuperseded()),
      cut: ({ socket }) => socket.destroy(),
      processId: ({ processId }) => processId,
    });
  }

  #frontOf(plain: postgres.Sql): postgres.Sql {
    const mine = (made: unknown): unknown => {
      if (made instanceof Promise) (made as unknown as Query).handler = (query) => this.#route(query, false);
      return made;
    };
    const call = plain as unknown as (...args: unknown[]) => unknown;
    const front = (...args: unknown[]): unknown => mine(call(...args));
    const unsafe = plain.unsafe as (...args: unknown[]) => unknown;
    const file = plain.file as (path: string, ...args: unknown[]) => unknown;
    Object.defineProperties(front, {
      ...Object.getOwnPropertyDescriptors(plain),
      counters: { get: () => this.#following.counters },
      parameters: { get: () => this.#proven()?.sql.parameters ?? plain.parameters },
    });
    return Object.assign(front, {
      events: this.#events,
      unsafe: (...args: unknown[]) => mine(unsafe(...args)),
      file: (path: string, ...args: unknown[]) => {
        const query = file(path, ...args) as Query;
        query.handler = () => {
          readFile(path, 'utf8').then((text) => {
            query.strings = [text];
            this.#route(query, false);
          }, query.reject);
        };
        return query;
      },
      notify: async (channel: string, payload: string) =>
        await (mine(call`SELECT pg_notify(${channel}, ${payload})`) as Promise<unknown>),
      begin: async (...args: unknown[]) => await this.#begin(args),
      reserve: async () => await this.#reserve(),
      listen: async (channel: string, onNotify: (value: string) => void, onListen?: () => void) =>
        await this.#listeners.add({ channel, onNotify, onListen }, async () => await this.#inner(false)),
      subscribe: () =>
        Promise.reject(
          new Error('subscribe() does not follow a rotation; use the one of postgres with a user of its own.'),
        ),
      largeObject: async (...args: [number?, number?]) => await (await this.#inner(false)).sql.largeObject(...args),
      refresh: async () => await this.#following.refresh(),
      drain: async (options: DrainOptions = {}) => await this.#drain(options),
      end: async (options?: { timeout?: number }) => await this.#end(options),
    }) as unknown as postgres.Sql;
  }

  /** The driver whose user is known to log in. */
  #proven(): Inner | undefined {
    const { proven } = this.#following.logins;
    return proven && this.#inners.get(proven);
  }

  #offered(): Inner | undefined {
    const credential = this.#following.logins.offered(this.#following.policy);
    if (!credential) return undefined;
    let inner = this.#inners.get(credential);
    if (!inner) this.#inners.set(credential, (inner = this.#make(credential)));
    return inner;
  }

  async #inner(fresh: boolean): Promise<Inner> {
    for (;;) {
      if (this.#ended) throw endedError();
      const inner = (fresh ? undefined : this.#proven()) ?? this.#offered();
      if (inner) return inner;
      const { logins, policy, ending } = this.#following;
      this.#waiting += 1;
      await within(
        policy.credentialTimeoutMillis,
        ending,
        async (left) => await logins.available(policy, left),
      ).finally(() => (this.#waiting -= 1));
    }
  }

  /** Gives a query to the driver that is to run it. `fresh`: not to the one that it came back from. */
  #route(query: Query, fresh: boolean): void {
    if (this.#makingRoom && !fresh)
      return this.#again(new NoPlace('Room is being made.'), () => this.#route(query, false));
    const inner = this.#ended ? undefined : ((fresh ? undefined : this.#proven()) ?? this.#offered());
    if (!inner) return void this.#inner(fresh).then(() => this.#route(query, fresh), query.reject);
    const { resolve, reject } = query;
    inner.units.add(query);
    const settle = (): void => {
      query.resolve = resolve;
      query.reject = reject;
      this.#settled(inner, query);
    };
    query.reject = (error) => {
      const begun = query.state !== null;
      settle();
      if (begun || !comesBack(error)) return reject(error);
      this.#again(error, () => this.#route(query, goesElsewhere(error)));
    };
    if (query.cursorRows === undefined) {
      query.resolve = (result) => {
        settle();
        resolve(result);
      };
    } else {
      // A cursor answers many times; it is only watched until a connection has begun with it.
      for (const unit of inner.units) if (unit.state !== null && 'cursorRows' in unit) inner.units.delete(unit);
    }
    inner.execute(query);
  }

  #settled(inner: Inner, unit: Unit): void {
    inner.units.delete(unit);
    inner.settle();
    if (inner.isRetired && inner.units.size === 0) this.#retiring.delete(inner);
    if (this.#parked.length > 0) this.#parked.shift()?.();
  }

  /** Tries once more: when another place may be free, or at once with another credential. */
  #again(error: unknown, run: () => void): void {
    if (!(error instanceof NoPlace)) return run();
    let timer: NodeJS.Timeout | undefined = undefined;
    const go = (): void => {
      clearTimeout(timer);
      const at = this.#parked.indexOf(go);
      if (at >= 0) this.#parked.splice(at, 1);
      run();
    };
    timer = setTimeout(go, parkedMillis);
    this.#parked.push(go);
  }

  /** Runs what takes a connection for itself, again while it has not begun. */
  async #hold<T>(run: (inner: Inner, begin: () => void) => Promise<T>): Promise<T> {
    for (let fresh = false; ;) {
      const inner = await this.#inner(fresh);
      const unit: { state: object | null } = { state: null };
      inner.units.add(unit);
      try {
        return await run(inner, () => {
          unit.state = unit;
          inner.settle();
        });
      } catch (error) {
        if (unit.state !== null || !comesBack(error)) throw error;
        fresh = goesElsewhere(error);
        await new Promise<void>((resolve) => this.#again(error, resolve));
      } finally {
        this.#settled(inner, unit);
      }
    }
  }

  async #begin(args: unknown[]): Promise<unknown> {
    const run = args.at(-1) as (sql: unknown) => unknown;
    const options = args.length > 1 ? (args[0] as string) : '';
    return await this.#hold(async (inner, begin) => {
      let over = false;
      try {
        return await inner.sql.begin(options, (sql) => {
          begin();
          return run(guarded(sql, () => over));
        });
      } finally {
        over = true;
      }
    });
  }

  async #reserve(): Promise<postgres.ReservedSql> {
    return await this.#hold(async (inner, begin) => {
      const reserved = await inner.sql.reserve();
      const unit: Unit = { state: {} };
      inner.units.add(unit);
      begin();
      const { release } = reserved;
      const [row] = await reserved<{ pid: number }[]>`SELECT pg_backend_pid() AS pid`;
      const link = [...inner.links].find(({ processId }) => processId === row?.pid);
      let held = true;
      reserved.release = () => {
        if (!held) return;
        held = false;
        // The driver has taken a closed connection back already.
        if (link?.socket.destroyed !== true) release();
        inner.closeReleased();
        this.#settled(inner, unit);
      };
      return guarded(reserved, () => link?.socket.destroyed === true);
    });
  }

  #makeRoom(): void {
    const inner = this.#proven();
    if (!inner || this.#makingRoom || this.#ended) return;
    this.#makingRoom = true;
    void inner
      .closeOne((link) => this.#following.giveUp(link))
      .catch(() => undefined)
      .finally(() => {
        this.#makingRoom = false;
        // The place may still be taken by a connection that is older still.
        if (this.#following.needsPlace) setTimeout(() => this.#makeRoom(), parkedMillis).unref();
      });
  }

  #retireSuperseded(): void {
    const current = this.#following.logins.proven;
    for (const [credential, inner] of this.#inners) {
      if (credential === current) continue;
      this.#inners.delete(credential);
      this.#retiring.add(inner);
      void this.#listeners
        .move(async () => await this.#inner(false))
        .finally(() => {
          inner.retire();
          if (inner.units.size === 0) this.#retiring.delete(inner);
        });
    }
  }

  get #busy(): number {
    return [...this.#inners.values(), ...this.#retiring].reduce((sum, { units }) => sum + units.size, this.#waiting);
  }

  async #drain({ preStopMillis = 0, timeoutMillis = 10_000 }: DrainOptions): Promise<{ cut: number }> {
    if (preStopMillis > 0) await new Promise((resolve) => setTimeout(resolve, preStopMillis));
    const end = Date.now() + timeoutMillis;
    while (this.#busy > 0 && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 5));
    const cut = this.#busy;
    await this.#end(cut > 0 ? { timeout: 0 } : {});
    return { cut };
  }

  #end(options: { timeout?: number } = {}): Promise<void> {
    this.#following.stop();
    const all = [...this.#inners.values(), ...this.#retiring];
    return (this.#ended ??= Promise.all(all.map(({ sql }) => sql.end(options))).then(() => undefined));
  }
}

/** Whether something that no connection has begun with may be tried again. */
function comesBack(error: unknown): boolean {
  if (error instanceof NoPlace || error instanceof NotOffered || isAuthenticationError(error)) return true;
  // The driver tells the first query of a new connection how the one before it ended.
  return error instanceof postgres.PostgresError && (error.code === '57P01' || error.code === '57P02');
}

/** Whether it is to be tried with another credential than before. */
function goesElsewhere(error: unknown): boolean {
  return error instanceof NotOffered || isAuthenticationError(error);
}

const parkedMillis = 50;

function endedError(): Error {
  return Object.assign(new Error('write CONNECTION_ENDED'), { code: 'CONNECTION_ENDED' });
}

function hasDatabase(url: string | undefined, options: Options): boolean {
  if ((options.database ?? options.db ?? process.env['PGDATABASE'] ?? '') !== '') return true;
  return url !== undefined && new URL(url).pathname.length > 1;
}
