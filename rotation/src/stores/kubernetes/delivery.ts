import type { Credential } from '@keyturn/plan';

import { StoreError } from '../../store.js';
import { render } from '../env-file/template.js';
import { encoded, type KubernetesObject, valueOf } from './objects.js';

/** Under which keys applications find what. */
export interface DeliveredKeys {
  readonly user: string;
  readonly password: string;
  readonly generation: string;
  /** Keys of the credential that was published before, for applications that hold both. */
  readonly previous?: { readonly user: string; readonly password: string };
  /** Further keys with `${DB_USER}`, `${DB_PASSWORD}` and `${DB_GENERATION}`, such as a URL. */
  readonly templates: Readonly<Record<string, string>>;
}

/** What applications read, and which state of the cluster that was. */
export interface Delivered extends Credential {
  readonly version: string;
  /** The version that was delivered before. */
  readonly previous?: string;
}

/** How the published credential comes to applications. */
export interface Delivery {
  /** `undefined` when nothing was published. */
  read(): Promise<Delivered | undefined>;
  /** Writes over the state that was read last; `false` when somebody changed it since. */
  replace(next: Delivered, before: Delivered | undefined): Promise<boolean>;
}

/** The values of a Secret that delivers this credential. */
export function deliveredData(
  keys: DeliveredKeys,
  next: Credential,
  before: Credential | undefined,
): Record<string, string> {
  const values: Record<string, string> = {
    [keys.user]: next.user,
    [keys.password]: next.password,
    [keys.generation]: String(next.generation),
  };
  if (keys.previous !== undefined && before !== undefined) {
    values[keys.previous.user] = before.user;
    values[keys.previous.password] = before.password;
  }
  for (const [key, template] of Object.entries(keys.templates)) values[key] = render(template, next);
  return encoded(values);
}

/** @throws StoreError when there is a user without a password, or a password without a user. */
export function credentialIn(
  keys: DeliveredKeys,
  object: KubernetesObject,
  store: string,
): Pick<Credential, 'user' | 'password'> | undefined {
  const [user, password] = [valueOf(object, keys.user), valueOf(object, keys.password)];
  if (user === undefined && password === undefined) return undefined;
  if (user === undefined || password === undefined) {
    throw new StoreError(
      `${store}: ${object.metadata.name} has only one of "${keys.user}" and "${keys.password}". See what wrote it.`,
    );
  }
  return { user, password };
}
