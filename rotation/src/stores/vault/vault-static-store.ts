import type { Credential, VersionStage } from '@keyturn/plan';

import { type Store, StoreConflictError, type StoredCredential, StoreError, type StoredVersion } from '../../store.js';
import { type VaultAccess, VaultApi } from './vault-api.js';

/** Two static roles of a database engine, and the selector that names the current one. */
export interface VaultStaticStoreOptions extends VaultAccess {
  /** Where the database engine is mounted; its static roles are called as the users of the pair. Default: `database`. */
  readonly databaseMount?: string;
  /** Where the KV version 2 engine of the selector is mounted. Default: `secret`. */
  readonly selectorMount?: string;
  /** The selector that applications read, `{ "user": …, "generation": … }`, as `VaultStaticRolePair` makes it. */
  readonly selector: string;
}

/** A turn of the pair: whose credential, in which generation. Vault keeps one password for each user, so a turn needs none. */
interface Turn {
  readonly user: string;
  readonly generation: number;
  readonly version: string;
}

interface Selector {
  readonly current: Turn;
  readonly previous?: Turn;
  /** Number of the KV engine, for check-and-set. */
  readonly number: number;
}

/**
 * A pair whose passwords are made by Vault or OpenBao: `rotate-role` re-keys the idle user when keyturn's gate is open, and the selector is written with
 * check-and-set when the new credential was tested. The engine never invents a password and Vault never acts by its own calendar.
 *
 * The rotator's token needs read on `static-creds` and update on `rotate-role` of both users, and read, create and update on the selector.
 */
export class VaultStaticStore implements Store {
  readonly name: string;
  readonly #options: VaultStaticStoreOptions;
  readonly #api: VaultApi;

  constructor(options: VaultStaticStoreOptions) {
    this.#options = options;
    this.name = `Vault ${options.selectorMount ?? 'secret'}/${options.selector}`;
    this.#api = new VaultApi(this.name, options);
  }

  async readPublished(): Promise<StoredCredential | undefined> {
    const selector = await this.#select();
    return selector && (await this.#stored(selector.current, 'current'));
  }

  async readVersion(version: string): Promise<StoredCredential | undefined> {
    const selector = await this.#select();
    if (version === selector?.current.version) return await this.#stored(selector.current, 'current');
    if (version === selector?.previous?.version) return await this.#stored(selector.previous, 'previous');
    const turn = turnOf(version);
    // Vault has forgotten what a user had before its last turn.
    if (turn === undefined || turn.generation <= (selector?.current.generation ?? 0)) return undefined;
    return await this.#stored(turn, 'pending');
  }

  /** Writes nothing: Vault keeps the password, and the version says the rest. The password of the candidate is not used. */
  writePending({ user, generation }: Credential, { token }: { readonly token: string }): Promise<string> {
    return Promise.resolve(versionOf(user, generation, token));
  }

  async publish(version: string, options: { readonly expectedCurrent: string | undefined }): Promise<void> {
    const selector = await this.#select();
    if (selector?.current.version === version) return;
    if (selector?.current.version !== options.expectedCurrent)
      throw new StoreConflictError(this.name, options.expectedCurrent, selector?.current.version);
    const turn = turnOf(version);
    if (turn === undefined)
      throw new StoreError(`${this.name}: there is no version ${version}, so it cannot be published.`);
    const previous = selector === undefined ? {} : { previous: selector.current };
    const { status, errors } = await this.#api.ask('POST', this.#selectorPath, {
      options: { cas: selector?.number ?? 0 },
      data: { ...turn, ...previous },
    });
    if (status < 300) return;
    if (status !== 400 || !errors.some((error) => error.includes('check-and-set')))
      throw this.#failure(`write ${this.#selectorPath}`, status, errors);
    const found = await this.#select();
    if (found?.current.version !== version)
      throw new StoreConflictError(this.name, options.expectedCurrent, found?.current.version);
  }

  discardPending(): Promise<void> {
    return Promise.resolve();
  }

  async versions(): Promise<readonly StoredVersion[]> {
    const selector = await this.#select();
    if (selector === undefined) return [];
    const { current, previous } = selector;
    return [
      { version: current.version, stage: 'current' },
      ...(previous === undefined ? [] : [{ version: previous.version, stage: 'previous' as const }]),
    ];
  }

  async rekey(user: string): Promise<string> {
    const path = `${this.#databaseMount}/rotate-role/${user}`;
    const { status, errors } = await this.#api.ask('POST', path, {});
    if (status >= 300) throw this.#failure(`re-key ${path}`, status, errors);
    return await this.#password(user);
  }

  get #databaseMount(): string {
    return this.#options.databaseMount ?? 'database';
  }

  get #selectorPath(): string {
    return `${this.#options.selectorMount ?? 'secret'}/data/${this.#options.selector}`;
  }

  async #stored({ user, generation, version }: Turn, stage: VersionStage): Promise<StoredCredential> {
    return { user, password: await this.#password(user), generation, version, stage };
  }

  async #password(user: string): Promise<string> {
    const path = `${this.#databaseMount}/static-creds/${user}`;
    const { status, body, errors } = await this.#api.ask('GET', path);
    if (status >= 300) throw this.#failure(`read ${path}`, status, errors);
    const { data } = body as { data?: { username?: unknown; password?: unknown } };
    if (data?.username !== user || typeof data.password !== 'string') {
      throw new StoreError(
        `${this.name}: ${path} is no credential of ${user}. Name each static role as the user that it re-keys.`,
      );
    }
    return data.password;
  }

  async #select(): Promise<Selector | undefined> {
    const { status, body, errors } = await this.#api.ask('GET', this.#selectorPath);
    if (status === 404) return undefined;
    if (status >= 300) throw this.#failure(`read ${this.#selectorPath}`, status, errors);
    const { data, metadata } =
      (
        body as {
          data?: { data?: Partial<Selector['current']> & { previous?: Turn }; metadata?: { version?: number } };
        }
      ).data ?? {};
    if (data === null || data === undefined) return undefined;
    const { user, generation, version, previous } = data;
    if (typeof user !== 'string' || typeof generation !== 'number') {
      throw new StoreError(`${this.name}: the selector has no "user" and "generation". See what wrote it.`);
    }
    return {
      // What the component wrote when it made the pair has no version yet.
      current: { user, generation, version: version ?? versionOf(user, generation, 'made') },
      ...(previous === undefined ? {} : { previous }),
      number: metadata?.version ?? 0,
    };
  }

  #failure(what: string, status: number, errors: readonly string[]): StoreError {
    const hint =
      status === 403
        ? ` Allow the rotator read on ${this.#databaseMount}/static-creds and update on ${this.#databaseMount}/rotate-role of both users, and read, create and update on ${this.#selectorPath}.`
        : ' Applications still read what was published before; run it again.';
    return new StoreError(
      `${this.name}: could not ${what}: status ${status}${errors.length > 0 ? ` (${errors.join('; ')})` : ''}.${hint}`,
    );
  }
}

const versionOf = (user: string, generation: number, token: string): string => `${generation}.${token}.${user}`;

function turnOf(version: string): Turn | undefined {
  const [, generation, user] = /^(\d+)\.[^.]+\.(.+)$/.exec(version) ?? [];
  return generation === undefined || user === undefined ? undefined : { user, generation: Number(generation), version };
}
