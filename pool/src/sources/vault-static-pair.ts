import type { Credential } from '@keyturn/plan';

import type { CredentialSource } from '../credential-source.js';
import { CredentialSourceError } from '../errors.js';
import { poll } from './poll.js';
import { tokenOf, type VaultAccess, vaultRequest } from './vault-request.js';

export interface VaultStaticPairOptions extends VaultAccess {
  /** Where the database engine is mounted. Default: `database`. */
  readonly databaseMount?: string;
  /** Where the KV version 2 engine of the selector is mounted. Default: `secret`. */
  readonly selectorMount?: string;
  /** The selector: the name of the `VaultStaticRolePair`. */
  readonly selector: string;
  /** How often both are read without a cause, in milliseconds, jittered by a tenth. Default: 30 000. */
  readonly pollMillis?: number;
}

/** A credential source from a pair of static roles: the selector says whose turn it is, and that user's static role has the password. */
export function vaultStaticPair(options: VaultStaticPairOptions): CredentialSource {
  const { databaseMount = 'database', selectorMount = 'secret', selector, pollMillis = 30_000 } = options;
  return {
    async read(signal): Promise<Credential> {
      const token = await tokenOf(options);
      const ask = async (path: string, name: string): Promise<unknown> =>
        await vaultRequest(options, { path, token, signal, name, hints });
      const turn = turnIn(
        await ask(`${selectorMount}/data/${selector}`, `Vault ${selectorMount}/${selector}`),
        `Vault ${selectorMount}/${selector}`,
      );
      const at = `${databaseMount}/static-creds/${turn.user}`;
      return { ...turn, password: passwordIn(await ask(at, `Vault ${at}`), turn.user, at) };
    },
    watch: (onChange) => poll(pollMillis, onChange),
  };
}

const hints: Readonly<Record<number, string>> = {
  403: ' Check the token, and that its policy allows read of the selector and of both static roles.',
  404: ' Check mount and name.',
};

function turnIn(answer: unknown, name: string): { readonly user: string; readonly generation: number } {
  const { user, generation } = (answer as { data?: { data?: Readonly<Record<string, unknown>> } }).data?.data ?? {};
  if (typeof user !== 'string' || typeof generation !== 'number')
    throw new CredentialSourceError(`${name} has no "user" and "generation", so it is no selector.`);
  return { user, generation };
}

function passwordIn(answer: unknown, user: string, at: string): string {
  const { username, password } = (answer as { data?: Readonly<Record<string, unknown>> }).data ?? {};
  if (username !== user || typeof password !== 'string')
    throw new CredentialSourceError(`Vault ${at} is no credential of ${user}.`);
  return password;
}
