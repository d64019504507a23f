import { annotations } from '@keyturn/plan';

import { credentialIn, deliveredData, type Delivered, type DeliveredKeys, type Delivery } from './delivery.js';
import { type KubernetesObject, type KubernetesObjects, managedBy } from './objects.js';

/** One Secret whose values change; a mounted volume follows within the kubelet's period. */
export class InPlaceDelivery implements Delivery {
  readonly #objects: KubernetesObjects;
  readonly #name: string;
  readonly #keys: DeliveredKeys;
  readonly #store: string;
  #seen: KubernetesObject | undefined;

  constructor(objects: KubernetesObjects, name: string, keys: DeliveredKeys, store: string) {
    this.#objects = objects;
    this.#name = name;
    this.#keys = keys;
    this.#store = store;
  }

  async read(): Promise<Delivered | undefined> {
    const object = await this.#objects.read('secrets', this.#name);
    this.#seen = object;
    const credential = object && credentialIn(this.#keys, object, this.#store);
    if (object === undefined || credential === undefined) return undefined;
    const { annotations: notes = {}, uid } = object.metadata;
    const previous = notes[annotations.previousVersion];
    return {
      ...credential,
      generation: Number(notes[annotations.generation] ?? 0),
      version: notes[annotations.version] ?? `secret-${uid ?? this.#name}`,
      ...(previous === undefined ? {} : { previous }),
    };
  }

  async replace(next: Delivered, before: Delivered | undefined): Promise<boolean> {
    const data = deliveredData(this.#keys, next, before);
    const notes = {
      [annotations.version]: next.version,
      [annotations.generation]: String(next.generation),
      ...(before === undefined ? {} : { [annotations.previousVersion]: before.version }),
    };
    const seen = this.#seen;
    if (seen === undefined) {
      const metadata = { name: this.#name, annotations: notes, labels: managedBy };
      return await this.#objects.create('secrets', { metadata, type: 'Opaque', data });
    }
    // Keys, labels and annotations of others stay; the resourceVersion that came with the read makes the write conditional.
    const metadata = { ...seen.metadata, annotations: { ...seen.metadata.annotations, ...notes } };
    return await this.#objects.replace('secrets', { ...seen, metadata, data: { ...seen.data, ...data } });
  }
}
