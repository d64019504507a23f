import type { Credential } from '@keyturn/plan';

import type { CredentialSource } from '../credential-source.js';
import { CredentialSourceError } from '../errors.js';
import { poll } from './poll.js';
import { tokenOf, type VaultAccess, vaultRequest } from './vault-request.js';

export interface VaultKvOptions extends VaultAccess {
  /** Where the KV version 2 engine is mounted. Default: `secret`. */
  readonly mount?: string;
  /** The secret, with the keys `username`, `password` and, when there is one, `generation`; else its version counts. */
  readonly path: string;
  /** How often the secret is read without a cause, in milliseconds, jittered by a tenth. Default: 30 000. */
  readonly pollMillis?: number;
}

interface Answer {
  readonly data?: {
    readonly data?: Readonly<Record<string, unknown>> | null;
    readonly metadata?: { readonly version?: number };
  };
}

/** A credential source from a KV version 2 engine of Vault or OpenBao. */
export function vaultKv(options: VaultKvOptions): CredentialSource {
  const { mount = 'secret', path, pollMillis = 30_000 } = options;
  const name = `Vault ${mount}/${path}`;
  return {
    async read(signal): Promise<Credential> {
      const token = await tokenOf(options);
      const answer = await vaultRequest(options, { path: `${mount}/data/${path}`, token, signal, name, hints });
      return credentialIn(answer as Answer, name);
    },
    watch: (onChange) => poll(pollMillis, onChange),
  };
}

const hints: Readonly<Record<number, string>> = {
  403: ' Check the token, and that its policy allows read below data/.',
  404: ' Write the secret, or correct mount and path.',
};

function credentialIn({ data }: Answer, name: string): Credential {
  const { username, password, generation = data?.metadata?.version } = data?.data ?? {};
  if (typeof username !== 'string' || typeof password !== 'string' || typeof generation !== 'number') {
    throw new CredentialSourceError(`${name} has no text "username" and "password"; write both into one version.`);
  }
  return { user: username, password, generation };
}
