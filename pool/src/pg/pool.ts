import { setTimeout as after } from 'node:timers/promises';

import pg from 'pg';

import type { CredentialSource } from '../credential-source.js';
import { NotOffered } from '../errors.js';
import type { HeldCredential } from '../held-credential.js';
import { CredentialKeeper, type RefreshEvent } from '../keeper.js';
import type { Logins, RefusedEvent } from '../logins.js';
import { type FollowOptions, type FollowPolicy, followPolicy } from '../policy.js';
import { Slots } from '../slots.js';
import { type Crew, type FollowingClient, followingClient } from './client.js';
import { checkConnectionString } from './connection-string.js';

/** Options of `pg.Pool`, with a credential source in place of user and password. */
export interface PoolConfig extends Omit<pg.PoolConfig, 'user' | 'password' | 'Client'>, FollowOptions {
  readonly credentials: CredentialSource;
  /** Appends the generation to `application_name`, as in `orders g7`; informational. Default: true. */
  readonly generationInApplicationName?: boolean;
}

/** The pool has moved to another credential: it is proven by a login, and older connections close as they come free. */
export interface RotationEvent {
  readonly generation: number;
  readonly user: string;
  readonly previousGeneration: number;
}

/** A connection that was still in use at the deadline after a rotation; it is being closed. */
export interface StragglerEvent {
  readonly generation: number;
  readonly user: string;
  readonly processId: number | undefined;
}

/** What happened in a pool so far, and what it holds now. */
export interface PoolCounters {
  readonly generation: number | undefined;
  readonly user: string | undefined;
  /** Milliseconds since the source was last read with success. */
  readonly credentialAgeMillis: number | undefined;
  readonly rotations: number;
  readonly refreshes: number;
  readonly failedRefreshes: number;
  readonly refused: number;
  readonly stragglers: number;
  /** Connections that logged in with an older generation and are still open. */
  readonly superseded: number;
  /** Idle connections that broke; `pg.Pool` would have emitted an `error` event that ends a process without a listener. */
  readonly brokenConnections: number;
}

/** When a drain begins and when it gives up, in milliseconds. */
export interface DrainOptions {
  readonly preStopMillis?: number;
  readonly timeoutMillis?: number;
}

interface PoolEvents {
  rotation: RotationEvent;
  refresh: RefreshEvent;
  refused: RefusedEvent;
  straggler: StragglerEvent;
}

type Callback = (
  error: Error | undefined,
  client: pg.PoolClient | undefined,
  done: (release?: unknown) => void,
) => void;

/**
 * A drop-in for `pg.Pool` that follows a rotation: user and password come from a source and swap together, what runs finishes on its old
 * connection, and a refused login reads the source once and tries again before any caller sees an error.
 *
 * @throws TypeError when `credentials` is missing, or a user or password is given beside it.
 */
