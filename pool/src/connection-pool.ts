import { isAuthenticationError } from '@keyturn/plan';

import { NotOffered, NoUsableCredential } from './errors.js';
import {
  type DrainOptions,
  type FollowEvents,
  Following,
  type FollowingOptions,
  type PoolCounters,
} from './following.js';
import type { HeldCredential } from './held-credential.js';
import type { Slots } from './slots.js';
import { within } from './within.js';

/** How connections of one driver are opened and closed. */
export interface Port<C> {
  /** Opens a connection and logs in. `gone` is to be called once, when its socket is closed, whether it logged in or not. */
  open(credential: HeldCredential, gone: () => void): Promise<C>;
  /** Says good-bye to the server, and closes. */
  close(connection: C): void;
  /** Closes at once, also in the middle of a query. */
  destroy(connection: C): void;
  processId(connection: C): number | undefined;
  emit<K extends keyof FollowEvents>(event: K, payload: FollowEvents[K]): boolean;
}

export interface ConnectionPoolOptions extends FollowingOptions {
  /** Idle connections beyond this number are closed after `idleMillis`. */
  readonly maxIdle: number;
  /** 0: never. */
  readonly idleMillis: number;
  /** How long a request waits for a connection; 0: for ever. */
  readonly acquireMillis: number;
  /** The driver's own error for a request that waited too long. */
  readonly timedOut: () => Error;
  /** The driver's own error for requests after the end. */
  readonly ended: () => Error;
}

type Receive<C> = (error: Error | null, connection?: C) => void;

interface Member<C> {
  readonly connection: C;
  readonly credential: HeldCredential;
  isInUse: boolean;
  idleSince: number;
}

interface Waiting<C> {
  readonly receive: Receive<C>;
  readonly since: number;
  timer: NodeJS.Timeout | undefined;
}

/** A pool for drivers whose own pool cannot be taught: first come, first served, and never more sockets than `max`. */
export class ConnectionPool<C extends object> {
  readonly following: Following<Member<C>>;
  readonly #port: Port<C>;
  readonly #options: ConnectionPoolOptions;
  readonly #members = new Map<C, Member<C>>();
  readonly #idle: Member<C>[] = [];
  readonly #waiting: Waiting<C>[] = [];
  #opening = 0;
  #places = 0;
  #ended: Promise<void> | undefined;
  #allGone: (() => void) | undefined;
  #sweep: NodeJS.Timeout | undefined;

