import type { HeldCredential } from './held-credential.js';

/** A connection that knows which credential it logged in with. */
export interface Connection {
  readonly credential: HeldCredential;
  /** Whether the application has it. */
  isInUse: boolean;
}

/** How a pool opens and closes connections of its own accord. */
export interface Berths {
  /** Whether the pool has ended, or is about to. */
  isEnding(): boolean;
  /** Whether one more connection fits into the pool. */
  hasRoom(): boolean;
  /** Opens a connection with the newest credential and offers it to the application; no request waits for just this one. */
  open(): Promise<void>;
  /** Asks `giveUp()` for each idle connection, and does what it says. */
  reviewIdle(): void;
}

/** To be called as soon as a connection was closed, before a request takes its place. */
export type Closed = () => void;

const nothing: Closed = () => undefined;
/** A login that has not answered for this long does not hold up the others. */
const patienceMillis = 5_000;
const firstPauseMillis = 250;
const longestPauseMillis = 30_000;

/** Gives up connections for a new credential: one for the login that proves it, and then those in the traffic one after the other. */
export class Turnover<C extends Connection> {
  /** Superseded connections that serve on until it is their turn. */
  readonly #kept = new Set<C>();
  /** Those of them that the application has used since the rotation. */
  readonly #used = new WeakSet<C>();
  #proof: { readonly open: Closed; readonly cancel: () => void } | undefined;
  #turn: Closed | undefined;
  #timer: NodeJS.Timeout | undefined;
  #deadline: NodeJS.Timeout | undefined;
  #isOver = true;
  #round = 0;
  #interval = 0;
  #pause = firstPauseMillis;

  /** Whether a connection is to be given up for the login that proves a credential. */
  get needsPlace(): boolean {
    return this.#proof !== undefined;
  }

  keeps(connection: C): boolean {
    return this.#kept.has(connection);
  }

  /** Decides about a connection that is free: undefined when it stays open, else it is to be closed. */
  giveUp(connection: C, isSuperseded: boolean): Closed | undefined {
    if (this.#proof) {
      const { open } = this.#proof;
      this.#proof = undefined;
      this.#kept.delete(connection);
      return open;
    }
    if (!isSuperseded) return undefined;
    if (!this.#kept.has(connection)) return nothing;
    if (!this.#used.has(connection)) {
      if (!this.#isOver) return undefined;
      this.#kept.delete(connection);
      return nothing;
    }
    const closed = this.#turn;
    if (!closed) return undefined;
    this.#turn = undefined;
    this.#kept.delete(connection);
    return closed;
  }

  /** Logs in once with a new credential; waits until a connection can be given up for it when the pool is full. */
  async prove(berths: Berths): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const open = (): void => void berths.open().then(resolve, reject);
      if (berths.hasRoom()) return open();
      this.#proof = { open, cancel: resolve };
      berths.reviewIdle();
    });
  }

  /** Gives up one connection, whose place nobody is given: a login that proves may wait for it. */
  makeRoom(berths: Berths): void {
    if (this.#proof || berths.hasRoom()) return;
    this.#proof = { open: nothing, cancel: nothing };
    berths.reviewIdle();
  }

  /** No place is needed any more to prove a credential. */
  proven(): void {
    const proof = this.#proof;
    this.#proof = undefined;
    proof?.cancel();
  }

  /** The application uses a connection. */
  use(connection: C): void {
    if (this.#kept.has(connection)) this.#used.add(connection);
  }

  /**
   * Closes what is superseded, but for those to be kept: they are replaced one at a time, spread over `withinMillis`. Those that the
   * application has not used until then are closed, and nobody opens others for them.
   */
  begin(keep: readonly C[], withinMillis: number, berths: Berths): void {
    this.stop();
    if (withinMillis > 0) for (const connection of keep) this.#kept.add(connection);
    this.#isOver = this.#kept.size === 0;
    berths.reviewIdle();
    if (this.#isOver) return;
    this.#deadline = setTimeout(() => {
      this.#isOver = true;
      berths.reviewIdle();
    }, withinMillis).unref();
    this.#interval = withinMillis / this.#kept.size;
    this.#pause = firstPauseMillis;
    this.#schedule(this.#interval, berths);
  }

  /** Keeps nothing any more. */
  stop(): void {
    this.#round += 1;
    this.#turn = undefined;
    this.#kept.clear();
    clearTimeout(this.#timer);
    clearTimeout(this.#deadline);
    this.#isOver = true;
  }

  #schedule(millis: number, berths: Berths): void {
    if (this.#kept.size === 0) return;
    this.#timer = setTimeout(() => this.#replaceOne(berths), millis);
    this.#timer.unref();
  }

  #replaceOne(berths: Berths): void {
    if (berths.isEnding()) return this.stop();
    const round = this.#round;
    const hadRoom = berths.hasRoom();
    let begun = Date.now();
    let answered = false;
    const go = (millis: number): void => {
      if (answered || round !== this.#round) return;
      answered = true;
      clearTimeout(late);
      this.#schedule(millis, berths);
    };
    let late: NodeJS.Timeout | undefined;
    const open = (opened: () => void): void => {
      begun = Date.now();
      late = setTimeout(() => go(0), patienceMillis).unref();
      berths.open().then(
        () => {
          this.#pause = firstPauseMillis;
          if (!answered && round === this.#round) opened();
        },
        // Those that are kept serve on: a server that refuses more connections is no reason to close the ones there are.
        () => {
          go(this.#pause);
          this.#pause = Math.min(longestPauseMillis, this.#pause * 2);
        },
      );
    };
    const next = (): void => go(Math.max(0, begun + this.#interval - Date.now()));
    if (hadRoom) {
      open(() => {
        this.#turn = next;
        berths.reviewIdle();
      });
    } else {
      this.#turn = () => open(next);
      berths.reviewIdle();
    }
  }
}
