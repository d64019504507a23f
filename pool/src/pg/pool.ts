import pg from 'pg';

import { checkCredentials } from '../checked-options.js';
import type { CredentialSource } from '../credential-source.js';
import { NotOffered } from '../errors.js';
import { type DrainOptions, type FollowEvents, Following, type PoolCounters } from '../following.js';
import type { Logins } from '../logins.js';
import { type FollowOptions, type FollowPolicy, followPolicy } from '../policy.js';
import { type Crew, enlist, FollowingClient } from './client.js';
import { checkConnectionString } from './connection-string.js';
import { endpointOf } from './endpoint.js';
import { within } from '../within.js';

export { type ClientConfig, connectClient } from './lone-client.js';
export type { DrainOptions, PoolCounters, RotationEvent, StragglerEvent } from '../following.js';

/** Options of `pg.Pool`, with a credential source in place of user and password. */
export interface PoolConfig extends Omit<pg.PoolConfig, 'user' | 'password' | 'Client'>, FollowOptions {
  readonly credentials: CredentialSource;
  /** Appends the generation to `application_name`, as in `orders g7`; informational. Default: true. */
  readonly generationInApplicationName?: boolean;
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
  readonly #crew: Crew;
  readonly #following: Following<FollowingClient>;
  #held = 0;
  /** Requests that have no connection yet, also those for whom one is being opened: the driver counts these as neither waiting nor in use. */
  #asking = 0;

  constructor(config: PoolConfig) {
    const { credentials, nameGeneration, driver, policy } = checkedConfig(config);
    const following = new Following<FollowingClient>({
      source: credentials,
      policy,
      endpoint: endpointOf(driver),
      max: driver.max ?? 10,
    });
    const crew: Crew = { logins: following.logins, slots: following.slots, policy, nameGeneration };
    super({ ...driver, Client: FollowingClient as unknown as new () => pg.ClientBase });
    enlist(this.options, crew);
    this.#crew = crew;
    this.#following = following;
    following.start({
      emit: (event, payload) => this.emit(event, payload),
      isEnding: () => this.ending,
      hasConnections: () => this.totalCount > 0,
      hasRoom: () => this.totalCount < this.options.max && following.slots.free > 0,
      open: async () => await this.#openUnasked(),
      reviewIdle: () => this.#reviewIdle(),
      cut: (client) => void client.end().catch(() => undefined),
      processId: (client) => (client as { processID?: number }).processID,
    });
    // Those who wait for a credential count as waiting; the types call it a property, the driver has a getter.
    const waitingForConnection = (): number => Reflect.get(pg.Pool.prototype, 'waitingCount', this) as number;
    Object.defineProperty(this, 'waitingCount', { get: () => waitingForConnection() + this.#held });
    this.on('error', () => (following.counts.brokenConnections += 1));
    this.on('connect', (client) => following.connections.add(client as pg.PoolClient & FollowingClient));
    this.on('release', (problem, client) => this.#released(problem, client as pg.PoolClient & FollowingClient));
    this.on('remove', (client) => following.connections.delete(client as pg.PoolClient & FollowingClient));
  }

  /** Numbers for dashboards and tests. */
  get counters(): PoolCounters {
    return this.#following.counters;
  }

  override connect(): Promise<pg.PoolClient>;
  override connect(callback: Callback): void;
  override connect(callback?: Callback): Promise<pg.PoolClient> | void {
    if (callback) return this.#checkOut(callback);
    return new Promise((resolve, reject) => {
      this.#checkOut((error, client) => (client ? resolve(client) : reject(error)));
    });
  }

  /** Reads the source now, and lets a refused credential be tried again. Resolves when it was read; never rejects. */
  async refresh(): Promise<void> {
    await this.#following.refresh();
  }

  /**
   * For SIGTERM: serves on for `preStopMillis`, while load balancers still send requests, then ends the pool and waits for what runs. What
   * still runs at `timeoutMillis` is cut, with a `straggler` event. Default: 0 and 10 000.
   */
  async drain(options: DrainOptions = {}): Promise<{ cut: number }> {
    return await this.#following.drain(options, {
      waiting: () => this.#asking + this.#held,
      end: () => this.end(),
    });
  }

  override end(): Promise<void>;
  override end(callback: () => void): void;
  override end(callback?: () => void): Promise<void> | void {
    this.#following.stop();
    return callback ? super.end(callback) : super.end();
  }

  override on<K extends keyof FollowEvents>(event: K, listener: (event: FollowEvents[K]) => void): this;
  override on(event: 'error' | 'release', listener: (error: Error, client: pg.PoolClient) => void): this;
  override on(event: 'connect' | 'acquire' | 'remove', listener: (client: pg.PoolClient) => void): this;
  override on(event: string, listener: (...args: never[]) => void): this {
    return super.on(event as 'error', listener as never);
  }

  get #logins(): Logins {
    return this.#crew.logins;
  }

