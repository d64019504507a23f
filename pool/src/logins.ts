import { isAuthenticationError } from '@keyturn/plan';

import { NotOffered, NoUsableCredential } from './errors.js';
import type { HeldCredential } from './held-credential.js';
import type { CredentialKeeper } from './keeper.js';
import type { FollowPolicy } from './policy.js';

/** A server refused a credential. */
export interface RefusedEvent {
  readonly user: string;
  readonly generation: number;
  readonly error: Error;
}

/** The right to log in now; its holder says how it went. */
export interface Turn {
  accepted(): void;
  failed(error: unknown): void;
}

interface Refusal {
  readonly at: number;
  readonly readsEnded: number;
  readonly error: Error;
}

/** Wants to know how logins at one server went. */
export interface LoginFollower {
  /** A login was accepted, with another credential than the one before, or for the first time. */
  proven(credential: HeldCredential): void;
  refused(event: RefusedEvent): void;
}

/** No answer for this long: the server is slow or away, and others may try as well. */
const patienceMillis = 5_000;
const closedAccountMillis = 30_000;

/** What is known of one source's credentials at one server: which one works, and which ones were refused. */
export class Logins {
  #proven: HeldCredential | undefined;
  #acceptedAt = 0;
  readonly #underWay = new WeakMap<HeldCredential, number>();
  #refusals = new WeakMap<HeldCredential, Refusal>();
  readonly #answers = new WeakSet<object>();
  readonly #waiting = new Set<() => void>();
  readonly #followers = new Set<LoginFollower>();
  readonly #keeper: CredentialKeeper;
  readonly #endpoint: string;

  constructor(keeper: CredentialKeeper, endpoint: string) {
    this.#keeper = keeper;
    this.#endpoint = endpoint;
  }

  /** The credential of the last accepted login. */
  get proven(): HeldCredential | undefined {
    return this.#proven;
  }

  follow(follower: LoginFollower): () => void {
    this.#followers.add(follower);
    return () => this.#followers.delete(follower);
  }

  /** Lets refused credentials be tried again. */
  forgive(): void {
    this.#refusals = new WeakMap();
    this.#wake();
  }

  /** Whether a connection holds a credential whose successor works here. */
  isSuperseded(credential: HeldCredential): boolean {
    const current = this.#keeper.current;
    return credential !== current && current !== undefined && this.#proven === current;
  }

  /** Whether the last login with a credential was refused. */
  wasRefused(credential: HeldCredential): boolean {
    return this.#refusals.has(credential);
  }

