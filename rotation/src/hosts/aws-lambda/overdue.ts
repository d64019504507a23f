import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';

import type { PairState } from '../../database.js';

/** How late a rotation is, in milliseconds; 0 when it is not. A pair that has published nothing has no time to be late by. */
export function overdueBy({ now, published }: PairState, withinMs: number): number {
  return published === undefined ? 0 : Math.max(0, now - published.at - withinMs);
}

/**
 * Asks Secrets Manager for the rotation that a gate kept from happening. One that is under way is left to it.
 *
 * @throws whatever the SDK throws, when the rotation cannot be started.
 */
export async function rotateAgain(client: SecretsManagerClient, secretId: string): Promise<void> {
  const { RotateSecretCommand } = await import('@aws-sdk/client-secrets-manager');
  try {
    await client.send(new RotateSecretCommand({ SecretId: secretId }));
  } catch (error) {
    if (error instanceof Error && error.name === 'InvalidRequestException' && /previous rotation/i.test(error.message))
      return;
    throw error;
  }
}
