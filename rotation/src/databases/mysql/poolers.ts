import { DatabaseError } from '../../database.js';
import type { Holder } from '../../holder.js';
import type { Intent } from '../../intent.js';
import { newPassword } from '../../passwords.js';
import { isServerOf, type Proxysql } from '../../poolers/proxysql.js';
import { subject } from '../journal-line.js';
import type { Accounts } from './accounts.js';
import type { Client } from './endpoint.js';
import { endPooledOn } from './holders.js';
import { type Change, wasSet } from './journal.js';
import type { Flavour } from './server.js';
import { cachingSha2Verifier, nativeVerifier } from './verifiers.js';

/** What the poolers of a session have to know, and when. A ProxySQL has one password for each user, and checks it itself. */
export class Poolers {
  readonly #poolers: readonly Proxysql[];
  readonly #accounts: Accounts;
  readonly #flavour: Flavour;

  constructor(poolers: readonly Proxysql[], accounts: Accounts, flavour: Flavour) {
    this.#poolers = poolers;
    this.#accounts = accounts;
    this.#flavour = flavour;
  }

  get names(): readonly string[] {
    return this.#poolers.map(({ name }) => name);
  }

  /** Why the users cannot be re-keyed behind them; `undefined` when they can. */
  async refusal(users: readonly string[]): Promise<string | undefined> {
    for (const pooler of this.#poolers) {
      const because = await pooler.refusal(users, this.#accounts.plugin);
      if (because !== undefined) return because;
    }
    return undefined;
  }

  async tell(user: string, password: string): Promise<void> {
    for (const pooler of this.#poolers)
      await pooler.tell(user, pooler.passwordForm === 'clear-text' ? password : this.#verifier(password));
  }

  /**
   * Before a user is switched off. A locked user that logs in through a ProxySQL is refused by the server, and seen there. MariaDB refuses it by
   * 4151, which ProxySQL takes for a server that is ill: after a few it sends nobody there for ten seconds. So there it has to refuse it itself.
   */
  async switchOff(user: string): Promise<void> {
    if (this.#flavour === 'mariadb') await this.forget(user);
  }

  /** After a user is switched on again: what the server stores for it, which is what a ProxySQL takes, too. */
  async switchOn(user: string): Promise<void> {
    if (this.#flavour !== 'mariadb' || this.#poolers.length === 0) return;
    const account = await this.#accounts.get(user);
    if (account === undefined) return;
    for (const pooler of this.#poolers) await pooler.tell(user, account.stored.toString('latin1'));
  }

  /** It stays registered, with a password that nobody knows. */
  async forget(user: string): Promise<void> {
    for (const pooler of this.#poolers) await pooler.tell(user, this.#verifier(newPassword()));
  }

  async clients(user: string): Promise<Holder[]> {
    return (await Promise.all(this.#poolers.map((pooler) => pooler.clients(user)))).flat();
  }

  async endClients(user: string): Promise<Holder[]> {
    return (await Promise.all(this.#poolers.map((pooler) => pooler.endClients(user)))).flat();
  }

  /** Ends on this server what they keep open there for a user without clients. */
  async release(client: Client, user: string): Promise<void> {
    const abandoned = (await Promise.all(this.#poolers.map((pooler) => pooler.abandoned(user)))).flat();
    const here = await Promise.all(abandoned.map((thread) => isServerOf(thread, client.endpoint)));
    const ids = abandoned.filter((_, index) => here[index]).map(({ id }) => id);
    if (ids.length > 0) await endPooledOn(client, user, ids);
  }

  /** What {@link tell} sends, with the secret masked. */
  told(user: string): readonly string[] {
    return this.#poolers.flatMap((pooler) => pooler.told(user));
  }

  /** @throws DatabaseError when one of them could not be told of a new password afterwards. */
  async check(users: readonly string[]): Promise<void> {
    const because = await this.refusal(users);
    if (because !== undefined) throw new DatabaseError(because, { kind: 'other', endpoint: this.names.join(', ') });
  }

  #verifier(password: string): string {
    return this.#accounts.plugin === 'caching_sha2_password' ? cachingSha2Verifier(password) : nativeVerifier(password);
  }
}

/** The pair is as it was: the line is the record of what the poolers were told. */
export function poolersTold(intent: Intent, poolers: readonly string[]): Change {
  return {
    ...wasSet(intent, undefined),
    entry: { event: 'pooler-told', ...subject(intent), detail: { poolers } },
  };
}
