import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';

import { type Store, StoreError } from '../../store.js';

/**
 * Writes a candidate into the secret of its own user. RDS Proxy logs in for applications with a secret per user: it must know the new password
 * before a login through it is tested, and still the password of the other user, whose secret is not touched.
 *
 * @throws StoreError when the user has no secret, or it cannot be written.
 */
export async function writeUserSecret(
  client: SecretsManagerClient,
  store: Store,
  userSecrets: Readonly<Record<string, string>>,
  token: string,
): Promise<void> {
  const candidate = await store.readVersion(token);
  if (candidate === undefined) return;
  const { user, password } = candidate;
  const secretId = Object.hasOwn(userSecrets, user) ? userSecrets[user] : undefined;
  if (secretId === undefined) {
    throw new StoreError(
      `KEYTURN_USER_SECRETS names no secret for ${user}, so a proxy would refuse it. Name one for each user.`,
    );
  }
  const { PutSecretValueCommand } = await import('@aws-sdk/client-secrets-manager');
  try {
    await client.send(
      new PutSecretValueCommand({
        SecretId: secretId,
        ClientRequestToken: token,
        SecretString: JSON.stringify({ username: user, password }),
      }),
    );
  } catch (cause) {
    // This token wrote it before.
    if (cause instanceof Error && cause.name === 'ResourceExistsException') return;
    throw new StoreError(
      `The secret of ${user}, ${secretId}, could not be written: ${cause instanceof Error ? cause.name : 'unknown error'}.`,
      { cause },
    );
  }
}
