import { EventEmitter } from 'node:events';
import net from 'node:net';

import * as mariadb from 'mariadb';

import { checkCredentials } from '../checked-options.js';
import { ConnectionPool } from '../connection-pool.js';
import type { CredentialSource } from '../credential-source.js';
import type { DrainOptions, FollowEvents, PoolCounters } from '../following.js';
import type { HeldCredential } from '../held-credential.js';
import { type FollowOptions, followPolicy } from '../policy.js';

export type { DrainOptions, PoolCounters, RotationEvent, StragglerEvent } from '../following.js';

/**
 * Options of mariadb's `createPool`, with a credential source in place of user and password. Connections are opened when they are needed:
 * there is no minimum of idle ones.
 */
export interface PoolConfig
  extends
    Omit<mariadb.PoolConfig, 'user' | 'password' | 'minimumIdle' | 'initializationTimeout' | 'leakDetectionTimeout'>,
    FollowOptions {
  readonly credentials: CredentialSource;
}

/** The pool of mariadb, which follows a rotation. */
export interface Pool extends mariadb.Pool {
  /** Numbers for dashboards and tests. */
  readonly counters: PoolCounters;
  /** Reads the source now, and lets a refused credential be tried again. Resolves when it was read; never rejects. */
  refresh(): Promise<void>;
  /**
   * For SIGTERM: serves on for `preStopMillis`, while load balancers still send requests, then ends the pool and waits for what runs. What
   * still runs at `timeoutMillis` is cut, with a `straggler` event. Default: 0 and 10 000.
   */
  drain(options?: DrainOptions): Promise<{ cut: number }>;
  on<K extends keyof FollowEvents>(event: K, listener: (event: FollowEvents[K]) => void): this;
  on(event: 'acquire' | 'connection' | 'release', listener: (connection: mariadb.Connection) => void): this;
  on(event: 'enqueue', listener: () => void): this;
}

/**
 * A drop-in for `createPool` of mariadb that follows a rotation: user and password come from a source and swap together, what runs finishes on
 * its old connection, and a refused login reads the source once and tries again before any caller sees an error.
 *
 * @throws TypeError when `credentials` is missing, or a user or password is given beside it.
 */
export function createPool(config: PoolConfig): Pool {
  return new FollowingPool(config) as unknown as Pool;
}

type Mine = mariadb.Connection & { release: () => Promise<void> };

class FollowingPool extends EventEmitter {
  readonly #connections: ConnectionPool<Mine>;
  readonly #config: mariadb.PoolConfig;
  readonly #usedAt = new WeakMap<Mine, number>();
  readonly #end = new WeakMap<Mine, () => Promise<void>>();
  #lender: mariadb.Pool | undefined;
  #closed = false;

