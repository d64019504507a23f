import { setMaxListeners } from 'node:events';
import { setTimeout as after } from 'node:timers/promises';

import type { CredentialSource } from './credential-source.js';
import type { HeldCredential } from './held-credential.js';
import { CredentialKeeper, type RefreshEvent } from './keeper.js';
import type { Logins, RefusedEvent } from './logins.js';
import type { FollowPolicy } from './policy.js';
import { Slots } from './slots.js';
import { type Berths, type Closed, type Connection, Turnover } from './turnover.js';

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
  /** Of the server, as it shows in `pg_stat_activity` or `SHOW PROCESSLIST`. */
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
  /** Idle connections that broke; a driver's own pool may emit an `error` event for each, which ends a process without a listener. */
  readonly brokenConnections: number;
}

/** When a drain begins and when it gives up, in milliseconds. */
export interface DrainOptions {
  readonly preStopMillis?: number;
  readonly timeoutMillis?: number;
}

/** The events that every pool of this package emits beside those of its driver. */
export interface FollowEvents {
  rotation: RotationEvent;
  refresh: RefreshEvent;
  refused: RefusedEvent;
  straggler: StragglerEvent;
}

/** What the pool of a driver does when its credential moves on. */
export interface Fleet<C extends Connection> extends Berths {
  /** Emits an event of the pool; true when somebody listens. */
  emit<K extends keyof FollowEvents>(event: K, payload: FollowEvents[K]): boolean;
  /** Whether the pool has a connection, or opens one. */
  hasConnections(): boolean;
  /** Closes a connection that is in use. */
  cut(connection: C): void;
  processId(connection: C): number | undefined;
}

/** `setTimeout` takes no more; a longer deadline is none. */
const longestTimer = 2 ** 31 - 1;
/** An application that was cut gets this long to give its connection back. */
const cutMillis = 1_000;

export interface FollowingOptions {
  readonly source: CredentialSource;
  readonly policy: FollowPolicy;
  /** Logins are counted per server: a lagging replica may refuse what its writer accepts. */
  readonly endpoint: string;
  /** The most sockets that may be open at once. */
  readonly max: number;
  /** Whether superseded connections can serve on until they are replaced. Default: true. */
  readonly replacesOneByOne?: boolean;
}

/** What all pools share: follows one source, proves a new credential before more than one connection is given up for it, and ends what is superseded. */
export class Following<C extends Connection> {
  readonly logins: Logins;
  readonly slots: Slots;
  readonly policy: FollowPolicy;
  /** Open connections, idle ones included. */
  readonly connections = new Set<C>();
  readonly counts = { rotations: 0, refreshes: 0, failedRefreshes: 0, refused: 0, stragglers: 0, brokenConnections: 0 };
  readonly #keeper: CredentialKeeper;
  readonly #ending = new AbortController();
  readonly #leave: (() => void)[] = [];
  readonly #timers = new Set<NodeJS.Timeout>();
  #fleet: Fleet<C> | undefined;
  #swappedTo: HeldCredential | undefined;
  readonly #turnover = new Turnover<C>();
  readonly #replacesOneByOne: boolean;
  #lastCall: NodeJS.Timeout | undefined;
  #proving = false;

  constructor({ source, policy, endpoint, max, replacesOneByOne = true }: FollowingOptions) {
    this.#keeper = CredentialKeeper.of(source);
    this.logins = this.#keeper.loginsAt(endpoint);
    this.slots = new Slots(max);
    this.policy = policy;
    this.#replacesOneByOne = replacesOneByOne;
    // Everybody who waits for a place or a login listens.
    setMaxListeners(0, this.#ending.signal);
  }

  /** Begins to follow for a pool; the second half of construction, for a pool is not one before its driver made it. */
  start(fleet: Fleet<C>): void {
    this.#fleet = fleet;
    this.#swappedTo = this.logins.proven;
    this.#leave.push(
      this.#keeper.follow({ changed: () => void this.#prove(fleet), refreshed: (event) => this.#refreshed(event) }),
      this.logins.follow({
        proven: (credential) => this.#swap(credential, fleet),
        refused: (event) => this.#refused(event),
      }),
    );
  }

