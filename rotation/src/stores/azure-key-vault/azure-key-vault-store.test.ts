import { SecretClient } from '@azure/keyvault-secrets';
import { type KeyVaultStandIn, startKeyVaultStandIn } from '@keyturn/services';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { storeContract } from '../../contracts/store-contract.js';
import { StoreConflictError, StoreError } from '../../store.js';
import { AzureKeyVaultStore } from './azure-key-vault-store.js';

const canary = 'canary-3f9a';
let vault: KeyVaultStandIn;
let name = '';
let secrets = 0;

beforeAll(async () => {
  vault = await startKeyVaultStandIn();
});
afterAll(async () => await vault.stop());
beforeEach(() => {
  secrets += 1;
  name = `app-db-${secrets}`;
});

/** The real SDK, with an identity that the stand-in takes. */
function newClient(url = vault.url): SecretClient {
  const credential = {
    getToken: () => Promise.resolve({ token: 'token', expiresOnTimestamp: Date.now() + 3_600_000 }),
  };
  return new SecretClient(url, credential, {
    allowInsecureConnection: true,
    disableChallengeResourceVerification: true,
    retryOptions: { maxRetries: 0 },
  });
}

const newStore = (more: object = {}) => new AzureKeyVaultStore({ client: newClient(), name, ...more });

const credential = (generation: number) => ({
  user: generation % 2 === 1 ? 'app_a' : 'app_b',
  password: `${canary}-${generation}`,
  generation,
});

async function publish(store: AzureKeyVaultStore, ...generations: readonly number[]): Promise<void> {
  for (const generation of generations) {
    const expectedCurrent = (await store.readPublished())?.version;
    const version = await store.writePending(credential(generation), { token: `token-${generation}` });
    await store.publish(version, { expectedCurrent });
  }
}

storeContract('AzureKeyVaultStore', () => {
  const [store, place] = [newStore(), name];
  return Promise.resolve({ store, reopen: () => newStore({ name: place }) });
});

describe('AzureKeyVaultStore', () => {
  it('gives applications a JSON object, and nothing of a candidate', async () => {
    const store = newStore();
    await store.writePending(credential(1), { token: 'token-1' });
    expect(vault.versions(name)).toEqual([]);
    await store.publish('token-1', { expectedCurrent: undefined });
    const [version] = vault.versions(name);
    expect(JSON.parse(version?.value ?? '')).toEqual({ username: 'app_a', password: `${canary}-1`, generation: 1 });
    expect(version).toMatchObject({
      contentType: 'application/json',
      tags: { 'keyturn:version': 'token-1', 'keyturn:generation': '1' },
    });
    expect(version?.expires).toBeUndefined();
  });

  it('lets what it publishes expire where that is asked for, and no candidate', async () => {
    await publish(newStore({ validFor: '60d' }), 1);
    const [version] = vault.versions(name);
    expect(Math.round(((version?.expires ?? 0) - (version?.created ?? 0)) / 86_400)).toBe(60);
    expect(vault.versions(`${name}-keyturn`)[0]?.expires).toBeUndefined();
  });

  it('keeps the version before, and disables candidates that are done with', async () => {
    const store = newStore();
    await publish(store, 1, 2, 3);
    expect(await store.versions()).toEqual([
      { version: 'token-2', stage: 'previous' },
      { version: 'token-3', stage: 'current' },
    ]);
    expect(vault.versions(`${name}-keyturn`).map(({ enabled }) => enabled)).toEqual([false, true, true]);
  });

  it('finds a candidate behind more versions than one page lists', async () => {
    const store = newStore();
    for (let count = 0; count < 30; count += 1) vault.write(`${name}-keyturn`, { value: '{}', enabled: false });
    await store.writePending(credential(1), { token: 'token-1' });
    expect(await store.readVersion('token-1')).toMatchObject({ stage: 'pending', password: `${canary}-1` });
  });

  it('takes over a secret that was there before, and keeps what stood in it', async () => {
    vault.write(name, { value: JSON.stringify({ username: 'app', password: `${canary}-0`, host: 'db' }) });
    const store = newStore();
    const found = await store.readPublished();
    expect(found).toMatchObject({ user: 'app', generation: 0, version: vault.versions(name)[0]?.version });
    await publish(store, 1);
    expect(await store.readVersion(found?.version ?? '')).toEqual({ ...found, stage: 'previous' });
  });

  it('sees that somebody else published', async () => {
    const store = newStore();
    await publish(store, 1);
    vault.write(name, { value: JSON.stringify({ username: 'other', password: 'elsewhere' }) });
    await store.writePending(credential(2), { token: 'token-2' });
    await expect(store.publish('token-2', { expectedCurrent: 'token-1' })).rejects.toThrow(StoreConflictError);
  });

  it.each([
    { status: 403, says: 'status 403. Give the rotator get, set and list on secrets' },
    { status: 500, says: 'status 500. Run it again: it goes on where it ended.' },
  ])('says what to do about $status, without a word of the secret', async ({ status, says }) => {
    const store = newStore();
    vault.refuse(status);
    try {
      const error = await store.writePending(credential(1), { token: 't' }).catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(StoreError);
      expect((error as Error).message).toContain(says);
      const { cause } = error as Error;
      expect(JSON.stringify(cause, Object.getOwnPropertyNames(cause))).not.toContain(canary);
    } finally {
      vault.refuse(undefined);
    }
  });

  it('shows nothing of a value that it cannot read, and takes no name that Key Vault refuses', async () => {
    vault.write(name, { value: `postgres://app:${canary}@db/app` });
    await expect(newStore().readPublished()).rejects.toThrow(
      `Key Vault 127.0.0.1/${name}: ${name} is not a JSON object with "username" and "password". See what wrote it; the engine reads and writes those two.`,
    );
    expect(() => newStore({ name: 'app_db' })).toThrow(
      '"app_db" cannot be the name of a secret in Key Vault. Use up to 119 letters, digits and "-".',
    );
  });

  it('says that nobody answers', async () => {
    const store = newStore({ client: newClient('http://127.0.0.1:9') });
    await expect(store.readPublished()).rejects.toThrow(/could not read app-db-\d+: ECONNREFUSED\. Run it again/);
  });
});
