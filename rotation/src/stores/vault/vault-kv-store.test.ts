import { type OpenBao, orNotRun, startOpenBao } from '@keyturn/services';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { storeContract } from '../../contracts/store-contract.js';
import { StoreConflictError, StoreError } from '../../store.js';
import { VaultKvStore } from './vault-kv-store.js';

const canary = 'canary-3f9a';
let bao: OpenBao | undefined;
let missing = '';
let secrets = 0;

beforeAll(async () => {
  const { part, because } = await orNotRun(startOpenBao);
  bao = part;
  missing = because ?? '';
}, 300_000);
afterAll(async () => await bao?.stop());
beforeEach((context) => {
  if (!bao) context.skip(missing);
});

function newStore(more: object = {}): VaultKvStore {
  secrets += 1;
  return new VaultKvStore({ address: bao?.url ?? '', token: bao?.rootToken ?? '', path: `app/db-${secrets}`, ...more });
}

const credential = (generation: number) => ({
  user: generation % 2 === 1 ? 'app_a' : 'app_b',
  password: `${canary}-${generation}`,
  generation,
});

storeContract('VaultKvStore', () => {
  const store = newStore();
  const path = `app/db-${secrets}`;
  return Promise.resolve({
    store,
    reopen: () => new VaultKvStore({ address: bao?.url ?? '', token: bao?.rootToken ?? '', path }),
  });
});

describe('VaultKvStore', () => {
  it('shows applications nothing of a candidate before it is published', async () => {
    const store = newStore();
    const version = await store.writePending(credential(1), { token: 'one' });
    expect(await store.readPublished()).toBeUndefined();
    await store.publish(version, { expectedCurrent: undefined });
    const response = await fetch(`${bao?.url ?? ''}/v1/secret/data/app/db-${secrets}`, {
      headers: { 'X-Vault-Token': bao?.rootToken ?? '' },
    });
    expect(await response.json()).toMatchObject({
      data: { data: { username: 'app_a', password: `${canary}-1`, generation: 1 } },
    });
  });

  it('keeps the version before and drops the one before that', async () => {
    const store = newStore();
    let current: string | undefined;
    for (const generation of [1, 2, 3]) {
      const version = await store.writePending(credential(generation), { token: `token-${generation}` });
      await store.publish(version, { expectedCurrent: current });
      current = version;
    }
    expect(await store.readVersion('token-2')).toMatchObject({ stage: 'previous', user: 'app_b' });
    expect(await store.readVersion('token-1')).toBeUndefined();
  });

  it('lets exactly one of two rotators publish', async () => {
    const store = newStore();
    for (const token of ['left', 'right']) await store.writePending({ ...credential(1), password: token }, { token });
    const outcomes = await Promise.allSettled(
      ['left', 'right'].map(async (token) => await store.publish(token, { expectedCurrent: undefined })),
    );
    const lost = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(lost).toHaveLength(1);
    expect((lost[0] as PromiseRejectedResult).reason).toBeInstanceOf(StoreConflictError);
  });

  it('says what is wrong without a word of the secret', async () => {
    const refused = newStore({ token: 'guess' });
    await expect(refused.writePending(credential(1), { token: 't' })).rejects.toThrow(
      /^Vault secret\/app\/db-\d+: could not write app\/db-\d+\.keyturn\/t: status 403 \(permission denied/,
    );
    const nobody = newStore({ address: 'http://127.0.0.1:9' });
    const error = await nobody.writePending(credential(1), { token: 't' }).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(StoreError);
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error)) + String((error as Error).cause)).not.toContain(
      canary,
    );
  });
});
