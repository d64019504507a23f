import { type OpenBao, orNotRun, startOpenBao } from '@keyturn/services';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { vaultKv } from './vault-kv.js';

let bao: OpenBao | undefined;
let missing = '';

beforeAll(async () => {
  const { part, because } = await orNotRun(startOpenBao);
  bao = part;
  missing = because ?? '';
}, 300_000);
afterAll(async () => await bao?.stop());
beforeEach((context) => {
  if (!bao) context.skip(missing);
});

const at = () => ({ address: bao?.url ?? '', token: bao?.rootToken ?? '' });

const write = async (path: string, data: object): Promise<unknown> =>
  await bao?.ask('POST', `secret/data/${path}`, { data });

describe('a secret in Vault', () => {
  it('gives user, password and generation of one version, and follows the next', async () => {
    const source = vaultKv({ ...at(), path: 'app/one' });
    await write('app/one', { username: 'app_a', password: 'one', generation: 7 });
    expect(await source.read()).toEqual({ user: 'app_a', password: 'one', generation: 7 });
    await write('app/one', { username: 'app_b', password: 'two', generation: 8 });
    expect(await source.read()).toEqual({ user: 'app_b', password: 'two', generation: 8 });
  });

  it('counts by its own version when it names no generation', async () => {
    await write('app/two', { username: 'app_a', password: 'one' });
    await write('app/two', { username: 'app_b', password: 'two' });
    expect((await vaultKv({ ...at(), path: 'app/two' }).read()).generation).toBe(2);
  });

  it('says what is wrong, and neither token nor password', async () => {
    await write('app/three', { password: 'hunter2' });
    const message = async (more: object): Promise<string> =>
      await vaultKv({ ...at(), path: 'app/three', ...more })
        .read()
        .then(
          () => 'no error',
          (error: unknown) => (error as Error).message,
        );
    expect(await message({})).toBe(
      'Vault secret/app/three has no text "username" and "password"; write both into one version.',
    );
    expect(await message({ path: 'app/none' })).toBe(
      'Vault secret/app/none cannot be read: status 404. Write the secret, or correct mount and path.',
    );
    expect(await message({ token: 'hunter2' })).toBe(
      'Vault secret/app/three cannot be read: status 403. Check the token, and that its policy allows read below data/.',
    );
    expect(await message({ address: 'http://127.0.0.1:9' })).toBe(
      'Vault secret/app/three: http://127.0.0.1:9 does not answer.',
    );
  });
});
