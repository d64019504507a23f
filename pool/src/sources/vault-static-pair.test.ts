import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { CredentialSourceError } from '../errors.js';
import { vaultStaticPair } from './vault-static-pair.js';

/** What Vault answers at a path; the engine's own test has the real one. */
let answers: Record<string, unknown> = {};
let server: Server;
let address = '';

beforeAll(async () => {
  server = createServer((request, response) => {
    const found = answers[request.url ?? ''];
    response.writeHead(found === undefined ? 404 : 200).end(JSON.stringify(found ?? { errors: [] }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());
beforeEach(() => {
  answers = {};
});

const turn = (user: string, generation: number): void => {
  answers['/v1/secret/data/shop'] = { data: { data: { user, generation }, metadata: { version: generation } } };
};
const credential = (user: string, password: string): void => {
  answers[`/v1/database/static-creds/${user}`] = { data: { username: user, password } };
};

describe('a pair of static roles in Vault', () => {
  it('gives the credential that the selector names, and follows it', async () => {
    const source = vaultStaticPair({ address, token: 't', selector: 'shop' });
    credential('shop_a', 'one');
    credential('shop_b', 'two');
    turn('shop_a', 1);
    expect(await source.read()).toEqual({ user: 'shop_a', password: 'one', generation: 1 });
    turn('shop_b', 2);
    expect(await source.read()).toEqual({ user: 'shop_b', password: 'two', generation: 2 });
  });

  it.each([
    ['no selector', () => undefined, 'Vault secret/shop cannot be read: status 404. Check mount and name.'],
    [
      'something else in its place',
      () => (answers['/v1/secret/data/shop'] = { data: { data: { password: 'hunter2' } } }),
      'Vault secret/shop has no "user" and "generation", so it is no selector.',
    ],
    [
      'no static role for the user',
      () => turn('shop_b', 2),
      'Vault database/static-creds/shop_b cannot be read: status 404. Check mount and name.',
    ],
    [
      'a static role for somebody else',
      () => {
        turn('shop_b', 2);
        answers['/v1/database/static-creds/shop_b'] = { data: { username: 'shop_c', password: 'hunter2' } };
      },
      'Vault database/static-creds/shop_b is no credential of shop_b.',
    ],
  ])('says what is wrong with %s', async (_, given, message) => {
    given();
    const reading = vaultStaticPair({ address, token: 'hunter2', selector: 'shop' }).read();
    await expect(reading).rejects.toMatchObject({ message });
    await expect(reading).rejects.toBeInstanceOf(CredentialSourceError);
  });
});