  constructor(port: Port<C>, options: ConnectionPoolOptions) {
    this.#port = port;
    this.#options = options;
    this.following = new Following(options);
    this.following.start({
      emit: (event, payload) => port.emit(event, payload),
      isEnding: () => this.#ended !== undefined,
      hasConnections: () => this.following.slots.free < options.max,
      hasRoom: () => this.#members.size + this.#opening < options.max && this.following.slots.free > 0,
      open: async () => await this.#openUnasked(),
      reviewIdle: () => {
        for (const member of [...this.#idle]) this.#review(member);
      },
      cut: ({ connection }) => port.destroy(connection),
      processId: ({ connection }) => port.processId(connection),
    });
  }

  get counters(): PoolCounters {
    return this.following.counters;
  }

  get total(): number {
    return this.#members.size;
  }

  get idle(): number {
    return this.#idle.length;
  }

  get active(): number {
    return this.#members.size - this.#idle.length;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  get ending(): boolean {
    return this.#ended !== undefined;
  }

  /** Hands out a connection now, or when there is one. */
  take(receive: Receive<C>): void {
    if (this.#ended) return receive(this.#options.ended());
    const member = this.#nextIdle();
    if (member) {
      this.following.use(member);
      return receive(null, member.connection);
    }
    const waiting: Waiting<C> = { receive, since: Date.now(), timer: undefined };
    if (this.#options.acquireMillis > 0) {
      waiting.timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        receive(this.#options.timedOut());
      }, this.#options.acquireMillis);
    }
    this.#waiting.push(waiting);
    this.#grow();
  }

  /** Takes a connection back; true when it stays open. */
  give(connection: C): boolean {
    const member = this.#members.get(connection);
    if (!member?.isInUse) return false;
    member.isInUse = false;
    if (this.#ended !== undefined) this.#close(member);
    else if (!this.#review(member)) {
      this.#offer(member);
      return true;
    }
    return false;
  }

  /** Forgets a connection that broke or was closed by somebody else. */
  forget(connection: C): void {
    const member = this.#members.get(connection);
    if (!member) return;
    if (this.#remove(member) === 'idle' && !this.#ended) this.following.counts.brokenConnections += 1;
    this.#grow();
  }

  async refresh(): Promise<void> {
    await this.following.refresh();
  }

  async drain(options: DrainOptions): Promise<{ cut: number }> {
    return await this.following.drain(options, { waiting: () => this.waiting, end: () => this.end() });
  }

  /** Refuses what waits, closes what is idle, and resolves when what is in use was given back and closed. */
  end(): Promise<void> {
    if (this.#ended) return this.#ended;
    this.#ended = new Promise((resolve) => (this.#allGone = resolve));
    this.following.stop();
    clearInterval(this.#sweep);
    for (const waiting of this.#waiting.splice(0)) this.#refuse(waiting, this.#options.ended());
    for (const member of [...this.#idle]) this.#close(member);
    if (this.#places === 0) this.#allGone?.();
    return this.#ended;
  }

  #nextIdle(): Member<C> | undefined {
    for (;;) {
      const member = this.#idle.pop();
      if (!member || this.following.serves(member)) return member;
      this.#close(member);
    }
  }

  /** Closes a free connection when it is to be given up. */
  #review(member: Member<C>): boolean {
    const closed = this.following.giveUp(member);
    if (!closed) return false;
    this.#close(member);
    closed();
    return true;
  }

  /** The pool may have ended while the connection logged in. */
  #received(member: Member<C>): void {
    if (this.#ended) this.#close(member);
    else this.#offer(member);
  }

  #offer(member: Member<C>): void {
    const waiting = this.#waiting.shift();
    if (waiting) {
      clearTimeout(waiting.timer);
      this.following.use(member);
      waiting.receive(null, member.connection);
      return;
    }
    member.idleSince = Date.now();
    this.#idle.push(member);
    if (this.#options.idleMillis > 0) this.#sweep ??= setInterval(() => this.#closeUnused(), sweepMillis).unref();
  }

  #closeUnused(): void {
    const before = Date.now() - this.#options.idleMillis;
    const excess = this.#idle.length - this.#options.maxIdle;
    const unused = this.#idle.filter((member, index) => member.idleSince < before || index < excess);
    for (const member of unused) this.#close(member);
    if (this.#members.size > 0) return;
    clearInterval(this.#sweep);
    this.#sweep = undefined;
  }

  #close(member: Member<C>): void {
    this.#remove(member);
    this.#port.close(member.connection);
  }

  #remove(member: Member<C>): 'idle' | 'used' {
    this.#members.delete(member.connection);
    this.following.connections.delete(member);
    member.isInUse = false;
    const at = this.#idle.indexOf(member);
    if (at >= 0) this.#idle.splice(at, 1);
    return at >= 0 ? 'idle' : 'used';
  }

  #refuse(waiting: Waiting<C>, error: Error): void {
    clearTimeout(waiting.timer);
    waiting.receive(error);
  }

  #grow(): void {
    while (
      !this.#ended &&
      this.#opening < this.#waiting.length &&
      this.#members.size + this.#opening < this.#options.max
    ) {
      this.#opening += 1;
      void this.#open();
    }
  }

  async #open(): Promise<void> {
    const since = Date.now();
    try {
      const { policy, ending } = this.following;
      const member = await within(policy.credentialTimeoutMillis, ending, async (left) => await this.#logIn(left));
      this.#opening -= 1;
      this.#received(member);
    } catch (error) {
      this.#opening -= 1;
      // Without a credential nobody who waited as long can be served; other trouble is told to one, and the next one tries.
      const everybody = error instanceof NoUsableCredential;
      const told = this.#waiting.filter((one, index) => (everybody ? one.since <= since : index === 0));
      for (const waiting of told) {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        this.#refuse(waiting, error as Error);
      }
    }
    this.#grow();
  }

  /** Opens a connection that no request asked for; whoever waits is served by what comes free first. */
  async #openUnasked(): Promise<void> {
    this.#opening += 1;
    try {
      const member = await this.#logIn(this.following.ending);
      this.#opening -= 1;
      this.#received(member);
    } catch (error) {
      this.#opening -= 1;
      throw error;
    } finally {
      this.#grow();
    }
  }

  async #place(slots: Slots): Promise<() => void> {
    const leave = await slots.take(this.following.ending);
    if (!leave) throw this.#options.ended();
    this.#places += 1;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#places -= 1;
      leave();
      if (this.#places === 0) this.#allGone?.();
    };
  }

  /** Opens a connection with the credential that is offered, and again with the next one when it is refused. */
  async #logIn(left: AbortSignal): Promise<Member<C>> {
    const { logins, policy, slots } = this.following;
    for (;;) {
      await logins.available(policy, left);
      const leave = await this.#place(slots);
      let opened = false;
      try {
        const credential = logins.offered(policy);
        if (!credential) throw new NotOffered('The credential was withdrawn while a place was waited for.');
        const turn = await logins.turn(credential, policy, this.following.ending);
        opened = true;
        const connection = await this.#port.open(credential, leave).catch((error: unknown) => {
          turn.failed(error);
          throw error;
        });
        const member: Member<C> = { connection, credential, isInUse: false, idleSince: Date.now() };
        this.#members.set(connection, member);
        this.following.connections.add(member);
        turn.accepted();
        // It may have been opened while the pool moved on to another credential.
        if (!this.following.isSuperseded(member)) return member;
        this.#close(member);
      } catch (error) {
        if (!opened) leave();
        const again = error instanceof NotOffered || isAuthenticationError(error);
        if (!again || this.#ended) throw error;
      }
    }
  }
}

const sweepMillis = 1_000;
