import type { Credential, VersionStage } from '@keyturn/plan';

import { type Store, StoreConflictError, type StoredCredential, StoreError, type StoredVersion } from '../../store.js';
import { render } from '../env-file/template.js';
import type { KubernetesApi } from './api.js';
import type { Delivered, DeliveredKeys, Delivery } from './delivery.js';
import { InPlaceDelivery } from './in-place.js';
import { encoded, type KubernetesObject, KubernetesObjects, managedBy, valueOf } from './objects.js';
import { keptVersions, pinnedData, versionOf } from './pinned-keys.js';
import { VersionedDelivery } from './versioned.js';

export {
  inCluster,
  type KubernetesAnswer,
  type KubernetesApi,
  kubernetesApi,
  type KubernetesApiOptions,
} from './api.js';
export { pointerKeys } from './versioned.js';

/** Which Secret, and how applications read it. */
export interface KubernetesSecretStoreOptions {
  /** `inCluster()` in a pod. */
  readonly api: KubernetesApi;
  /** The Secret that applications read; with `versioned`, the ConfigMap that names it. Candidates stand in the Secret `<name>-keyturn`. */
  readonly name: string;
  /** Default: that of the API. */
  readonly namespace?: string;
  /** Default: `username`, `password` and `generation`. Other keys of the Secret stay as they are. */
  readonly keys?: Partial<Pick<DeliveredKeys, 'user' | 'password' | 'generation'>>;
  /** Delivers the credential that was published before as well, under these keys. Default: it is not delivered. */
  readonly previousKeys?: { readonly user: string; readonly password: string };
  /** Further keys with `${DB_USER}`, `${DB_PASSWORD}` and `${DB_GENERATION}` filled in, such as a URL. Default: none. */
  readonly templates?: Readonly<Record<string, string>>;
  /**
   * Publishes an immutable Secret `<name>-<hash>` each time, and points at it with the ConfigMap `<name>` (keys: see {@link pointerKeys}).
   * Default: false, the values of one Secret change.
   */
  readonly versioned?: boolean;
  /**
   * Holds each version in `<name>-keyturn` also as `<version>.username`, `<version>.password` and `<version>.generation`, from the candidate on, so that a fleet can
   * mount one by its id before it is published. Default: false.
   */
  readonly pinned?: boolean;
}

/** The keys of a Secret of type kubernetes.io/basic-auth, and the generation. */
const defaultKeys = { user: 'username', password: 'password', generation: 'generation' } as const;
const mostTries = 8;
const keyOfSecret = /^[-._a-zA-Z0-9]{1,253}$/;

/**
 * A Secret in Kubernetes, written conditionally by resourceVersion: of two rotators one is refused. Applications see nothing of a candidate,
 * which waits in the Secret `<name>-keyturn` beside the versions that were published last; only the rotator's Role needs that one.
 */
export class KubernetesSecretStore implements Store {
  readonly name: string;
  readonly #objects: KubernetesObjects;
  readonly #delivery: Delivery;
  readonly #versions: string;
  readonly #pinned: boolean;

  /** @throws StoreError when a template does not hold both user and password, or two keys are the same. */
  constructor(options: KubernetesSecretStoreOptions) {
    const { api, name, namespace = api.namespace, versioned = false } = options;
    this.name = `${versioned ? 'ConfigMap' : 'Secret'} ${namespace}/${name}`;
    const keys = checkedKeys(options, this.name);
    this.#objects = new KubernetesObjects(api, namespace, this.name);
    this.#delivery = new (versioned ? VersionedDelivery : InPlaceDelivery)(this.#objects, name, keys, this.name);
    this.#versions = `${name}-keyturn`;
    this.#pinned = options.pinned ?? false;
  }

  async readPublished(): Promise<StoredCredential | undefined> {
    const published = await this.#delivery.read();
    return published === undefined ? undefined : storedOf(published, published.version, 'current');
  }

  async readVersion(version: string): Promise<StoredCredential | undefined> {
    const published = await this.#delivery.read();
    if (published?.version === version) return storedOf(published, version, 'current');
    const held = this.#heldIn(await this.#readVersions(), version);
    return held === undefined ? undefined : storedOf(held, version, stageOf(version, published));
  }

