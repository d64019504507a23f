import type { Credential } from '@keyturn/plan';

import type { CredentialSource } from './credential-source.js';
import { CredentialSourceError } from './errors.js';
import { HeldCredential } from './held-credential.js';
import { Logins } from './logins.js';

/** How one reading of the source ended. */
export interface RefreshEvent {
  readonly outcome: 'changed' | 'unchanged' | 'failed';
  /** Of the credential that is held after it; undefined while none was read yet. */
  readonly generation: number | undefined;
  readonly error?: Error;
}

/** Wants to know what happens to the credential of one source. */
export interface Follower {
  changed(): void;
  refreshed(event: RefreshEvent): void;
}

interface Pause {
  readonly timer: NodeJS.Timeout;
  readonly over: Promise<void>;
  end(): void;
}

const readTimeoutMillis = 10_000;
const firstPauseMillis = 100;
const longestPauseMillis = 5_000;

/** Holds what was read from one source. There is one per source and process, so that a hundred pools read it once. */
export class CredentialKeeper {
  #current: HeldCredential | undefined;
  #previous: HeldCredential | undefined;
  #supersededAt = 0;
  #readAt = 0;
  #readsEnded = 0;
  #lastError: Error | undefined;
  #reading: Promise<void> | undefined;
  #again = false;
  #fruitless = 0;
  #pause: Pause | undefined;
  #stopWatching: (() => void) | undefined;
  readonly #followers = new Set<Follower>();
  readonly #logins = new Map<string, Logins>();
  readonly #source: CredentialSource;

  private constructor(source: CredentialSource) {
    this.#source = source;
  }

  /** The keeper of a source; the same one for every pool, also when this package was loaded as ESM and as CommonJS. */
  static of(source: CredentialSource): CredentialKeeper {
    const shared = globalThis as { [registry]?: WeakMap<CredentialSource, CredentialKeeper> };
    const keepers = (shared[registry] ??= new WeakMap());
    let keeper = keepers.get(source);
    if (!keeper) keepers.set(source, (keeper = new CredentialKeeper(source)));
    return keeper;
  }

  /** The newest credential that was read. */
  get current(): HeldCredential | undefined {
    return this.#current;
  }

  /** The one before it. */
  get previous(): HeldCredential | undefined {
    return this.#previous;
  }

  /** When `current` took the place of `previous`; milliseconds since the epoch. */
  get supersededAt(): number {
    return this.#supersededAt;
  }

  /** When the source was last read with success; milliseconds since the epoch. */
  get readAt(): number {
    return this.#readAt;
  }

  /** Counts the readings that ended, well or not. */
  get readsEnded(): number {
    return this.#readsEnded;
  }

  /** Why the last reading failed; undefined when it did not. */
  get lastError(): Error | undefined {
    return this.#lastError;
  }

  /** What is known of logins at one server, shared by every pool of this source that connects there. */
  loginsAt(endpoint: string): Logins {
    let logins = this.#logins.get(endpoint);
    if (!logins) this.#logins.set(endpoint, (logins = new Logins(this, endpoint)));
    return logins;
  }

