import { isAuthenticationError } from '@keyturn/plan';
import pg from 'pg';

import type { HeldCredential } from '../held-credential.js';
import type { Logins } from '../logins.js';
import type { FollowPolicy } from '../policy.js';
import type { Slots } from '../slots.js';
import { withGeneration } from './application-name.js';
import { withCredential } from './connection-string.js';

/** What the connections of one pool have in common. */
export interface Crew {
  readonly logins: Logins;
  readonly slots: Slots;
  readonly policy: FollowPolicy;
  readonly nameGeneration: boolean;
}

/** The crew of a configuration. The driver's pool hands its options to the client that it constructs, and knows nothing of a crew. */
const crews = new WeakMap<object, Crew>();

/** Makes the clients of these options members of a crew. */
export function enlist(options: object, crew: Crew): void {
  crews.set(options, crew);
}

/**
 * A connection that knows which credential it logged in with: takes it at construction, and waits for its turn to log in. One class for all
 * pools: what V8 learns about one serves the next.
 */
export class FollowingClient extends pg.Client {
  readonly credential: HeldCredential;
  isInUse = false;
  readonly #crew: Crew;
  readonly #connectTimeout: number;

  constructor(config: pg.ClientConfig) {
    const crew = crews.get(config);
    if (!crew) throw new TypeError('FollowingClient is constructed with options that were given to enlist().');
    // The driver constructs inside its own event handlers, where nothing may be thrown; a credential that is not offered any more gets no turn.
    const credential = crew.logins.offered(crew.policy) ?? crew.logins.newest;
    super(merge(config, credential, crew.nameGeneration));
    this.credential = credential;
    this.#crew = crew;
    this.#connectTimeout = config.connectionTimeoutMillis ?? 0;
    // A connection that breaks while the application holds it must not end the process; its next query says what happened.
    this.on('error', () => undefined);
  }

  override connect(): Promise<pg.Client>;
  override connect(callback: ((error: Error) => void) | ((error: null, client: pg.Client) => void)): void;
  override connect(callback?: (error: never, client: pg.Client) => void): Promise<pg.Client> | void {
    const connected = this.#connect();
    if (!callback) return connected;
    // Outside the promise, so that an exception in the callback is uncaught like the driver's own.
    connected.then(
      () => queueMicrotask(() => callback(null as never, this)),
      (error: unknown) => queueMicrotask(() => callback(error as never, this)),
    );
  }

  async #connect(): Promise<this> {
    const patience = this.#connectTimeout > 0 ? AbortSignal.timeout(this.#connectTimeout) : undefined;
    const leave = await this.#crew.slots.take(patience);
    if (!leave) throw new Error('timeout exceeded when trying to connect');
    let opened = false;
    try {
      const turn = await this.#crew.logins.turn(this.credential, this.#crew.policy, patience);
      if (patience?.aborted === true) {
        turn.failed(undefined);
        throw new Error('timeout exceeded when trying to connect');
      }
      opened = true;
      this.once('end', leave);
      try {
        await super.connect();
        turn.accepted();
      } catch (error) {
        turn.failed(error);
        if (!isAuthenticationError(error)) void this.end().catch(() => undefined);
        throw error;
      }
    } catch (error) {
      if (!opened) leave();
      throw error;
    }
    return this;
  }
}

function merge(config: pg.ClientConfig, credential: HeldCredential, nameGeneration: boolean): pg.ClientConfig {
  const { user, password, generation } = credential;
  const name = config.application_name ?? process.env['PGAPPNAME'] ?? config.fallback_application_name ?? '';
  return {
    ...config,
    user,
    password,
    ...(nameGeneration ? { application_name: withGeneration(name, generation) } : {}),
    ...(config.connectionString === undefined
      ? {}
      : { connectionString: withCredential(config.connectionString, credential) }),
  };
}
