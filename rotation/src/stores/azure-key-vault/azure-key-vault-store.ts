import type { KeyVaultSecret, SecretClient, SecretProperties } from '@azure/keyvault-secrets';
import { type Credential, type Duration, milliseconds, tags, type VersionStage } from '@keyturn/plan';

import { type Store, StoreConflictError, type StoredCredential, StoreError, type StoredVersion } from '../../store.js';

/** Which secret of which vault. */
export interface AzureKeyVaultStoreOptions {
  /** A client of the Azure SDK (`@azure/keyvault-secrets`), with the identity of the rotator. Retries are its own. */
  readonly client: SecretClient;
  /** Name of the secret that applications read. Candidates stand in the secret `<name>-keyturn`. */
  readonly name: string;
  /**
   * Time after which a published version expires. Key Vault still hands it out then; 30 days before, it sends
   * `Microsoft.KeyVault.SecretNearExpiry`. Default: it does not expire.
   */
  readonly validFor?: Duration;
  /** Limit of one call with its retries, in milliseconds. Default: 60,000. */
  readonly timeoutMs?: number;
}

/** A version of the secret that applications read, or of the one with candidates. */
interface Held extends Credential {
  readonly version: string;
  readonly previous?: string;
}

const contentType = 'application/json';

/**
 * A secret in Azure Key Vault whose value is a JSON object with `username`, `password` and `generation`. The newest version of a secret is the
 * one that applications get, so candidates are versions of a secret of their own, `<name>-keyturn`, with the tags `keyturn:version` and
 * `keyturn:generation`; those that nobody needs any more are disabled. Key Vault has no conditional write: between the look at what is
 * published and the new version there is a moment in which another writer is not seen. The engine's own lock keeps other rotators out of it.
 */
export class AzureKeyVaultStore implements Store {
  readonly name: string;
  readonly #client: SecretClient;
  readonly #secret: string;
  readonly #candidates: string;
  readonly #validForMs: number | undefined;
  readonly #timeoutMs: number;

  /** @throws StoreError when Key Vault does not take the name. */
  constructor({ client, name, validFor, timeoutMs = 60_000 }: AzureKeyVaultStoreOptions) {
    if (!/^[0-9a-zA-Z-]{1,119}$/.test(name)) {
      throw new StoreError(
        `"${name}" cannot be the name of a secret in Key Vault. Use up to 119 letters, digits and "-".`,
      );
    }
    this.#client = client;
    this.#secret = name;
    this.#candidates = `${name}-keyturn`;
    this.#timeoutMs = timeoutMs;
    this.#validForMs = validFor === undefined ? undefined : milliseconds(validFor);
    this.name = `Key Vault ${new URL(client.vaultUrl).hostname}/${name}`;
  }

  async readPublished(): Promise<StoredCredential | undefined> {
    const published = await this.#published();
    return published === undefined ? undefined : storedOf(published, 'current');
  }

  async readVersion(version: string): Promise<StoredCredential | undefined> {
    const published = await this.#published();
    if (published?.version === version) return storedOf(published, 'current');
    const held = await this.#candidate(version);
    return held === undefined ? undefined : storedOf(held, stageOf(version, published));
  }

  async writePending(credential: Credential, { token }: { readonly token: string }): Promise<string> {
    const known = (await this.#published())?.version === token || (await this.#candidate(token)) !== undefined;
    if (!known) await this.#keep({ ...credential, version: token });
    return token;
  }

  async publish(version: string, options: { readonly expectedCurrent: string | undefined }): Promise<void> {
    const published = await this.#published();
    if (published?.version !== version) {
      if (published?.version !== options.expectedCurrent) {
        throw new StoreConflictError(this.name, options.expectedCurrent, published?.version);
      }
      const held = await this.#candidate(version);
      if (held === undefined) {
        throw new StoreError(`${this.name}: there is no version ${version}, so it cannot be published.`);
      }
      // A secret that was there before keyturn stands nowhere else by its version.
      if (published !== undefined && (await this.#candidate(published.version)) === undefined) {
        await this.#keep(published);
      }
      await this.#write(this.#secret, { ...held, ...(published && { previous: published.version }) }, this.#expiry());
    }
    await this.#forget();
  }

  async discardPending(version: string): Promise<void> {
    if ((await this.readVersion(version))?.stage === 'pending') await this.#disable((one) => one === version);
  }

  async versions(): Promise<readonly StoredVersion[]> {
    const published = await this.#published();
    const names = new Set((await this.#listed()).map(versionOf));
    if (published !== undefined) names.add(published.version);
    return [...names].map((version) => ({ version, stage: stageOf(version, published) }));
  }

  async #published(): Promise<Held | undefined> {
    const secret = await this.#read(this.#secret);
    return secret?.value === undefined ? undefined : this.#heldIn(secret);
  }

  /** Two rotators may have written with one token at the same time: the first one counts, for both of them. */
  async #candidate(version: string): Promise<Held | undefined> {
    const [first] = (await this.#listed())
      .filter((properties) => versionOf(properties) === version)
      .sort(
        (left, right) =>
          (left.createdOn?.getTime() ?? 0) - (right.createdOn?.getTime() ?? 0) ||
          ((left.version ?? '') < (right.version ?? '') ? -1 : 1),
      );
    const secret = first?.version === undefined ? undefined : await this.#read(this.#candidates, first.version);
    return secret?.value === undefined ? undefined : this.#heldIn(secret);
  }

  async #keep(held: Held): Promise<void> {
    await this.#write(this.#candidates, held, {});
  }

  /** Disables all but what is published, what was before, and candidates of generations to come. */
  async #forget(): Promise<void> {
    const published = await this.#published();
    if (published === undefined) return;
    await this.#disable(
      (version, generation) =>
        version !== published.version && version !== published.previous && generation <= published.generation,
    );
  }

