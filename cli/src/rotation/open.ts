import type { Database, Evidence, Pair, Rotator, Store, Tell } from '@keyturn/rotation';

import { didYouMean } from '../did-you-mean.js';
import { UsageError } from '../errors.js';
import type { PairConfig, RotationConfig } from './config.js';
import { databaseKinds } from './databases/index.js';
import type { AnyKind, Setting } from './kind.js';
import { storeKinds } from './stores/index.js';

/** A pair with all that a command works on. */
export interface OpenPair {
  readonly name: string;
  readonly config: PairConfig;
  readonly pair: Pair;
  readonly database: Database;
  readonly store: Store;
  readonly rotator: Rotator;
}

export interface OpenOptions {
  readonly env: Setting['env'];
  readonly evidence?: Evidence | undefined;
  readonly onEvent?: Tell | undefined;
}

/** @throws UsageError when a reference leads nowhere; PlanError when the plan cannot work. */
export async function openPair(config: RotationConfig, name: string, options: OpenOptions): Promise<OpenPair> {
  const one = pairNamed(config, name);
  const pair: Pair = { name, sharedRole: one.sharedRole, users: one.users };
  const setting: Setting = { pair, strategy: one.plan.strategy, folder: config.folder, env: options.env };
  const [{ createRotator }, database, store] = await Promise.all([
    import('@keyturn/rotation'),
    make(databaseKinds, one.database, setting),
    make(storeKinds, one.store, setting),
  ]);
  const rotator = createRotator({
    pair,
    database,
    store,
    plan: one.plan,
    ...(one.passwordLength !== undefined && { passwordLength: one.passwordLength }),
    ...(options.evidence !== undefined && { evidence: options.evidence }),
    ...(options.onEvent !== undefined && { onEvent: options.onEvent }),
  });
  return { name, config: one, pair, database, store, rotator };
}

async function make<Made>(
  kinds: readonly AnyKind<Made>[],
  config: { readonly kind: string },
  setting: Setting,
): Promise<Made> {
  const found = kinds.find(({ kind }) => kind === config.kind);
  if (found === undefined) throw new UsageError(`There is no kind "${config.kind}".`);
  try {
    return await found.make(config, setting);
  } catch (error) {
    // What a database or a store refuses before it was asked for anything is a mistake in the configuration.
    if (error instanceof UsageError || !(error instanceof Error)) throw error;
    throw new UsageError(`"pairs.${setting.pair.name}" is not usable: ${error.message}`, { cause: error });
  }
}

function pairNamed({ pairs }: RotationConfig, name: string): PairConfig {
  const found = pairs.get(name);
  if (found !== undefined) return found;
  const names = [...pairs.keys()];
  throw new UsageError(`There is no pair "${name}".${didYouMean(name, names)} There are ${names.join(', ')}.`);
}

/** The pair that a command means: the named one, or the only one there is. */
export function onlyPair({ pairs }: RotationConfig, name: string | undefined): string {
  if (name !== undefined) return name;
  const names = [...pairs.keys()];
  const [first, ...others] = names;
  if (first !== undefined && others.length === 0) return first;
  throw new UsageError(`Name the pair: ${names.join(', ')}.`);
}
