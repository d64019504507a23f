import type { Credential } from '@keyturn/plan';

import type { CredentialSource } from '../credential-source.js';
import { poll } from './poll.js';

/** What a function of yours gives; without a generation, each change counts as one. */
export type FunctionCredential = Omit<Credential, 'generation'> & { readonly generation?: number };

export interface FromFunctionOptions {
  /** How often the function is called without a cause, in milliseconds, jittered by a tenth. 0: never. Default: 60 000. */
  readonly pollMillis?: number;
}

/** A credential source from a function. It is called once for all pools, at start, when a login is refused, and from time to time. */
export function fromFunction(
  read: (signal?: AbortSignal) => FunctionCredential | Promise<FunctionCredential>,
  { pollMillis = 60_000 }: FromFunctionOptions = {},
): CredentialSource {
  const numbered = countChanges();
  return {
    read: async (signal) => numbered(await read(signal)),
    ...(pollMillis > 0 ? { watch: (onChange: () => void) => poll(pollMillis, onChange) } : {}),
  };
}

/** Numbers credentials that bring no generation of their own: 1, then one more with each change. Process-local. */
export function countChanges(): (credential: FunctionCredential) => Credential {
  let generation = 0;
  let last: string | undefined;
  return ({ user, password, generation: given }) => {
    if (given !== undefined) return { user, password, generation: given };
    const seen = JSON.stringify([user, password]);
    if (seen !== last) generation += 1;
    last = seen;
    return { user, password, generation };
  };
}