  stop(): void {
    for (const leave of this.#leave.splice(0)) leave();
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    clearTimeout(this.#lastCall);
    this.#turnover.stop();
    this.#turnover.proven();
    this.#ending.abort();
  }

  /** Aborts when the pool ends. */
  get ending(): AbortSignal {
    return this.#ending.signal;
  }

  get counters(): PoolCounters {
    const { current, readAt } = this.#keeper;
    const proven = this.logins.proven;
    return {
      generation: proven?.generation,
      user: proven?.user,
      credentialAgeMillis: current ? Date.now() - readAt : undefined,
      ...this.counts,
      superseded: [...this.connections].filter((one) => this.isSuperseded(one)).length,
    };
  }

  async refresh(): Promise<void> {
    this.logins.forgive();
    await this.#keeper.refresh();
  }

  /** Open connections that the application has. */
  get inUse(): C[] {
    return [...this.connections].filter(({ isInUse }) => isInUse);
  }

  isSuperseded(connection: C): boolean {
    return this.logins.isSuperseded(connection.credential);
  }

  /** Whether a connection may be handed out. */
  serves(connection: C): boolean {
    return (
      connection.credential === this.#swappedTo || !this.isSuperseded(connection) || this.#turnover.keeps(connection)
    );
  }

  /** The application gets a connection. */
  use(connection: C): void {
    connection.isInUse = true;
    if (connection.credential !== this.#swappedTo) this.#turnover.use(connection);
  }

  /** Whether a connection is to be given up for the login that proves a credential. */
  get needsPlace(): boolean {
    return this.#turnover.needsPlace;
  }

  /** Decides about a connection that comes free or lies idle: undefined when it stays open, else it is to be closed. */
  giveUp(connection: C): Closed | undefined {
    if (connection.credential === this.#swappedTo && !this.#turnover.needsPlace) return undefined;
    return this.#turnover.giveUp(connection, this.isSuperseded(connection));
  }

  /** Waits until nothing is in use or waited for, cuts what is late, and ends the pool. */
  async drain(
    { preStopMillis = 0, timeoutMillis = 10_000 }: DrainOptions,
    pool: { readonly waiting: () => number; readonly end: () => Promise<void> },
  ): Promise<{ cut: number }> {
    if (preStopMillis > 0) await after(preStopMillis);
    const end = Date.now() + timeoutMillis;
    while (this.inUse.length + pool.waiting() > 0 && Date.now() < end) await after(5);
    const busy = this.inUse;
    const late = busy.length + pool.waiting() > 0;
    for (const connection of busy) this.#cut(connection, `${timeoutMillis} ms after drain() began`);
    if (this.#fleet?.isEnding() === false) await Promise.race([pool.end(), ...(late ? [after(cutMillis)] : [])]);
    return { cut: busy.length };
  }

  /** Logs in once with a new credential before any connection is given up for it: a wrong secret then costs nothing. */
  async #prove(fleet: Fleet<C>): Promise<void> {
    if (!fleet.hasConnections()) return;
    if (this.#proving) {
      // The login that proves may still wait for room that another one took.
      if (this.#unproven(fleet)) this.#turnover.makeRoom(fleet);
      return;
    }
    this.#proving = true;
    for (let pause = 250; this.#unproven(fleet); pause = Math.min(30_000, pause * 2)) {
      try {
        await this.#turnover.prove(fleet);
      } catch {
        if (this.#unproven(fleet)) await after(pause, undefined, { ref: false });
      }
    }
    this.#turnover.proven();
    this.#proving = false;
  }

  #unproven(fleet: Fleet<C>): boolean {
    const current = this.#keeper.current;
    return !fleet.isEnding() && this.logins.proven !== current && this.logins.offered(this.policy) === current;
  }

  #swap(credential: HeldCredential, fleet: Fleet<C>): void {
    const before = this.#swappedTo;
    // The first login may still be with the credential before the current one, or fall back to it; the swap from it is a rotation too.
    if (credential !== this.#keeper.current) this.#swappedTo ??= credential;
    if (credential !== this.#keeper.current || credential === before) return;
    this.#swappedTo = credential;
    this.#turnover.proven();
    if (!before) return;
    this.counts.rotations += 1;
    this.#turnOver(before, fleet);
    this.#watchStragglers(fleet);
    fleet.emit('rotation', {
      generation: credential.generation,
      user: credential.user,
      previousGeneration: before.generation,
    });
  }

  /** Connections of the credential before serve until they are replaced, unless a server refused it; older ones close. */
  #turnOver(before: HeldCredential, fleet: Fleet<C>): void {
    const { replaceWithinMillis, stragglerTimeoutMillis } = this.policy;
    const worked = this.#replacesOneByOne && !this.logins.wasRefused(before);
    const kept = [...this.connections].filter(({ credential }) => worked && credential === before);
    this.#turnover.begin(kept, Math.min(replaceWithinMillis, stragglerTimeoutMillis / 2), fleet);
    for (const connection of this.inUse) this.#turnover.use(connection);
  }

  /** What is still in use at the deadline is cut, and what was to be replaced and could not be is closed. */
  #watchStragglers(fleet: Fleet<C>): void {
    const { stragglerTimeoutMillis } = this.policy;
    if (stragglerTimeoutMillis > longestTimer) return;
    clearTimeout(this.#lastCall);
    this.#lastCall = setTimeout(() => {
      this.#turnover.stop();
      fleet.reviewIdle();
    }, stragglerTimeoutMillis).unref();
    const busy = this.inUse.filter((connection) => this.isSuperseded(connection));
    if (busy.length === 0) return;
    // Weak: the timer outlives most of them by far, and rotations may follow each other fast.
    const watched = new WeakSet(busy);
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      for (const connection of this.inUse)
        if (watched.has(connection)) this.#cut(connection, `${stragglerTimeoutMillis} ms after the rotation`);
    }, stragglerTimeoutMillis);
    timer.unref();
    this.#timers.add(timer);
  }

  #cut(connection: C, when: string): void {
    const { user, generation } = connection.credential;
    this.counts.stragglers += 1;
    const event: StragglerEvent = { generation, user, processId: this.#fleet?.processId(connection) };
    if (this.#fleet?.emit('straggler', event) !== true) {
      process.emitWarning(
        `A connection of user "${user}", generation ${generation}, was still in use ${when} and is closed now.`,
        'KeyturnStraggler',
      );
    }
    this.#fleet?.cut(connection);
  }

  #refreshed(event: RefreshEvent): void {
    if (event.outcome === 'failed') this.counts.failedRefreshes += 1;
    else this.counts.refreshes += 1;
    this.#fleet?.emit('refresh', event);
  }

  #refused(event: RefusedEvent): void {
    this.counts.refused += 1;
    // Nobody needs room for a credential that was just refused.
    if (this.#fleet && !this.#unproven(this.#fleet)) this.#turnover.proven();
    this.#fleet?.emit('refused', event);
  }
}