  async #disable(isDone: (version: string, generation: number) => boolean): Promise<void> {
    for (const properties of await this.#listed()) {
      const { version } = properties;
      if (version === undefined || !isDone(versionOf(properties), Number(properties.tags?.[tags.generation] ?? 0)))
        continue;
      await this.#try('disable a version', async () => {
        await this.#client.updateSecretProperties(this.#candidates, version, { enabled: false, ...this.#limit() });
      });
    }
  }

  /** Enabled versions of the secret with candidates. */
  async #listed(): Promise<readonly SecretProperties[]> {
    const listed = this.#try('list the versions', async () => {
      const found: SecretProperties[] = [];
      for await (const properties of this.#client.listPropertiesOfSecretVersions(this.#candidates, this.#limit())) {
        if (properties.enabled !== false) found.push(properties);
      }
      return found;
    });
    return (await orMissing(listed)) ?? [];
  }

  async #read(name: string, version?: string): Promise<KeyVaultSecret | undefined> {
    const options = { ...this.#limit(), ...(version === undefined ? {} : { version }) };
    return await orMissing(this.#try(`read ${name}`, async () => await this.#client.getSecret(name, options)));
  }

  async #write(name: string, held: Held, more: { readonly expiresOn?: Date }): Promise<void> {
    const { user, password, generation, version, previous } = held;
    await this.#try(`write ${name}`, async () => {
      await this.#client.setSecret(name, JSON.stringify({ username: user, password, generation }), {
        contentType,
        tags: {
          [tags.version]: version,
          [tags.generation]: String(generation),
          ...(previous === undefined ? {} : { [tags.previousVersion]: previous }),
        },
        ...more,
        ...this.#limit(),
      });
    });
  }

  /** The SDK waits for ever otherwise. */
  #limit(): { readonly abortSignal: AbortSignal } {
    return { abortSignal: AbortSignal.timeout(this.#timeoutMs) };
  }

  #expiry(): { readonly expiresOn?: Date } {
    return this.#validForMs === undefined ? {} : { expiresOn: new Date(Date.now() + this.#validForMs) };
  }

  #heldIn({ name, value, properties }: KeyVaultSecret): Held {
    const { username, password, generation } = parsed(value ?? '') ?? {};
    if (typeof username !== 'string' || typeof password !== 'string') {
      throw new StoreError(
        `${this.name}: ${name} is not a JSON object with "username" and "password". See what wrote it; the engine reads and writes those two.`,
      );
    }
    const previous = properties.tags?.[tags.previousVersion];
    return {
      user: username,
      password,
      generation: typeof generation === 'number' ? generation : 0,
      version: versionOf(properties),
      ...(previous === undefined ? {} : { previous }),
    };
  }

  async #try<T>(what: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      const status = statusOf(cause);
      const hint =
        status === 403
          ? ' Give the rotator get, set and list on secrets: the role "Key Vault Secrets Officer", or an access policy. A published version that somebody disabled answers the same.'
          : ' Run it again: it goes on where it ended.';
      throw new StoreError(
        `${this.name}: could not ${what}: ${status === undefined ? nameOf(cause) : `status ${status}`}.${hint}`,
        // The error of the SDK holds the request, and with it the value that was sent.
        { cause: { name: nameOf(cause), statusCode: status } },
      );
    }
  }
}

async function orMissing<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    // Something before the vault answers 404 too, and says nothing about the secret.
    const { cause } = error as { readonly cause?: { readonly name?: unknown } };
    if (statusOf(cause) === 404 && cause?.name === 'SecretNotFound') return undefined;
    throw error;
  }
}

/** What the engine calls this version; of a secret that keyturn did not write, the version of Key Vault. */
function versionOf({ tags: notes, version }: SecretProperties): string {
  return notes?.[tags.version] ?? version ?? '';
}

function stageOf(version: string, published: Held | undefined): VersionStage {
  if (version === published?.version) return 'current';
  return version === published?.previous ? 'previous' : 'pending';
}

function storedOf({ user, password, generation, version }: Held, stage: VersionStage): StoredCredential {
  return { user, password, generation, version, stage };
}

function statusOf(error: unknown): number | undefined {
  const status = (error as { readonly statusCode?: unknown } | undefined)?.statusCode;
  return typeof status === 'number' ? status : undefined;
}

function nameOf(error: unknown): string {
  const { code, name } = error as { readonly code?: unknown; readonly name?: unknown };
  return typeof code === 'string' ? code : String(name);
}

function parsed(text: string): { username?: unknown; password?: unknown; generation?: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    // The error of the parser would show a piece of the secret.
    return undefined;
  }
}
