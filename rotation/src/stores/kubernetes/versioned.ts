import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';

import { annotations } from '@keyturn/plan';

import { StoreError } from '../../store.js';
import { credentialIn, deliveredData, type Delivered, type DeliveredKeys, type Delivery } from './delivery.js';
import { type KubernetesObject, type KubernetesObjects, managedBy } from './objects.js';

/** Keys of the ConfigMap that says which Secret is the published one. It holds no credential. */
export const pointerKeys = {
  secret: 'secret',
  version: 'version',
  generation: 'generation',
  previousSecret: 'previous-secret',
  previousVersion: 'previous-version',
  /** Names of all Secrets that were made and not yet deleted, with spaces between. */
  secrets: 'secrets',
} as const;

/**
 * An immutable Secret for each version, with a hash of its content in its name, and a ConfigMap that points at the published one. A pod
 * template that names the Secret cannot start before it is there, and pods of the release before keep theirs.
 */
export class VersionedDelivery implements Delivery {
  readonly #objects: KubernetesObjects;
  readonly #name: string;
  readonly #keys: DeliveredKeys;
  readonly #store: string;
  #pointer: KubernetesObject | undefined;

  constructor(objects: KubernetesObjects, name: string, keys: DeliveredKeys, store: string) {
    this.#objects = objects;
    this.#name = name;
    this.#keys = keys;
    this.#store = store;
  }

  async read(): Promise<Delivered | undefined> {
    const pointer = await this.#objects.read('configmaps', this.#name);
    this.#pointer = pointer;
    const name = pointer?.data?.[pointerKeys.secret];
    if (pointer?.data === undefined || name === undefined) return undefined;
    const object = await this.#objects.read('secrets', name);
    const credential = object && credentialIn(this.#keys, object, this.#store);
    if (object === undefined || credential === undefined) {
      throw new StoreError(
        `${this.#store}: ConfigMap ${this.#name} points at Secret ${name}, which ${object === undefined ? 'is not there' : 'is empty'}. Restore it from a backup; its credential is in use.`,
      );
    }
    const previous = pointer.data[pointerKeys.previousVersion];
    return {
      ...credential,
      generation: Number(pointer.data[pointerKeys.generation] ?? 0),
      version: pointer.data[pointerKeys.version] ?? name,
      ...(previous === undefined ? {} : { previous }),
    };
  }

  async replace(next: Delivered, before: Delivered | undefined): Promise<boolean> {
    const pointer = this.#pointer;
    const secret = await this.#create(next, before);
    const kept = await this.#kept(pointer);
    const previousSecret = pointer?.data?.[pointerKeys.secret];
    const values = {
      [pointerKeys.secret]: secret,
      [pointerKeys.version]: next.version,
      [pointerKeys.generation]: String(next.generation),
      [pointerKeys.secrets]: [...new Set([...kept.map(({ metadata }) => metadata.name), secret])].join(' '),
      ...(before === undefined ? {} : { [pointerKeys.previousVersion]: before.version }),
      ...(previousSecret === undefined ? {} : { [pointerKeys.previousSecret]: previousSecret }),
    };
    const replaced =
      pointer === undefined
        ? await this.#objects.create('configmaps', {
            metadata: { name: this.#name, labels: managedBy },
            data: values,
          })
        : await this.#objects.replace('configmaps', { ...pointer, data: { ...pointer.data, ...values } });
    if (replaced) {
      for (const object of kept)
        if (!this.#isUsable(object, next, before)) await this.#objects.delete('secrets', object);
    }
    return replaced;
  }

  async #create(next: Delivered, before: Delivered | undefined): Promise<string> {
    const data = deliveredData(this.#keys, next, before);
    const name = `${this.#name}-${hashOf(data)}`;
    const created = await this.#objects.create('secrets', {
      metadata: {
        name,
        labels: managedBy,
        annotations: { [annotations.version]: next.version, [annotations.generation]: String(next.generation) },
      },
      type: 'Opaque',
      immutable: true,
      data,
    });
    if (created) return name;
    // An earlier try made it, or somebody put another one in its place.
    const found = await this.#objects.read('secrets', name);
    if (found === undefined || !isDeepStrictEqual({ ...found.data }, data)) {
      throw new StoreError(
        `${this.#store}: Secret ${name} is there and holds something else. Nothing was published; see who wrote it.`,
      );
    }
    return name;
  }

  /** The Secrets that the pointer lists and that are still there. */
  async #kept(pointer: KubernetesObject | undefined): Promise<readonly KubernetesObject[]> {
    const names = (pointer?.data?.[pointerKeys.secrets] ?? '').split(' ').filter((name) => name !== '');
    const objects = await Promise.all(names.map(async (name) => await this.#objects.read('secrets', name)));
    return objects.filter((object) => object !== undefined);
  }

  /** A user has one password at a time: a Secret with another one than the last two published logs nobody in. */
  #isUsable(object: KubernetesObject, next: Delivered, before: Delivered | undefined): boolean {
    const held = credentialIn(this.#keys, object, this.#store);
    return [next, before].some((one) => one?.user === held?.user && one?.password === held?.password);
  }
}

/** Ten hexadecimal digits, as kustomize names generated Secrets. Passwords are generated, so that the digits tell nothing about them. */
function hashOf(data: Readonly<Record<string, string>>): string {
  const sorted = Object.entries(data).sort(([left], [right]) => (left < right ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(sorted)).digest('hex').slice(0, 10);
}