  /** `since`: when the request came; undefined while it may be served from what is idle, as almost all are. */
  #checkOut(callback: Callback, since?: number): void {
    if (this.idleCount === 0) {
      since ??= Date.now();
      if (!this.ending && !this.#logins.offered(this.#crew.policy)) return this.#wait(callback, since);
    }
    this.#asking += 1;
    super.connect((error, connected, done) => {
      this.#asking -= 1;
      if (!connected) {
        const again = error instanceof NotOffered || this.#logins.hasRefused(error);
        return again && !this.ending ? this.#checkOut(callback, since ?? Date.now()) : callback(error, undefined, done);
      }
      const client = connected as pg.PoolClient & FollowingClient;
      if (!this.#following.serves(client)) {
        done(true);
        return this.#checkOut(callback, since);
      }
      this.#following.use(client);
      callback(undefined, client, done);
    });
  }

  /** Until there is a credential to try. */
  #wait(callback: Callback, since: number): void {
    const { credentialTimeoutMillis } = this.#crew.policy;
    const connectTimeout = this.options.connectionTimeoutMillis ?? 0;
    const limit = connectTimeout > 0 ? Math.min(connectTimeout, credentialTimeoutMillis) : credentialTimeoutMillis;
    const left = Math.max(0, since + limit - Date.now());
    this.#held += 1;
    within(left, this.#following.ending, async (signal) => await this.#logins.available(this.#crew.policy, signal))
      .finally(() => (this.#held -= 1))
      .then(
        () => queueMicrotask(() => this.#checkOut(callback, since)),
        (error: Error) =>
          queueMicrotask(() => (this.ending ? super.connect(callback) : callback(error, undefined, () => undefined))),
      );
  }

  /** The driver's pool removes a connection that was ended while it was out. */
  #released(problem: unknown, client: pg.PoolClient & FollowingClient): void {
    client.isInUse = false;
    const closed = problem ? undefined : this.#following.giveUp(client);
    if (!closed) return;
    void client.end().catch(() => undefined);
    closed();
  }

  /** Opens a connection that no request asked for: those that wait are served by what comes free first. */
  async #openUnasked(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      if (this.ending) return reject(new Error('The pool has ended.'));
      const callback: Callback = (error, client, done) => {
        if (!client) return reject(error ?? new Error('There is no connection.'));
        done();
        resolve();
      };
      // The public way gives an idle connection instead; this method is not in the types.
      const { newClient } = this as unknown as { newClient?: (pending: { callback: Callback }) => void };
      if (newClient) newClient.call(this, { callback });
      else super.connect(callback);
    });
  }

  /** Takes every idle connection, and gives all back in the order in which they lay: then it is decided which ones stay. */
  #reviewIdle(): void {
    const taken: (() => void)[] = [];
    let over = false;
    const finish = (): void => {
      over = true;
      for (const done of taken.reverse()) done();
    };
    const take = (): void => {
      if (over) return;
      if (this.idleCount === 0 || this.ending) return finish();
      let answered = false;
      super.connect((_error, client, done) => {
        answered = true;
        if (over) return done();
        if (client) taken.push(done);
        take();
      });
      // The driver answers in the next tick, unless another request was faster.
      process.nextTick(() => (answered ? undefined : finish()));
    };
    take();
  }
}

function checkedConfig(config: PoolConfig): {
  credentials: CredentialSource;
  nameGeneration: boolean;
  policy: FollowPolicy;
  driver: pg.PoolConfig;
} {
  checkCredentials(config, { pool: 'Pool', driver: 'pg', instead: ['user', 'password'] });
  if (config.connectionString !== undefined) checkConnectionString(config.connectionString);
  const { policy, rest } = followPolicy(config);
  const { credentials, generationInApplicationName = true, ...driver } = rest;
  return { credentials, nameGeneration: generationInApplicationName, policy, driver };
}