  /** Watches the source for as long as somebody follows. */
  follow(follower: Follower): () => void {
    this.#followers.add(follower);
    this.#stopWatching ??= this.#source.watch?.(() => void this.refresh());
    return () => {
      this.#followers.delete(follower);
      if (this.#followers.size > 0) return;
      this.#stopWatching?.();
      this.#stopWatching = undefined;
      this.#endPause();
    };
  }

  /** Reads the source now; joins a reading under way, and then reads once more, for it may have begun before the change. Never rejects. */
  refresh(): Promise<void> {
    this.#endPause();
    if (this.#reading) this.#again = true;
    return (this.#reading ??= this.#read().finally(() => (this.#reading = undefined)));
  }

  /** The next reading: at once, or after a growing, jittered pause when the ones before brought nothing new. Never rejects. */
  async nextRead(): Promise<void> {
    if (this.#reading) return await this.#reading;
    if (this.#fruitless === 0) return await this.refresh();
    this.#pause ??= this.#startPause();
    await this.#pause.over;
    await (this.#reading ?? this.refresh());
  }

  #startPause(): Pause {
    const longest = Math.min(longestPauseMillis, firstPauseMillis * 2 ** Math.min(this.#fruitless, 10));
    let end = (): void => undefined;
    const over = new Promise<void>((resolve) => (end = resolve));
    const timer = setTimeout(() => this.#endPause(), longest * (0.5 + Math.random() / 2));
    return { timer, over, end };
  }

  #endPause(): void {
    const pause = this.#pause;
    this.#pause = undefined;
    clearTimeout(pause?.timer);
    pause?.end();
  }

  async #read(): Promise<void> {
    do {
      this.#again = false;
      const event = await this.#readOnce();
      this.#readsEnded += 1;
      this.#fruitless = event.outcome === 'changed' ? 0 : this.#fruitless + 1;
      if (event.outcome === 'changed') for (const follower of this.#followers) follower.changed();
      for (const follower of this.#followers) follower.refreshed(event);
      if (event.outcome === 'failed' && this.#current && this.#followers.size > 0) this.#retryInBackground();
    } while (this.#again);
  }

  async #readOnce(): Promise<RefreshEvent> {
    try {
      const read = checked(await this.#withTimeout((signal) => this.#source.read(signal)));
      if (!this.#current) {
        const previous = await this.#withTimeout(async (signal) => await this.#source.readPrevious?.(signal)).catch(
          () => undefined,
        );
        if (previous && previous.generation < read.generation) this.#previous = new HeldCredential(checked(previous));
      }
      this.#readAt = Date.now();
      this.#lastError = undefined;
      return { outcome: this.#take(read) ? 'changed' : 'unchanged', generation: this.#current?.generation };
    } catch (error) {
      this.#lastError = error instanceof Error ? error : new CredentialSourceError(String(error));
      return { outcome: 'failed', generation: this.#current?.generation, error: this.#lastError };
    }
  }

  #take(read: Credential): boolean {
    const current = this.#current;
    if (current?.equals(read)) return false;
    // A cache or a replica may still answer with the older version; going back to it is the fallback's business.
    if (current && read.generation < current.generation) return false;
    this.#current = this.#previous?.equals(read) ? this.#previous : new HeldCredential(read);
    if (current) this.#previous = current;
    this.#supersededAt = Date.now();
    return true;
  }

  /** A change was announced but could not be read: without this, it would be missed until the next one. */
  #retryInBackground(): void {
    if (this.#pause) return;
    const pause = (this.#pause = this.#startPause());
    pause.timer.unref();
    void pause.over.then(() => (this.#followers.size > 0 && !this.#reading ? this.refresh() : undefined));
  }

  async #withTimeout<T>(ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const controller = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        const error = new CredentialSourceError(
          `The credential source did not answer within ${readTimeoutMillis / 1_000} s.`,
        );
        reject(error);
        controller.abort(error);
      }, readTimeoutMillis);
    });
    try {
      return await Promise.race([ask(controller.signal), late]);
    } finally {
      clearTimeout(timer);
    }
  }
}

const registry: unique symbol = Symbol.for('@keyturn/pool keepers') as never;

function checked(credential: Credential): Credential {
  for (const name of ['user', 'password'] as const) {
    if (typeof credential[name] !== 'string' || credential[name] === '') {
      throw new CredentialSourceError(
        `The credential source gave no ${name}: expected text that is not empty, got ${credential[name] === '' ? 'an empty text' : typeof credential[name]}.`,
      );
    }
  }
  if (!Number.isInteger(credential.generation) || credential.generation < 0) {
    throw new CredentialSourceError(
      `The credential source gave generation ${String(credential.generation)}; it must be a whole number, zero or more.`,
    );
  }
  return credential;
}
