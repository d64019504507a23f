import type { Credential, VersionStage } from '@keyturn/plan';

import { type Store, StoreConflictError, type StoredCredential, StoreError, type StoredVersion } from '../../store.js';
import { type VaultAccess, type VaultAnswer, VaultApi } from './vault-api.js';

/** Which secret of which Vault or OpenBao. */
export interface VaultKvStoreOptions extends VaultAccess {
  /** Where the KV version 2 engine is mounted. Default: `secret`. */
  readonly mount?: string;
  /** The secret that applications read. */
  readonly path: string;
}

interface Entry {
  readonly username: string;
  readonly password: string;
  readonly generation: number;
  /** Version of ours; the numbers of the KV engine count every write. */
  readonly version: string;
  /** The version that was published before. */
  readonly previous?: string;
}

interface Read {
  readonly entry: Entry;
  /** Number of the KV engine, for check-and-set. */
  readonly number: number;
}

/**
 * A secret of a KV version 2 engine, written with check-and-set. Applications read `<path>` (`username`, `password`, `generation`); candidates
 * and the previous version stand at `<path>.keyturn/<version>`, which only the rotator's policy opens.
 */
export class VaultKvStore implements Store {
  readonly name: string;
  readonly #options: VaultKvStoreOptions;
  readonly #api: VaultApi;

  constructor(options: VaultKvStoreOptions) {
    this.#options = options;
    this.name = `Vault ${options.mount ?? 'secret'}/${options.path}`;
    this.#api = new VaultApi(this.name, options);
  }

  async readPublished(): Promise<StoredCredential | undefined> {
    const published = await this.#read(this.#options.path);
    return published === undefined ? undefined : storedOf(published.entry, 'current');
  }

  async readVersion(version: string): Promise<StoredCredential | undefined> {
    const published = (await this.#read(this.#options.path))?.entry;
    if (published?.version === version) return storedOf(published, 'current');
    const kept = (await this.#read(this.#placeOf(version)))?.entry;
    if (kept === undefined) return undefined;
    return storedOf(kept, kept.generation > (published?.generation ?? 0) ? 'pending' : 'previous');
  }

  async writePending(credential: Credential, { token }: { readonly token: string }): Promise<string> {
    const entry = {
      username: credential.user,
      password: credential.password,
      generation: credential.generation,
      version: token,
    };
    // Refused when there is one already: the first write with a token wins.
    await this.#write(this.#placeOf(token), entry, 0);
    return token;
  }

  async publish(version: string, options: { readonly expectedCurrent: string | undefined }): Promise<void> {
    const published = await this.#read(this.#options.path);
    if (published?.entry.version === version) return;
    if (published?.entry.version !== options.expectedCurrent) {
      throw new StoreConflictError(this.name, options.expectedCurrent, published?.entry.version);
    }
    const next = await this.#read(this.#placeOf(version));
    if (next === undefined)
      throw new StoreError(`${this.name}: there is no version ${version}, so it cannot be published.`);
    // What somebody else wrote stands nowhere but in the place of the published one, and there must be a way back to it.
    if (published?.entry.version.startsWith('kv-') === true)
      await this.#write(this.#placeOf(published.entry.version), published.entry, 0);
    const previous = published === undefined ? {} : { previous: published.entry.version };
    if (!(await this.#write(this.#options.path, { ...next.entry, ...previous }, published?.number ?? 0))) {
      const found = await this.#read(this.#options.path);
      if (found?.entry.version !== version)
        throw new StoreConflictError(this.name, options.expectedCurrent, found?.entry.version);
    }
    const before = published?.entry.previous;
    if (before !== undefined && before !== version) await this.#delete(this.#placeOf(before));
  }

  async discardPending(version: string): Promise<void> {
    if ((await this.readVersion(version))?.stage === 'pending') await this.#delete(this.#placeOf(version));
  }

  /** Without the right to list, only what is published. */
  async versions(): Promise<readonly StoredVersion[]> {
    const published = (await this.#read(this.#options.path))?.entry;
    const { body } = await this.#ask('LIST', 'metadata', `${this.#options.path}.keyturn`);
    const { keys = [] } = (body as { data?: { keys?: readonly string[] } }).data ?? {};
    const names = new Set([...(published === undefined ? [] : [published.version]), ...keys]);
    const held = await Promise.all([...names].map((version) => this.readVersion(version)));
    return held.flatMap((one) => (one === undefined ? [] : [{ version: one.version, stage: one.stage }]));
  }

  #placeOf(version: string): string {
    return `${this.#options.path}.keyturn/${version}`;
  }

  async #read(path: string): Promise<Read | undefined> {
    const { status, body } = await this.#ask('GET', 'data', path);
    if (status === 404) return undefined;
    const { data, metadata } =
      (body as { data?: { data?: Partial<Entry> | null; metadata?: { version?: number } } }).data ?? {};
    // A deleted version answers 404 with metadata; a secret of somebody else has other keys.
    if (data === null || data === undefined) return undefined;
    const { username, password, generation, version, previous } = data;
    if (typeof username !== 'string' || typeof password !== 'string') {
      throw new StoreError(`${this.name}: ${path} has no "username" and "password". See what wrote it.`);
    }
    return {
      entry: {
        username,
        password,
        generation: generation ?? 0,
        version: version ?? `kv-${metadata?.version ?? 0}`,
        ...(previous === undefined ? {} : { previous }),
      },
      number: metadata?.version ?? 0,
    };
  }

  /** `false` when check-and-set refused it. */
  async #write(path: string, entry: Entry, cas: number): Promise<boolean> {
    const { status, errors } = await this.#ask('POST', 'data', path, { options: { cas }, data: entry });
    if (status === 400 && errors.some((error) => error.includes('check-and-set'))) return false;
    if (status >= 300) throw this.#failure(`write ${path}`, status, errors);
    return true;
  }

  async #delete(path: string): Promise<void> {
    const { status, errors } = await this.#ask('DELETE', 'metadata', path);
    if (status >= 300 && status !== 404) throw this.#failure(`delete ${path}`, status, errors);
  }

  async #ask(method: string, kind: 'data' | 'metadata', path: string, body?: unknown): Promise<VaultAnswer> {
    const answer = await this.#api.ask(method, `${this.#options.mount ?? 'secret'}/${kind}/${path}`, body);
    if (method === 'GET' && answer.status >= 300 && answer.status !== 404)
      throw this.#failure(`read ${path}`, answer.status, answer.errors);
    return answer;
  }

  #failure(what: string, status: number, errors: readonly string[]): StoreError {
    const hint =
      status === 403
        ? ` Allow the rotator read, create, update and delete on ${this.#options.mount ?? 'secret'}/data/${this.#options.path}, on the same path with ".keyturn/*", and delete below metadata.`
        : ' Run it again: it goes on where it ended.';
    return new StoreError(
      `${this.name}: could not ${what}: status ${status}${errors.length > 0 ? ` (${errors.join('; ')})` : ''}.${hint}`,
    );
  }
}

function storedOf(entry: Entry, stage: VersionStage): StoredCredential {
  return {
    user: entry.username,
    password: entry.password,
    generation: entry.generation,
    version: entry.version,
    stage,
  };
}
