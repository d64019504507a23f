import { StoreError } from '../../store.js';
import type { KubernetesAnswer, KubernetesApi } from './api.js';

/** The part of an object's metadata that matters here. */
export interface Metadata {
  readonly name: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
}

/** A Secret (its values in base64) or a ConfigMap. */
export interface KubernetesObject {
  readonly metadata: Metadata;
  readonly data?: Readonly<Record<string, string>>;
  readonly type?: string;
  readonly immutable?: boolean;
}

const kinds = { secrets: 'Secret', configmaps: 'ConfigMap' } as const;
export type ResourceName = keyof typeof kinds;

/** Marks what keyturn made, so that it deletes nothing else. */
export const managedBy = { 'app.kubernetes.io/managed-by': 'keyturn' } as const;

/** Secrets and ConfigMaps of one namespace. Every write is conditional: it says which state it was decided on. */
export class KubernetesObjects {
  readonly #api: KubernetesApi;
  readonly #namespace: string;
  readonly #store: string;

  constructor(api: KubernetesApi, namespace: string, store: string) {
    this.#api = api;
    this.#namespace = namespace;
    this.#store = store;
  }

  async read(resource: ResourceName, name: string): Promise<KubernetesObject | undefined> {
    const answer = await this.#api.request('GET', this.#path(resource, name));
    if (answer.status === 404 && reasonOf(answer) === 'NotFound') return undefined;
    return this.#checked(answer, 'get', resource, name) as KubernetesObject;
  }

  /** `false` when there is one of that name already. */
  async create(resource: ResourceName, object: KubernetesObject): Promise<boolean> {
    const body = { apiVersion: 'v1', kind: kinds[resource], ...object };
    const answer = await this.#api.request('POST', this.#path(resource), body);
    if (answer.status === 409 && reasonOf(answer) === 'AlreadyExists') return false;
    this.#checked(answer, 'create', resource, object.metadata.name);
    return true;
  }

  /** Writes over the state that `object` was read in; `false` when it was changed or deleted since. */
  async replace(resource: ResourceName, object: KubernetesObject): Promise<boolean> {
    const { name } = object.metadata;
    const body = { apiVersion: 'v1', kind: kinds[resource], ...object };
    const answer = await this.#api.request('PUT', this.#path(resource, name), body);
    if (answer.status === 409 || (answer.status === 404 && reasonOf(answer) === 'NotFound')) return false;
    this.#checked(answer, 'update', resource, name);
    return true;
  }

  /** Deletes the object that was read, and none that took its place. */
  async delete(resource: ResourceName, { metadata }: KubernetesObject): Promise<void> {
    const { name, uid, resourceVersion } = metadata;
    const answer = await this.#api.request('DELETE', this.#path(resource, name), {
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      preconditions: { uid, resourceVersion },
    });
    if (answer.status === 404 || answer.status === 409) return;
    this.#checked(answer, 'delete', resource, name);
  }

  #path(resource: ResourceName, name?: string): string {
    const base = `/api/v1/namespaces/${encodeURIComponent(this.#namespace)}/${resource}`;
    return name === undefined ? base : `${base}/${encodeURIComponent(name)}`;
  }

  #checked(answer: KubernetesAnswer, verb: string, resource: ResourceName, name: string): unknown {
    const { status, body } = answer;
    if (status >= 200 && status < 300 && body !== undefined) return body;
    const reason = reasonOf(answer);
    throw new StoreError(
      `${this.#store}: could not ${verb} ${kinds[resource]} ${name}: status ${status}${reason === '' ? '' : ` (${reason})`}.${this.#hint(status, verb, resource, name)}`,
    );
  }

  #hint(status: number, verb: string, resource: ResourceName, name: string): string {
    if (status === 401) return ' The token of the service account is not accepted; see that the pod mounts one.';
    if (status === 403) return ` Give the rotator's service account a Role with "${verb}" on ${resource}.`;
    if (status === 404) return ` There is no namespace ${this.#namespace}.`;
    if (status === 422)
      return ` Kubernetes does not take this change: the name is not one, or ${name} is immutable or of another type. Delete it, or set "versioned".`;
    return ' Run it again: it goes on where it ended.';
  }
}

/** `reason` of the Status object; its message may hold what was sent, so it is not shown. */
function reasonOf({ body }: KubernetesAnswer): string {
  const reason = typeof body === 'object' && body !== null && 'reason' in body ? body.reason : undefined;
  return typeof reason === 'string' ? reason : '';
}

/** Values as a Secret holds them. */
export function encoded(values: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([key, text]) => [key, Buffer.from(text).toString('base64')]));
}

/** One value of a Secret; `undefined` when it is missing or empty. */
export function valueOf(object: KubernetesObject, key: string): string | undefined {
  const text = Buffer.from(object.data?.[key] ?? '', 'base64').toString('utf8');
  return text === '' ? undefined : text;
}