  constructor(options: PoolConfig) {
    super();
    checkCredentials(options, { pool: 'createPool()', driver: 'mariadb', instead: ['user', 'password'] });
    const { policy, rest } = followPolicy(options);
    const { credentials: source, ...config } = rest;
    this.#config = config;
    const max = config.connectionLimit ?? 10;
    const acquireMillis = config.acquireTimeout ?? 10_000;
    this.#connections = new ConnectionPool<Mine>(
      {
        open: async (credential, gone) => await this.#open(credential, gone),
        close: (connection) =>
          void this.#end
            .get(connection)?.()
            .catch(() => undefined),
        destroy: (connection) => connection.destroy(),
        processId: (connection) => connection.threadId ?? undefined,
        emit: (event, payload) => this.emit(event, payload),
      },
      {
        source,
        policy,
        endpoint: config.socketPath ?? `${config.host ?? 'localhost'}:${config.port ?? 3306}`,
        max,
        maxIdle: max,
        idleMillis: (config.idleTimeout ?? 1_800) * 1_000,
        acquireMillis,
        timedOut: () =>
          poolError(
            `pool timeout: failed to retrieve a connection from pool after ${acquireMillis}ms (pool connections: active=${this.activeConnections()} idle=${this.idleConnections()} limit=${max})`,
            45_028,
            'ER_GET_CONNECTION_TIMEOUT',
          ),
        ended: () => poolError('pool is closed', 45_027, 'ER_POOL_ALREADY_CLOSED'),
      },
    );
  }

  get closed(): boolean {
    return this.#closed;
  }

  get counters(): PoolCounters {
    return this.#connections.counters;
  }

  totalConnections(): number {
    return this.#connections.total;
  }

  activeConnections(): number {
    return this.#connections.active;
  }

  idleConnections(): number {
    return this.#connections.idle;
  }

  taskQueueSize(): number {
    return this.#connections.waiting;
  }

  // The driver has no way to reach these without a connection or a pool; one of its own pools that never connects lends them.
  escape(value: unknown): string {
    return this.#escaper.escape(value);
  }

  escapeId(identifier: string): string {
    return this.#escaper.escapeId(identifier);
  }

  async getConnection(): Promise<Mine> {
    for (;;) {
      const connection = await this.#take();
      if (await this.#answers(connection)) return connection;
    }
  }

  async query(sql: string | mariadb.QueryOptions, values?: unknown): Promise<unknown> {
    return await this.#use((connection) => connection.query(sql, values));
  }

  async execute(sql: string | mariadb.QueryOptions, values?: unknown): Promise<unknown> {
    return await this.#use((connection) => connection.execute(sql, values));
  }

  async batch(sql: string | mariadb.QueryOptions, values?: unknown): Promise<unknown> {
    return await this.#use((connection) => connection.batch(sql, values));
  }

  async importFile(config: mariadb.SqlImportOptions): Promise<void> {
    await this.#use((connection) => connection.importFile(config));
  }

  async end(): Promise<void> {
    this.#closed = true;
    await this.#connections.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }

  async refresh(): Promise<void> {
    await this.#connections.refresh();
  }

  async drain(options: DrainOptions = {}): Promise<{ cut: number }> {
    const drained = await this.#connections.drain(options);
    this.#closed = true;
    return drained;
  }

  get #escaper(): mariadb.Pool {
    return (this.#lender ??= mariadb.createPool({ ...this.#config, minimumIdle: 0 }));
  }

  async #use<T>(run: (connection: Mine) => Promise<T>): Promise<T> {
    const connection = await this.getConnection();
    try {
      return await run(connection);
    } finally {
      this.#give(connection);
    }
  }

  async #take(): Promise<Mine> {
    if (this.#connections.idle === 0 && this.#connections.active >= (this.#config.connectionLimit ?? 10)) {
      this.emit('enqueue');
    }
    return await new Promise((resolve, reject) => {
      this.#connections.take((error, connection) => {
        if (!connection) return reject(error ?? new Error('There is no connection.'));
        this.emit('acquire', connection);
        resolve(connection);
      });
    });
  }

  /** A connection that lay idle may be dead without having said so. */
  async #answers(connection: Mine): Promise<boolean> {
    if (!connection.isValid()) return this.#drop(connection);
    const idle = Date.now() - (this.#usedAt.get(connection) ?? 0);
    if (idle <= (this.#config.minDelayValidation ?? 500)) return true;
    try {
      const late = new Promise<never>((_resolve, reject) => {
        const error = new Error('The connection does not answer.');
        setTimeout(() => reject(error), this.#config.pingTimeout ?? 500).unref();
      });
      await Promise.race([connection.ping(), late]);
      return true;
    } catch {
      return this.#drop(connection);
    }
  }

  #drop(connection: Mine): false {
    this.#connections.following.counts.brokenConnections += 1;
    this.#connections.forget(connection);
    connection.destroy();
    return false;
  }

  #give(connection: Mine): void {
    this.#usedAt.set(connection, Date.now());
    if (!connection.isValid()) this.#connections.forget(connection);
    else if (this.#connections.give(connection)) this.emit('release', connection);
  }

  async #open(credential: HeldCredential, gone: () => void): Promise<Mine> {
    const { user, password } = credential;
    const config = this.#config;
    const socket = socketFor(config, gone);
    let used = false;
    const connection = (await mariadb
      .createConnection({
        ...config,
        user,
        password,
        // The driver asks again when it needs a connection to kill a query.
        stream: () => {
          const another = used;
          used = true;
          return another ? socketFor(config, () => undefined) : socket;
        },
      } as mariadb.ConnectionConfig)
      .catch((error: unknown) => {
        // After a refused login the driver no longer reads from its socket, which then never sees its end.
        socket.destroy();
        throw error;
      })) as Mine;
    const { destroy } = connection;
    const end = connection.end.bind(connection);
    this.#end.set(connection, async () => {
      waitForServer(socket);
      await end();
    });
    const release = async (): Promise<void> => await this.#release(connection);
    connection.release = release;
    Object.assign(connection, { end: release, close: release });
    connection.destroy = () => {
      this.#connections.forget(connection);
      destroy.call(connection);
    };
    Object.defineProperty(connection, Symbol.asyncDispose, { value: release });
    connection.on('error', () => this.#connections.forget(connection));
    connection.on('end', () => this.#connections.forget(connection));
    this.#usedAt.set(connection, Date.now());
    setImmediate(() => this.emit('connection', connection));
    return connection;
  }

  /** Leaves nothing of the last user behind, as the driver's pool does. */
  async #release(connection: Mine): Promise<void> {
    const { noControlAfterUse = false, resetAfterUse = false } = this.#config;
    try {
      if (!noControlAfterUse && connection.isValid()) {
        if (resetAfterUse && connection.info?.isMariaDB() === true) await connection.reset();
        else await connection.rollback();
      }
    } catch {
      connection.destroy();
    }
    this.#give(connection);
  }
}

function poolError(text: string, errno: number, code: string): mariadb.SqlError {
  return new mariadb.SqlError(text, undefined, false, undefined, 'HY000', errno, code);
}

function socketFor(config: mariadb.PoolConfig, gone: () => void): net.Socket {
  const socket = net.connect(config.port ?? 3306, config.host ?? 'localhost');
  const watch = (): void => {
    socket.once('close', gone);
    socket.on('error', () => undefined);
  };
  const removeAllListeners = socket.removeAllListeners.bind(socket);
  // The driver takes every listener away before it destroys a socket.
  socket.removeAllListeners = (...events) => {
    removeAllListeners(...events);
    watch();
    return socket;
  };
  watch();
  return socket;
}

/** The driver destroys its socket right after it said good-bye; until the server has read that, the server still counts the connection. */
function waitForServer(socket: net.Socket): void {
  const destroy = socket.destroy.bind(socket);
  socket.destroy = (error) => {
    // The stream destroys itself when both sides have ended.
    if (error || socket.readableEnded) return destroy(error);
    const late = setTimeout(destroy, lateMillis).unref();
    socket.once('close', () => clearTimeout(late));
    return socket.end().resume();
  };
}

const lateMillis = 1_000;