export class Pool extends pg.Pool {
  readonly #crew: Crew & { readonly Client: ReturnType<typeof followingClient> };
  readonly #keeper: CredentialKeeper;
  readonly #connections = new Set<FollowingClient>();
  readonly #inUse = new Set<pg.PoolClient & FollowingClient>();
  readonly #leave: (() => void)[] = [];
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #ending = new AbortController();
  readonly #counts = {
    rotations: 0,
    refreshes: 0,
    failedRefreshes: 0,
    refused: 0,
    stragglers: 0,
    brokenConnections: 0,
  };
  #swappedTo: HeldCredential | undefined;
  #proving = false;
  #roomWanted = false;
  #held = 0;

  constructor(config: PoolConfig) {
    const { credentials, nameGeneration, driver, policy } = checkedConfig(config);
    const keeper = CredentialKeeper.of(credentials);
    const logins = keeper.loginsAt(endpointOf(driver));
    const crew: Crew = { logins, slots: new Slots(driver.max ?? 10), policy, nameGeneration };
    const Client = followingClient(crew);
    super({ ...driver, Client: Client as unknown as new () => pg.ClientBase });
    this.#crew = { ...crew, Client };
    this.#keeper = keeper;
    this.#swappedTo = logins.proven;
    this.#leave.push(
      keeper.follow({ changed: () => void this.#prove(), refreshed: (event) => this.#refreshed(event) }),
      logins.follow({ proven: (credential) => this.#swap(credential), refused: (event) => this.#refused(event) }),
    );
    // Those who wait for a credential count as waiting; the types call it a property, the driver has a getter.
    const waitingForConnection = (): number => Reflect.get(pg.Pool.prototype, 'waitingCount', this) as number;
    Object.defineProperty(this, 'waitingCount', { get: () => waitingForConnection() + this.#held });
    this.on('error', () => (this.#counts.brokenConnections += 1));
    this.on('connect', (client) => this.#connections.add(client as pg.PoolClient & FollowingClient));
    this.on('remove', (client) => this.#connections.delete(client as pg.PoolClient & FollowingClient));
  }

  /** Numbers for dashboards and tests. */
  get counters(): PoolCounters {
    const { current, readAt } = this.#keeper;
    const proven = this.#logins.proven;
    return {
      generation: proven?.generation,
      user: proven?.user,
      credentialAgeMillis: current ? Date.now() - readAt : undefined,
      ...this.#counts,
      superseded: [...this.#connections].filter((one) => this.#isSuperseded(one)).length,
    };
  }

  override connect(): Promise<pg.PoolClient>;
  override connect(callback: Callback): void;
  override connect(callback?: Callback): Promise<pg.PoolClient> | void {
    if (callback) return this.#checkOut(callback, Date.now());
    return new Promise((resolve, reject) => {
      this.#checkOut((error, client) => (client ? resolve(client) : reject(error)), Date.now());
    });
  }

  /** Reads the source now, and lets a refused credential be tried again. Resolves when it was read; never rejects. */
  async refresh(): Promise<void> {
    this.#logins.forgive();
    await this.#keeper.refresh();
  }

  /**
   * For SIGTERM: serves on for `preStopMillis`, while load balancers still send requests, then ends the pool and waits for what runs. What
   * still runs at `timeoutMillis` is cut, with a `straggler` event. Default: 0 and 10 000.
   */
  async drain({ preStopMillis = 0, timeoutMillis = 10_000 }: DrainOptions = {}): Promise<{ cut: number }> {
    if (preStopMillis > 0) await after(preStopMillis);
    // Requests that wait for a connection would never be answered once pg's pool has begun to end.
    const end = Date.now() + timeoutMillis;
    while (this.#inUse.size + this.waitingCount > 0 && Date.now() < end) await after(5);
    const busy = [...this.#inUse];
    for (const client of busy) this.#cut(client, `${timeoutMillis} ms after drain() began`);
    if (!this.ending) await Promise.race([this.end(), ...(busy.length > 0 ? [after(cutMillis)] : [])]);
    return { cut: busy.length };
  }

  override end(): Promise<void>;
  override end(callback: () => void): void;
  override end(callback?: () => void): Promise<void> | void {
    for (const leave of this.#leave.splice(0)) leave();
    for (const timer of this.#timers) clearTimeout(timer);
    this.#ending.abort();
    return callback ? super.end(callback) : super.end();
  }

  override on<K extends keyof PoolEvents>(event: K, listener: (event: PoolEvents[K]) => void): this;
  override on(event: 'error' | 'release', listener: (error: Error, client: pg.PoolClient) => void): this;
  override on(event: 'connect' | 'acquire' | 'remove', listener: (client: pg.PoolClient) => void): this;
  override on(event: string, listener: (...args: never[]) => void): this {
    return super.on(event as 'error', listener as never);
  }

  get #logins(): Logins {
    return this.#crew.logins;
  }

  #checkOut(callback: Callback, since: number): void {
    if (this.ending || this.#logins.offered(this.#crew.policy)) return this.#attempt(callback, since);
    const { credentialTimeoutMillis } = this.#crew.policy;
    const connectTimeout = this.options.connectionTimeoutMillis ?? 0;
    const limit = connectTimeout > 0 ? Math.min(connectTimeout, credentialTimeoutMillis) : credentialTimeoutMillis;
    const left = AbortSignal.any([AbortSignal.timeout(Math.max(0, since + limit - Date.now())), this.#ending.signal]);
    this.#held += 1;
    this.#logins
      .available(this.#crew.policy, left)
      .finally(() => (this.#held -= 1))
      .then(
        () => queueMicrotask(() => this.#attempt(callback, since)),
        (error: Error) =>
          queueMicrotask(() =>
            this.ending ? this.#attempt(callback, since) : callback(error, undefined, () => undefined),
          ),
      );
  }

  #attempt(callback: Callback, since: number): void {
    super.connect((error, connected, done) => {
      if (!connected) {
        const again = error instanceof NotOffered || this.#logins.hasRefused(error);
        return again && !this.ending ? this.#checkOut(callback, since) : callback(error, undefined, done);
      }
      const client = connected as pg.PoolClient & FollowingClient;
      if (this.#isSuperseded(client)) {
        done(true);
        return this.#checkOut(callback, since);
      }
      const release = client.release;
      this.#inUse.add(client);
      client.release = (problem) => {
        this.#inUse.delete(client);
        release.call(client, problem || this.#mustClose(client));
      };
      callback(undefined, client, client.release as (release?: unknown) => void);
    });
  }

  #mustClose(client: FollowingClient): boolean {
    if (this.#isSuperseded(client)) return true;
    if (!this.#roomWanted) return false;
    this.#roomWanted = false;
    return true;
  }

  /** Logs in once with a new credential before any connection is given up for it: a wrong secret then costs nothing. */
  async #prove(): Promise<void> {
    if (this.#proving || this.totalCount === 0) return;
    this.#proving = true;
    for (let pause = 250; this.#unproven(); pause = Math.min(30_000, pause * 2)) {
      this.#makeRoom();
      try {
        const probe = new this.#crew.Client(this.options);
        await probe.connect();
        await probe.end();
      } catch {
        if (this.#unproven()) await after(pause, undefined, { ref: false });
      }
    }
    this.#roomWanted = false;
    this.#proving = false;
  }

  #unproven(): boolean {
    const current = this.#keeper.current;
    return !this.ending && this.#logins.proven !== current && this.#logins.offered(this.#crew.policy) === current;
  }

  #makeRoom(): void {
    if (this.#crew.slots.free > 0) return;
    if (this.idleCount > 0) super.connect((_error, _client, done) => done(true));
    else this.#roomWanted = true;
  }

  #swap(credential: HeldCredential): void {
    const before = this.#swappedTo;
    // The first login may still be with the credential before the current one, or fall back to it; the swap from it is a rotation too.
    if (credential !== this.#keeper.current) this.#swappedTo ??= credential;
    if (credential !== this.#keeper.current || credential === before) return;
    this.#swappedTo = credential;
    if (!before) return;
    this.#counts.rotations += 1;
    for (let idle = this.idleCount; idle > 0; idle -= 1) {
      super.connect((_error, client, done) => done(client && this.#isSuperseded(client)));
    }
    this.#watchStragglers();
    this.emit('rotation', {
      generation: credential.generation,
      user: credential.user,
      previousGeneration: before.generation,
    } satisfies RotationEvent);
  }

  #watchStragglers(): void {
    const { stragglerTimeoutMillis } = this.#crew.policy;
    const busy = [...this.#inUse].filter((client) => this.#isSuperseded(client));
    if (busy.length === 0 || stragglerTimeoutMillis > longestTimer) return;
    const timer = setTimeout(() => {
      for (const client of busy)
        if (this.#inUse.has(client)) this.#cut(client, `${stragglerTimeoutMillis} ms after the rotation`);
    }, stragglerTimeoutMillis);
    timer.unref();
    this.#timers.add(timer);
  }

  #cut(client: FollowingClient, when: string): void {
    const { user, generation } = client.credential;
    this.#counts.stragglers += 1;
    const event: StragglerEvent = { generation, user, processId: (client as { processID?: number }).processID };
    if (!this.emit('straggler', event)) {
      process.emitWarning(
        `A connection of user "${user}", generation ${generation}, was still in use ${when} and is closed now.`,
        'KeyturnStraggler',
      );
    }
    void client.end().catch(() => undefined);
  }

  #refreshed(event: RefreshEvent): void {
    if (event.outcome === 'failed') this.#counts.failedRefreshes += 1;
    else this.#counts.refreshes += 1;
    this.emit('refresh', event);
  }

  #refused(event: RefusedEvent): void {
    this.#counts.refused += 1;
    this.emit('refused', event);
  }

  #isSuperseded(client: pg.ClientBase): boolean {
    return this.#logins.isSuperseded((client as FollowingClient).credential);
  }
}

/** An application that was cut gets this long to give its connection back. */
const cutMillis = 1_000;

/** `setTimeout` takes no more; a longer deadline is none. */
const longestTimer = 2 ** 31 - 1;

function checkedConfig(config: PoolConfig): {
  credentials: CredentialSource;
  nameGeneration: boolean;
  policy: FollowPolicy;
  driver: pg.PoolConfig;
} {
  const given: Partial<PoolConfig> & { user?: unknown; password?: unknown } = config;
  if (typeof given.credentials?.read !== 'function') {
    throw new TypeError(
      'Pool needs `credentials`, a credential source such as envFile({ path: ".env" }); without one, use the Pool of pg.',
    );
  }
  for (const name of ['user', 'password'] as const) {
    if (given[name] !== undefined) {
      throw new TypeError(
        `Pool was given \`credentials\` and \`${name}\`. Remove \`${name}\`: the source gives user and password together.`,
      );
    }
  }
  if (config.connectionString !== undefined) checkConnectionString(config.connectionString);
  const { policy, rest } = followPolicy(config);
  const { credentials, generationInApplicationName = true, ...driver } = rest;
  return { credentials, nameGeneration: generationInApplicationName, policy, driver };
}

/** Logins are counted per server: a lagging replica may refuse what its writer accepts. */
function endpointOf(driver: pg.PoolConfig): string {
  if (driver.connectionString !== undefined) return new URL(driver.connectionString).host;
  const host = driver.host ?? process.env['PGHOST'] ?? 'localhost';
  return `${host}:${driver.port ?? process.env['PGPORT'] ?? 5432}`;
}
