import type pg from 'pg';

import { checkCredentials } from '../checked-options.js';
import type { CredentialSource } from '../credential-source.js';
import { Following } from '../following.js';
import { type FollowOptions, followPolicy } from '../policy.js';
import { enlist, FollowingClient } from './client.js';
import { checkConnectionString } from './connection-string.js';
import { endpointOf } from './endpoint.js';

/** Options of `pg.Client`, with a credential source in place of user and password. */
export interface ClientConfig extends Omit<pg.ClientConfig, 'user' | 'password'>, FollowOptions {
  readonly credentials: CredentialSource;
  /** Appends the generation to `application_name`, as in `orders g7`; informational. Default: true. */
  readonly generationInApplicationName?: boolean;
}

/**
 * Opens one connection of `pg` with the credential that is published now, for what a pool cannot do: listening to notifications, replication,
 * a migration. A refused login reads the source once and tries again. It is the application's to end and to open again; when its credential
 * was superseded it is ended at `stragglerTimeoutMillis`, with a warning, and emits `end`.
 *
 * @throws TypeError when `credentials` is missing, or a user or password is given beside it.
 * @throws NoUsableCredential when no credential could be used within `credentialTimeoutMillis`.
 */
export async function connectClient(config: ClientConfig): Promise<pg.Client> {
  checkCredentials(config, { pool: 'connectClient()', driver: 'pg', instead: ['user', 'password'] });
  if (config.connectionString !== undefined) checkConnectionString(config.connectionString);
  const { policy, rest } = followPolicy(config);
  const { credentials, generationInApplicationName: nameGeneration = true, ...driver } = rest;
  // One place for the connection, and one to prove a new credential beside it.
  const following = new Following<FollowingClient>({
    source: credentials,
    policy,
    endpoint: endpointOf(driver),
    max: 2,
    replacesOneByOne: false,
  });
  const { logins, slots } = following;
  enlist(driver, { logins, slots, policy, nameGeneration });
  const left = AbortSignal.timeout(policy.credentialTimeoutMillis);
  for (;;) {
    await logins.available(policy, left);
    const client = new FollowingClient(driver);
    try {
      await client.connect();
    } catch (error) {
      if (logins.hasRefused(error) || logins.offered(policy) !== client.credential) continue;
      throw error;
    }
    follow(client, following, () => new FollowingClient(driver));
    return client;
  }
}

function follow(client: FollowingClient, following: Following<FollowingClient>, probe: () => FollowingClient): void {
  let ended = false;
  following.connections.add(client);
  client.isInUse = true;
  client.once('end', () => {
    ended = true;
    following.stop();
  });
  following.start({
    emit: () => false,
    isEnding: () => ended,
    hasConnections: () => !ended,
    hasRoom: () => true,
    open: async () => {
      const trial = probe();
      await trial.connect();
      await trial.end();
    },
    reviewIdle: () => undefined,
    cut: (one) => void one.end().catch(() => undefined),
    processId: (one) => (one as { processID?: number }).processID,
  });
}
