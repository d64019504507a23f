import { once } from 'node:events';
import type net from 'node:net';
import type { Duplex } from 'node:stream';

import postgres from 'postgres';

import { NotOffered } from '../errors.js';
import type { Following } from '../following.js';
import type { HeldCredential } from '../held-credential.js';
import { withGeneration } from '../pg/application-name.js';
import type { Closed, Connection } from '../turnover.js';
import { loginAnswer } from './login-answer.js';
import { refusedSocket } from './refused-socket.js';
import { openSocket } from './socket.js';

/** A query as the driver knows it beside its types. */
export interface Query extends postgres.PendingQuery<postgres.Row[]> {
  handler: (query: Query) => void;
  canceller: ((query: Query) => unknown) | null;
  strings: readonly string[];
  resolve: (result: unknown) => void;
  reject: (error: unknown) => void;
  /** Set when a connection begins to execute it. */
  readonly state: object | null;
  readonly cursorRows?: number;
}

/** An open socket of the driver. */
export interface Link extends Connection {
  readonly socket: net.Socket;
  readonly processId: number | undefined;
}

export type Options = postgres.Options<Record<string, postgres.PostgresType>>;

/** All places of the pool are taken by connections of an older credential. Never leaves this package. */
export class NoPlace extends Error {
  override readonly name = 'NoPlace';
}

/** Something that a connection may not have begun to execute yet. */
export interface Unit {
  readonly state: object | null;
}

const terminate = Buffer.from([0x58, 0, 0, 0, 4]);

/** The driver with one credential: it takes a user once, when it is made. */
export class Inner {
  readonly sql: postgres.Sql;
  readonly credential: HeldCredential;
  readonly units = new Set<Unit>();
  readonly links = new Set<Link>();
  readonly #following: Following<Link>;
  readonly #dispatch: (query: Query) => void;
  readonly #cancel: Query['canceller'];
  #attempts = 0;
  #cancelling = false;
  #retired = false;
  #closed = false;

  constructor(following: Following<Link>, credential: HeldCredential, url: string | undefined, options: Options) {
    this.#following = following;
    this.credential = credential;
    const name = options.connection?.application_name ?? process.env['PGAPPNAME'] ?? 'postgres.js';
    const own = {
      ...options,
      user: credential.user,
      pass: () => credential.password,
      // TLS is made with the socket: what the server answers to a login is read there.
      ssl: false,
      socket: async (given: postgres.ParsedOptions) => await this.#socket(given, options),
      connection: { ...options.connection, application_name: withGeneration(name, credential.generation) },
    } as Options;
    this.sql = url === undefined ? postgres(own) : postgres(withoutTls(url), own);
    const { handler, canceller } = this.sql.unsafe('') as unknown as Query;
    this.#dispatch = handler;
    this.#cancel = canceller;
  }

  get isRetired(): boolean {
    return this.#retired;
  }

  /** Gives a query to the driver's queue. */
  execute(query: Query): void {
    query.canceller = (cancelled) => {
      // The driver opens the connection that cancels before it returns.
      this.#cancelling = true;
      try {
        return this.#cancel?.(cancelled);
      } finally {
        this.#cancelling = false;
      }
    };
    this.#dispatch(query);
  }

  /** Closes idle connections at once and others when they come free; nothing that the driver has queued is lost. */
  retire(): void {
    this.#retired = true;
    this.settle();
  }

  /** To be called whenever something ended. */
  settle(): void {
    if (!this.#retired) return;
    for (const unit of this.units) if (unit.state === null) return;
    if (!this.#closed) {
      this.#closed = true;
      void (this.sql as unknown as { close(): Promise<void> }).close();
    }
    if (this.units.size === 0) void this.sql.end().catch(() => undefined);
  }

  /** A connection that was reserved and given back lies idle again, also in a driver that closes. */
  closeReleased(): void {
    if (this.#closed) void this.sql.unsafe('SELECT 1').catch(() => undefined);
  }

  /** Closes the next connection that comes free, if it is to be given up. */
  async closeOne(giveUp: (link: Link) => Closed | undefined): Promise<void> {
    const reserved = await this.sql.reserve();
    const [row] = await reserved<{ pid: number }[]>`SELECT pg_backend_pid() AS pid`;
    const link = [...this.links].find(({ processId }) => processId === row?.pid);
    const closed = link && giveUp(link);
    if (!link || !closed) return reserved.release();
    link.socket.once('close', closed);
    link.socket.end(terminate);
  }

  async #socket(given: postgres.ParsedOptions, { ssl = false }: Options): Promise<Duplex> {
    const { slots, logins, policy, ending } = this.#following;
    if (this.#cancelling) {
      return await openSocket({ ...given, ssl }, 0, () => undefined).catch((error: Error) => refusedSocket(error));
    }
    // The driver listens to notifications on a connection of its own, beside the pool.
    const beside = given.max === 1 && given.fetch_types === false && given !== this.sql.options;
    if (!beside && slots.free <= 0) return refusedSocket(new NoPlace('Every place is taken.'));
    if (logins.offered(policy) !== this.credential) {
      return refusedSocket(new NotOffered('Another credential is to be used by now.'));
    }
    const leave = beside ? () => undefined : ((await slots.take(ending)) ?? (() => undefined));
    let turn;
    try {
      turn = await logins.turn(this.credential, policy, ending);
    } catch (error) {
      leave();
      return refusedSocket(error instanceof NotOffered ? error : (error as Error));
    }
    let opened = false;
    try {
      const socket = await openSocket({ ...given, ssl: given.ssl || ssl }, this.#attempts++, (raw) => {
        opened = true;
        raw.once('close', leave);
      });
      this.#watch(socket, turn);
      return socket;
    } catch (error) {
      if (!opened) leave();
      turn.failed(error);
      return refusedSocket(error as Error);
    }
  }

  #watch(socket: net.Socket, turn: { accepted(): void; failed(error: unknown): void }): void {
    let waiting = true;
    const read = loginAnswer(({ accepted, processId, code, message }) => {
      waiting = false;
      socket.off('data', read);
      if (!accepted) return turn.failed(Object.assign(new Error(message), { code }));
      // The driver tells nobody what it has in use.
      const link: Link = { credential: this.credential, isInUse: true, socket, processId };
      const { connections } = this.#following;
      for (const set of [this.links, connections]) set.add(link);
      void once(socket, 'close').then(
        () => [this.links, connections].forEach((set) => set.delete(link)),
        () => [this.links, connections].forEach((set) => set.delete(link)),
      );
      turn.accepted();
    });
    socket.on('data', read);
    // The driver takes away every listener when the socket closes, and adds its own before.
    socket.on('error', () => undefined);
    socket.once('close', () => {
      if (waiting) turn.failed(undefined);
    });
  }
}

function withoutTls(text: string): string {
  const url = new URL(text);
  url.searchParams.delete('ssl');
  url.searchParams.delete('sslmode');
  return url.href;
}
