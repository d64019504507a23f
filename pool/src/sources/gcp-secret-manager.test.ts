import { describe, expect, it } from 'vitest';

import { CredentialSourceError } from '../errors.js';
import { type GcpSecretManagerClient, gcpSecretManager } from './gcp-secret-manager.js';

const secret = 'projects/shop/secrets/app-db';

/** A stand-in, written from the reference of `accessSecretVersion`: `latest` is answered with the number that it stands for. */
function standIn(...versions: readonly string[]): GcpSecretManagerClient {
  return {
    accessSecretVersion: ({ name }) => {
      const asked = name.slice(`${secret}/versions/`.length);
      const number = asked === 'latest' ? versions.length : Number(asked);
      const text = versions[number - 1];
      if (text === undefined) return Promise.reject(Object.assign(new Error(`5 NOT_FOUND: ${name}`), { code: 5 }));
      const full = `projects/123456/secrets/app-db/versions/${number}`;
      return Promise.resolve([{ name: full, payload: { data: Buffer.from(text) } }, undefined, undefined]);
    },
  };
}

const json = (username: string, password: string, more: object = {}): string =>
  JSON.stringify({ username, password, ...more });

describe('a secret in GCP Secret Manager', () => {
  it('gives the latest version, and the one before as fallback', async () => {
    const source = gcpSecretManager({ client: standIn(json('app_a', 'one'), json('app_b', 'two')), secret });
    expect(await source.read()).toEqual({ user: 'app_b', password: 'two', generation: 2 });
    expect(await source.readPrevious?.()).toEqual({ user: 'app_a', password: 'one', generation: 1 });
  });

  it('goes by the generation that is written, and has no fallback for a first version', async () => {
    const source = gcpSecretManager({ client: standIn(json('app_a', 'one', { generation: 7 })), secret });
    expect(await source.read()).toEqual({ user: 'app_a', password: 'one', generation: 7 });
    expect(await source.readPrevious?.()).toBeUndefined();
  });

  it.each([
    ['text that is no JSON', 'hunter2', `Secret ${secret} holds no JSON object; write {"username": …, "password": …}.`],
    [
      'no user',
      '{"password":"hunter2"}',
      `Secret ${secret} has no text "username" and "password" in its JSON; write both.`,
    ],
  ])('says what is wrong with %s, and not what it holds', async (_name, text, message) => {
    const source = gcpSecretManager({ client: standIn(text), secret });
    await expect(source.read()).rejects.toThrow(new CredentialSourceError(message));
  });

  it('says which version cannot be read, and takes no other name than that of a secret', async () => {
    await expect(gcpSecretManager({ client: standIn(), secret }).read()).rejects.toThrow(
      `Version latest of ${secret} cannot be read: code 5. Check the name, and that the identity may access its versions.`,
    );
    expect(() => gcpSecretManager({ client: standIn(), secret: `${secret}/versions/3` })).toThrow(
      `secret must be projects/<project>/secrets/<secret>, got ${secret}/versions/3.`,
    );
  });
});
