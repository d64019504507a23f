import { annotations, DurationError, milliseconds } from '@keyturn/plan';
import type { Resource, Value } from '@keyturn/resources';
import type { Bound, ChainLink } from './rotation-chain.js';
import { nameIn } from '../kubernetes/workload.js';
import { placeOf } from '../paths.js';

/** Variables by which pools and poolers are told how long they may keep a connection, and the unit of a bare number. */
const variables: readonly (readonly [name: RegExp, unitMs: number])[] = [
  [/HIKARI_?MAX_?LIFETIME(_MS)?$/i, 1],
  [/MAX_?LIFETIME_(MS|MILLIS|MILLISECONDS)$/i, 1],
  [/MAX_?LIFETIME_(S|SECS?|SECONDS)$/i, 1_000],
  [/(^|_)CONN_MAX_AGE$/i, 1_000],
  [/(^|_)SERVER_LIFETIME$/i, 1_000],
];
const named = /MAX_?LIFETIME(_[A-Z]+)?$|(^|_)CONN_MAX_AGE$|(^|_)SERVER_LIFETIME$/i;

/** A variable of a container or function. */
export interface Variable {
  readonly name: string;
  readonly value: Value;
}

/** How long the pool of a consumer keeps a connection: from `keyturn.dev/pool-lifetime`, or from the variables of well-known pools. */
export function poolLinkOf(consumer: Resource, declared: Value, environment: readonly Variable[]): ChainLink {
  const setting = environment.find(({ name }) => named.test(name));
  const value = declared.kind === 'absent' ? setting?.value : declared;
  const place = (value && placeOf(value)) ?? consumer.place;
  return {
    kind: 'pool',
    part: 'pool',
    name: declared.kind === 'absent' && setting ? `pool (${setting.name})` : 'pool lifetime',
    bound: boundOf(value, declared.kind === 'absent' ? setting?.name : undefined),
    ...(place ? { place } : {}),
  };
}

function boundOf(value: Value | undefined, variable: string | undefined): Bound {
  if (value === undefined) return { is: 'missing', because: `not declared; ${annotations.poolLifetime} can say it` };
  if (value.kind !== 'known') return { is: 'unknown', because: 'not known before the deployment' };
  const ms = lengthOf(String(value.value), variable);
  return ms === undefined ? { is: 'unknown', because: 'not readable as a length of time' } : { is: 'time', ms };
}

function lengthOf(written: string, variable: string | undefined): number | undefined {
  if (/^\d+$/.test(written.trim())) {
    const unit = variable === undefined ? undefined : variables.find(([pattern]) => pattern.test(variable))?.[1];
    return unit === undefined ? undefined : Number(written) * unit;
  }
  try {
    return milliseconds(written);
  } catch (error) {
    if (error instanceof DurationError) return undefined;
    throw error;
  }
}

/** A variable whose name is one: it is shown in messages. */
export function variableOf(name: Value, value: Value): readonly Variable[] {
  const written = nameIn(name);
  return written === undefined ? [] : [{ name: written, value }];
}
