import type { Credential } from '@keyturn/plan';

import type { CredentialSource } from '../credential-source.js';
import { CredentialSourceError } from '../errors.js';
import { LeaseKeeper, type LeaseEvent } from './lease-keeper.js';
import type { VaultAccess } from './vault-request.js';

export type { LeaseEvent } from './lease-keeper.js';

export interface VaultDatabaseOptions extends VaultAccess {
  /** Where the database engine is mounted. Default: `database`. */
  readonly mount?: string;
  /** A dynamic role: each lease is a user of its own. */
  readonly role: string;
  /** Hears what happens to leases and to the token. */
  readonly onLease?: (event: LeaseEvent) => void;
}

/** A credential source that holds a lease. */
export interface LeasedSource extends CredentialSource, AsyncDisposable {
  /** Gives all leases back: their users are gone. To be called after the pools were drained. Never rejects. */
  close(): Promise<void>;
}

/**
 * A credential source from a dynamic role of the database engine of Vault or OpenBao. While somebody follows it, it renews its lease at two
 * thirds of its time, asks for a new user before the lease cannot be renewed any more (`max_ttl`), and does the same for its own token, for
 * a lease dies with the token that asked for it. The token's policy needs read on `<mount>/creds/<role>`, and update on `sys/leases/revoke`
 * for `close()`; the rest is in Vault's default policy.
 */
export function vaultDatabase(options: VaultDatabaseOptions): LeasedSource {
  const { mount = 'database', role } = options;
  const keeper = new LeaseKeeper(options, `${mount}/creds/${role}`, options.onLease ?? (() => undefined));
  return {
    read: async (signal): Promise<Credential> => {
      const { credential } = await keeper.current(signal);
      if (credential.user === '' || credential.password === '') {
        throw new CredentialSourceError(`Vault ${mount}/creds/${role} gave no user and password.`);
      }
      return credential;
    },
    readPrevious: () => Promise.resolve(keeper.previous?.credential),
    watch: (onChange) => keeper.keep(onChange),
    close: async () => await keeper.close(),
    [Symbol.asyncDispose]: async () => await keeper.close(),
  };
}