  async writePending(credential: Credential, { token }: { readonly token: string }): Promise<string> {
    if (!keyOfSecret.test(token)) throw new StoreError(`${this.name}: "${token}" cannot be the key of a Secret.`);
    // What was published with this token and is no longer kept is found in the Secret itself.
    const published = await this.#delivery.read();
    if (published?.version === token) return token;
    // The fleet of today is pinned as well, and what was published before keyturn stands in no version yet.
    if (this.#pinned && published !== undefined) await this.#keep(published, published.version);
    await this.#keep(credential, token);
    return token;
  }

  async publish(version: string, options: { readonly expectedCurrent: string | undefined }): Promise<void> {
    for (let tries = 0; tries < mostTries; tries += 1) {
      const published = await this.#delivery.read();
      if (published?.version === version) {
        await this.#forget(published);
        return;
      }
      if (published?.version !== options.expectedCurrent) {
        throw new StoreConflictError(this.name, options.expectedCurrent, published?.version);
      }
      const held = this.#heldIn(await this.#readVersions(), version);
      if (held === undefined) {
        throw new StoreError(`${this.name}: there is no version ${version}, so it cannot be published.`);
      }
      if (published !== undefined) await this.#keep(published, published.version);
      await this.#delivery.replace({ ...held, version }, published);
    }
    throw this.#restless();
  }

  async discardPending(version: string): Promise<void> {
    if ((await this.readVersion(version))?.stage !== 'pending') return;
    await this.#changeVersions((data) => keptVersions(data, (each) => each !== version));
  }

  async versions(): Promise<readonly StoredVersion[]> {
    const published = await this.#delivery.read();
    const data = (await this.#readVersions())?.data ?? {};
    const names = new Set([
      ...Object.keys(data).map((key) => versionOf(key, data)),
      ...(published === undefined ? [] : [published.version]),
    ]);
    return [...names].map((version) => ({ version, stage: stageOf(version, published) }));
  }

  /** A version that is there stays as it is: a retry finds the candidate that was decided on. */
  async #keep(credential: Credential, version: string): Promise<void> {
    await this.#changeVersions((data, object) => {
      const held = this.#heldIn(object, version);
      const parts = this.#pinned ? pinnedData(version, held ?? credential) : {};
      const missing = held === undefined || Object.keys(parts).some((key) => !(key in data));
      return missing ? { ...data, ...parts, ...(held === undefined && { [version]: textOf(credential) }) } : undefined;
    });
  }

  /** Keeps what is published, what was before, and candidates of generations to come. */
  async #forget(published: Delivered): Promise<void> {
    await this.#changeVersions((data, object) =>
      keptVersions(
        data,
        (version) =>
          version === published.version ||
          version === published.previous ||
          (this.#heldIn(object, version)?.generation ?? 0) > published.generation,
      ),
    );
  }

  async #readVersions(): Promise<KubernetesObject | undefined> {
    return await this.#objects.read('secrets', this.#versions);
  }

  /** Reads, decides and writes until nobody came in between; `undefined` leaves it as it is. */
  async #changeVersions(
    decide: (
      data: Readonly<Record<string, string>>,
      object: KubernetesObject | undefined,
    ) => Readonly<Record<string, string>> | undefined,
  ): Promise<void> {
    for (let tries = 0; tries < mostTries; tries += 1) {
      const found = await this.#readVersions();
      const data = decide(found?.data ?? {}, found);
      if (data === undefined) return;
      const done =
        found === undefined
          ? await this.#objects.create('secrets', {
              metadata: { name: this.#versions, labels: managedBy },
              type: 'keyturn.dev/versions',
              data,
            })
          : await this.#objects.replace('secrets', { ...found, data });
      if (done) return;
      await new Promise((resolve) => setTimeout(resolve, 20 * tries));
    }
    throw this.#restless();
  }

  #heldIn(object: KubernetesObject | undefined, version: string): Credential | undefined {
    const text = object === undefined ? undefined : valueOf(object, version);
    if (text === undefined) return undefined;
    const held = parsed(text);
    const { user, password, generation } = held ?? {};
    if (typeof user !== 'string' || typeof password !== 'string' || typeof generation !== 'number') {
      throw new StoreError(
        `${this.name}: "${version}" in Secret ${this.#versions} is not a version of keyturn. See what wrote it.`,
      );
    }
    return { user, password, generation };
  }

  #restless(): StoreError {
    return new StoreError(
      `${this.name}: somebody else changed it ${mostTries} times in a row. Nothing was published; see who writes it, and run it again.`,
    );
  }
}

function checkedKeys(options: KubernetesSecretStoreOptions, store: string): DeliveredKeys {
  const { keys = {}, previousKeys, templates = {} } = options;
  const { user, password, generation } = { ...defaultKeys, ...keys };
  const previous = previousKeys === undefined ? [] : [previousKeys.user, previousKeys.password];
  const all = [user, password, generation, ...previous, ...Object.keys(templates)];
  for (const [index, key] of all.entries()) {
    if (!keyOfSecret.test(key)) {
      throw new StoreError(`${store}: "${key}" cannot be the key of a Secret. Use letters, digits, "-", "_" and ".".`);
    }
    if (all.indexOf(key) !== index) throw new StoreError(`${store}: the key "${key}" is used twice. Rename one.`);
  }
  for (const template of Object.values(templates))
    render(template, { user: 'user', password: 'password', generation: 0 });
  return { user, password, generation, templates, ...(previousKeys === undefined ? {} : { previous: previousKeys }) };
}

function stageOf(version: string, published: Delivered | undefined): VersionStage {
  if (version === published?.version) return 'current';
  return version === published?.previous ? 'previous' : 'pending';
}

function storedOf({ user, password, generation }: Credential, version: string, stage: VersionStage): StoredCredential {
  return { user, password, generation, version, stage };
}

/** As the Secret holds it. */
function textOf({ user, password, generation }: Credential): string {
  return encoded({ text: JSON.stringify({ user, password, generation }) })['text'] ?? '';
}

function parsed(text: string): { user?: unknown; password?: unknown; generation?: unknown } | undefined {
  try {
    return JSON.parse(text) as object;
  } catch {
    // The error of the parser would show a piece of the secret.
    return undefined;
  }
}
