import type { Strategy } from '@keyturn/plan';
import type { Database, Pair, Store } from '@keyturn/rotation';

import type { Surroundings } from './secret.js';

/** What is known of a pair when its database and its store are made. */
export interface Setting extends Surroundings {
  readonly pair: Pair;
  readonly strategy: Strategy;
}

/** One kind of database or of store: what the configuration may say about it, and how it is made from that. */
interface Kind<Config extends object, Made> {
  /** The value of `kind`. */
  readonly kind: string;
  readonly description: string;
  /** JSON Schema of its keys beside `kind`. */
  readonly properties: Readonly<Record<string, object | false>>;
  readonly required: readonly (keyof Config & string)[];
  /**
   * @throws UsageError when a reference leads nowhere.
   */
  make(config: Config, setting: Setting): Promise<Made>;
}

export type DatabaseKind<Config extends object> = Kind<Config, Database>;
export interface StoreKind<Config extends object> extends Kind<Config, Store> {
  /** What the rotator must be allowed on this store, each in the form that its administrator uses. */
  rights(config: Config, users: readonly string[]): readonly string[];
}

/** A kind whose own configuration is not looked at: the schema has checked it. */
export type AnyKind<Made> = Pick<Kind<never, Made>, 'kind' | 'description' | 'properties'> & {
  readonly required: readonly string[];
  make(config: object, setting: Setting): Promise<Made>;
};

/** A kind of store whose own configuration is not looked at. */
export type AnyStoreKind = AnyKind<Store> & { rights(config: object, users: readonly string[]): readonly string[] };

/** Puts a kind of store among the others. */
export function anyStoreKind<Config extends object>(kind: StoreKind<Config>): AnyStoreKind {
  return { ...anyKind(kind), rights: (config, users) => kind.rights(config as Config, users) };
}

/** Puts a kind among the others. Its configuration was checked against its schema before `make` sees it. */
export function anyKind<Config extends object, Made>(kind: Kind<Config, Made>): AnyKind<Made> {
  return { ...kind, make: (config, setting) => kind.make(config as Config, setting) };
}

/** Schema of an object that is of one of these kinds. */
export function kindsSchema(kinds: readonly AnyKind<unknown>[]): object {
  return {
    type: 'object',
    required: ['kind'],
    discriminator: { propertyName: 'kind' },
    oneOf: kinds.map(({ kind, description, properties, required }) => ({
      description,
      additionalProperties: false,
      required: ['kind', ...required],
      properties: { kind: { const: kind }, ...properties },
    })),
  };
}
