import type { EventEmitter } from 'node:events';
import net from 'node:net';
import type { Duplex } from 'node:stream';

import mysql from 'mysql2';

import { checkCredentials } from '../checked-options.js';
import { ConnectionPool } from '../connection-pool.js';
import { checkConnectionUrl } from '../connection-url.js';
import type { CredentialSource } from '../credential-source.js';
import type { DrainOptions, FollowEvents, PoolCounters } from '../following.js';
import type { HeldCredential } from '../held-credential.js';
import { type FollowOptions, followPolicy } from '../policy.js';

export type { DrainOptions, PoolCounters, RotationEvent, StragglerEvent } from '../following.js';

/** Options of mysql2's `createPool`, with a credential source in place of user and password. */
export interface PoolOptions
  extends Omit<mysql.PoolOptions, 'user' | 'password' | 'password1' | 'passwordSha1'>, FollowOptions {
  readonly credentials: CredentialSource;
}

/** What a pool of this package can beside the driver's. */
export interface Follows {
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
}

/** The callback pool of mysql2, which follows a rotation. */
export type Pool = Follows & mysql.Pool;

/** What the driver's pool has beside its types. */
interface Inner extends mysql.Pool {
  readonly config: mysql.Pool['config'] & { connectionConfig: mysql.ConnectionOptions };
}

/**
 * Makes a callback pool of mysql2 that follows a source.
 *
 * @param emitters Everybody whose listeners hear what happens, beside the pool itself; may be added to.
 */
export function followingPool(options: PoolOptions, emitters: EventEmitter[]): Pool {
  const instead = ['user', 'password', 'password1', 'passwordSha1'];
  checkCredentials(options, { pool: 'createPool()', driver: 'mysql2', instead });
  if (options.uri !== undefined) checkConnectionUrl(options.uri, 'uri');
  const { policy, rest } = followPolicy(options);
  const { credentials: source, ...driver } = rest;
  const pool = mysql.createPool(driver) as Inner;
  const open = opener(pool);
  const { connectionConfig } = pool.config;
  const connections = new ConnectionPool<mysql.PoolConnection>(
    {
      open: async (credential, gone) => {
        const connection = await open(credential, gone);
        const { destroy } = connection;
        connection.release = () => giveBack(connection);
        connection.destroy = () => {
          connections.forget(connection);
          destroy.call(connection);
        };
        connection.on('error', () => undefined);
        for (const event of ['end', 'error']) connection.on(event, () => connections.forget(connection));
        return connection;
      },
      close: (connection) => mysql.Connection.prototype.end.call(connection, () => undefined),
      destroy: (connection) => cut(connection),
      processId: (connection) => connection.threadId,
      emit: (event, payload) =>
        emitters.reduce((heard, one) => one.emit(event, payload) || heard, pool.emit(event, payload)),
    },
    {
      source,
      policy,
      endpoint:
        connectionConfig.socketPath ?? `${connectionConfig.host ?? 'localhost'}:${connectionConfig.port ?? 3306}`,
      max: pool.config.connectionLimit || Number.MAX_SAFE_INTEGER,
      maxIdle: pool.config.maxIdle ?? Number.MAX_SAFE_INTEGER,
      idleMillis: pool.config.idleTimeout ?? 60_000,
      acquireMillis: 0,
      timedOut: () => new Error('No connections available.'),
      ended: () => new Error('Pool is closed.'),
    },
  );

  function giveBack(connection: mysql.PoolConnection): void {
    const give = (): void => {
      if (connections.give(connection)) pool.emit('release', connection);
    };
    const { reset } = connection as { reset?: (done: (error: Error | null) => void) => void };
    if (pool.config.resetOnRelease !== true || !reset) return give();
    reset.call(connection, (error) => (error ? connection.destroy() : give()));
  }

  pool.getConnection = (callback) => {
    const none = connections.idle === 0 && connections.active >= (pool.config.connectionLimit || Infinity);
    const { waitForConnections = true, queueLimit = 0 } = pool.config;
    if (none && !waitForConnections) {
      return void process.nextTick(() => callback(new Error('No connections available.'), undefined as never));
    }
    if (none && queueLimit > 0 && connections.waiting >= queueLimit) {
      return void callback(new Error('Queue limit reached.'), undefined as never);
    }
    if (none) pool.emit('enqueue');
    connections.take((error, connection) => {
      if (connection) pool.emit('acquire', connection);
      process.nextTick(callback, error, connection as mysql.PoolConnection);
    });
  };
  pool.releaseConnection = (connection) => {
    // The driver also calls this for connections that it has removed.
    if ((connection as { _pool?: unknown })._pool !== null) connection.release();
  };
  const end = pool.end.bind(pool);
  pool.end = (callback) => {
    void connections.end().then(() => end(() => callback?.(null)));
  };
  return Object.assign(Object.defineProperty(pool, 'counters', { get: () => connections.counters }), {
    refresh: () => connections.refresh(),
    drain: (drainOptions: DrainOptions = {}) => connections.drain(drainOptions),
  }) as unknown as Pool;
}

/** The driver's own `destroy()` waits for the server, and never answers the query that runs. */
function cut(connection: mysql.PoolConnection): void {
  const error = new Error('Connection lost: it was still in use at the deadline after a rotation.');
  const { stream } = connection as unknown as { readonly stream: Duplex };
  stream.destroy(Object.assign(error, { code: 'PROTOCOL_CONNECTION_LOST' }));
}

/** Lets the driver's pool open connections, each with the credential that is current then. */
function opener(pool: Inner): (credential: HeldCredential, gone: () => void) => Promise<mysql.PoolConnection> {
  const getConnection = pool.getConnection.bind(pool);
  return async (credential, gone) =>
    await new Promise((resolve, reject) => {
      const { connectionConfig, connectionLimit } = pool.config;
      // The driver reads its options while it makes a connection, before it returns.
      pool.config.connectionConfig = configFor(connectionConfig, credential, gone);
      pool.config.connectionLimit = 0;
      try {
        getConnection((error, connection) => (error ? reject(error) : resolve(connection)));
      } finally {
        pool.config.connectionConfig = connectionConfig;
        if (connectionLimit !== undefined) pool.config.connectionLimit = connectionLimit;
      }
    });
}

function configFor(
  config: mysql.ConnectionOptions,
  { user, password }: HeldCredential,
  gone: () => void,
): mysql.ConnectionOptions {
  return Object.create(Object.getPrototypeOf(config) as object, {
    ...Object.getOwnPropertyDescriptors(config),
    user: { value: user, enumerable: true, writable: true, configurable: true },
    password: { value: password, enumerable: false, writable: true, configurable: true },
    stream: { value: () => socketFor(config, gone), enumerable: true },
  }) as mysql.ConnectionOptions;
}

/** The socket that the driver would make, with an eye on its end. */
function socketFor(config: mysql.ConnectionOptions, gone: () => void): Duplex {
  const own = config.stream as ((options: { config: mysql.ConnectionOptions }) => Duplex) | Duplex | undefined;
  const socket = own === undefined ? connect(config) : typeof own === 'function' ? own({ config }) : own;
  socket.once('close', gone);
  return socket;
}

function connect(config: mysql.ConnectionOptions): net.Socket {
  if (config.socketPath !== undefined && config.socketPath !== '') return net.connect(config.socketPath);
  const socket = net.connect(config.port ?? 3306, config.host);
  if (config.enableKeepAlive === true) {
    socket.on('connect', () => socket.setKeepAlive(true, config.keepAliveInitialDelay));
  }
  return socket.setNoDelay(true);
}
