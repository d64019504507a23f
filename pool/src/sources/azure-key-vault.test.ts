import { SecretClient } from '@azure/keyvault-secrets';
import { type KeyVaultStandIn, startKeyVaultStandIn } from '@keyturn/services';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { azureKeyVault } from './azure-key-vault.js';

let vault: KeyVaultStandIn;

beforeAll(async () => {
  vault = await startKeyVaultStandIn();
});
afterAll(async () => await vault.stop());

/** The real SDK, with an identity that the stand-in takes. */
function client(): SecretClient {
  const identity = {
    getToken: () => Promise.resolve({ token: 'token', expiresOnTimestamp: Date.now() + 3_600_000 }),
  };
  return new SecretClient(vault.url, identity, {
    allowInsecureConnection: true,
    disableChallengeResourceVerification: true,
    retryOptions: { maxRetries: 0 },
  });
}

const json = (username: string, password: string, generation: number): string =>
  JSON.stringify({ username, password, generation });

describe('a secret in Azure Key Vault', () => {
  it('gives the newest version, and the enabled one before it as fallback', async () => {
    const source = azureKeyVault({ client: client(), name: 'app-one' });
    vault.write('app-one', { value: json('app_a', 'one', 1), created: 1_000 });
    expect(await source.read(new AbortController().signal)).toEqual({ user: 'app_a', password: 'one', generation: 1 });
    expect(await source.readPrevious?.()).toBeUndefined();
    vault.write('app-one', { value: json('app_x', 'withdrawn', 2), created: 2_000, enabled: false });
    vault.write('app-one', { value: json('app_b', 'two', 3), created: 3_000 });
    expect(await source.read()).toEqual({ user: 'app_b', password: 'two', generation: 3 });
    expect(await source.readPrevious?.()).toEqual({ user: 'app_a', password: 'one', generation: 1 });
  });

  it('says what is wrong, and not what the secret holds', async () => {
    vault.write('app-two', { value: 'hunter2' });
    const read = async (name: string): Promise<unknown> => await azureKeyVault({ client: client(), name }).read();
    await expect(read('app-two')).rejects.toThrow(
      'Secret app-two holds no JSON object; write {"username": …, "password": …}.',
    );
    await expect(read('app-none')).rejects.toThrow(
      'Secret app-none cannot be read from Key Vault: status 404. Check its name, and that the identity may get and list secrets.',
    );
  });
});