  /** The newest credential, whether it is refused or not. */
  get newest(): HeldCredential {
    if (!this.#keeper.current) throw new NotOffered(`No credential was read yet for ${this.#endpoint}.`);
    return this.#keeper.current;
  }

  /** Whether an error is the answer to one of our logins, and not one that an application's own hook threw. */
  hasRefused(error: unknown): boolean {
    return typeof error === 'object' && error !== null && this.#answers.has(error);
  }

  /** The credential for a new connection; undefined when there is none to try right now. */
  offered(policy: FollowPolicy): HeldCredential | undefined {
    const { current, previous } = this.#keeper;
    if (!current || Date.now() - this.#keeper.readAt > policy.maxStaleMillis) return undefined;
    const refusal = this.#refusal(current, policy);
    if (!refusal) return current;
    if (this.#keeper.readsEnded <= refusal.readsEnded || !previous) return undefined;
    const inOverlap = Date.now() - this.#keeper.supersededAt < policy.overlapMillis;
    return inOverlap && !this.#refusal(previous, policy) ? previous : undefined;
  }

  /**
   * Resolves when there is a credential to try. The source is asked once for all who wait.
   *
   * @throws NoUsableCredential when the signal ends it.
   */
  async available(policy: FollowPolicy, signal: AbortSignal): Promise<void> {
    if (this.offered(policy)) return;
    let abort = (): void => undefined;
    const aborted = new Promise<void>((resolve) => (abort = resolve));
    signal.addEventListener('abort', abort, { once: true });
    try {
      while (!this.offered(policy)) {
        if (signal.aborted) throw this.#noneUsable(policy);
        await Promise.race([this.#keeper.nextRead(), aborted]);
      }
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  /**
   * Waits until this credential may be tried: alone when it is not known to work, so that a wrong one is refused once and not by every
   * connection of the pool.
   *
   * @throws NotOffered when another credential is to be used by now.
   */
  async turn(credential: HeldCredential, policy: FollowPolicy, signal?: AbortSignal): Promise<Turn> {
    const since = Date.now();
    for (;;) {
      if (this.offered(policy) !== credential) throw new NotOffered('Another credential is to be used by now.');
      if (this.#count(credential) === 0 || this.#worksNow(credential, policy) || Date.now() - since > patienceMillis)
        break;
      if (signal?.aborted === true) break;
      await this.#nextAnswer(signal);
    }
    this.#count(credential, 1);
    return { accepted: () => this.#accepted(credential), failed: (error) => this.#failed(credential, error) };
  }

  /** How many logins with a credential are under way; each credential has its own, so that a slow old login holds up no new one. */
  #count(credential: HeldCredential, more = 0): number {
    const count = (this.#underWay.get(credential) ?? 0) + more;
    this.#underWay.set(credential, count);
    return count;
  }

  #worksNow(credential: HeldCredential, policy: FollowPolicy): boolean {
    return this.#proven === credential && Date.now() - this.#acceptedAt < policy.loginBurstMillis;
  }

  #accepted(credential: HeldCredential): void {
    this.#count(credential, -1);
    this.#refusals.delete(credential);
    this.#wake();
    const before = this.#proven;
    // A login that began before the swap may end after it; it takes nothing back unless the newer credential was refused since.
    if (before && this.isSuperseded(credential) && !this.#refusals.has(before)) return;
    this.#proven = credential;
    this.#acceptedAt = Date.now();
    if (before !== credential) for (const follower of this.#followers) follower.proven(credential);
  }

  #failed(credential: HeldCredential, error: unknown): void {
    this.#count(credential, -1);
    if (isAuthenticationError(error)) {
      const refusal = error instanceof Error ? error : new Error('The login was refused.', { cause: error });
      this.#answers.add(error as object);
      this.#refusals.set(credential, { at: Date.now(), readsEnded: this.#keeper.readsEnded, error: refusal });
      void this.#keeper.refresh();
      const event = { user: credential.user, generation: credential.generation, error: refusal };
      for (const follower of this.#followers) follower.refused(event);
    }
    this.#wake();
  }

  #wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }

  async #nextAnswer(signal: AbortSignal | undefined): Promise<void> {
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      const timer = setTimeout(wake, patienceMillis);
      signal?.addEventListener('abort', wake, { once: true });
      this.#waiting.add(wake);
    });
  }

  #refusal(credential: HeldCredential, policy: FollowPolicy): Refusal | undefined {
    const refusal = this.#refusals.get(credential);
    if (!refusal) return undefined;
    const pause = wrongPassword(refusal.error)
      ? policy.retryRefusedMillis
      : Math.min(closedAccountMillis, policy.retryRefusedMillis);
    return Date.now() - refusal.at < pause ? refusal : undefined;
  }

  #noneUsable(policy: FollowPolicy): NoUsableCredential {
    const { current, previous, lastError, readAt } = this.#keeper;
    if (!current) {
      return new NoUsableCredential(
        `No credential could be read for ${this.#endpoint}: ${lastError?.message ?? 'the source has not answered yet'}`,
        [],
        { cause: lastError },
      );
    }
    const refused = [current, previous].filter((one) => one && this.#refusal(one, policy)) as HeldCredential[];
    if (refused.length === 0) {
      return new NoUsableCredential(
        `The credential for ${this.#endpoint} was last read at ${new Date(readAt).toISOString()}, which is more than maxStaleMillis ago, and the source cannot be read: ${lastError?.message ?? 'it has not answered yet'}`,
        [],
        { cause: lastError },
      );
    }
    return new NoUsableCredential(
      `${this.#endpoint} refused user "${current.user}" of generation ${current.generation}, and the source has no newer credential. Publish one that works, or call refresh() when the user was repaired.`,
      refused.map((one) => one.generation),
      { cause: this.#refusal(current, policy)?.error },
    );
  }
}

/** 28000 comes only after a correct password or before one is looked at; 3118 and 4151 name a locked account. */
function wrongPassword(error: Error): boolean {
  const { code, errno } = error as { code?: unknown; errno?: unknown };
  return code !== '28000' && errno !== 3118 && errno !== 4151 ? true : errno === 1045;
}
