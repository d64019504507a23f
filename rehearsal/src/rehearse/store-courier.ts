import type { Credential } from '@keyturn/plan';
import { startMoto, startOpenBao } from '@keyturn/services';

import { type FindCredential, type HttpWire, startHttpWire } from '../wire/http-wire.js';
import type { Address } from './database.js';
import type { Courier } from './delivery.js';

/** A courier of a store, and who reads from it. */
export interface StoreCourier extends Courier {
  readonly wire: HttpWire;
}

const secretId = 'rehearsal/database';
const secretPath = 'secret/data/rehearsal/database';

/** moto looks for the service in the signature, and does not check it. */
const unsigned = {
  'content-type': 'application/x-amz-json-1.1',
  authorization:
    'AWS4-HMAC-SHA256 Credential=rehearsal/20260101/us-east-1/secretsmanager/aws4_request, SignedHeaders=host, Signature=none',
};

/**
 * The API of AWS Secrets Manager on loopback, as moto plays it; the secret has the keys of the templates of AWS.
 *
 * @throws PartMissing when moto cannot be had.
 */
export async function secretsManagerCourier(address: Address, key: string): Promise<StoreCourier> {
  const moto = await startMoto();
  const wire = await startHttpWire(moto.url, key, inSecretString);
  const call = async (action: string, input: object): Promise<void> => {
    await posted(moto.url, { ...unsigned, 'x-amz-target': `secretsmanager.${action}` }, input);
  };
  let made = false;
  return {
    wire,
    env: () => ({
      ...namesOf(address),
      AWS_ENDPOINT_URL: wire.url,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: wire.url,
      AWS_REGION: 'us-east-1',
      AWS_DEFAULT_REGION: 'us-east-1',
      AWS_PROFILE: undefined,
      AWS_SESSION_TOKEN: undefined,
      AWS_ACCESS_KEY_ID: 'rehearsal',
      AWS_SECRET_ACCESS_KEY: 'rehearsal',
      DB_SECRET_ID: secretId,
    }),
    deliver: async (credential) => {
      const SecretString = JSON.stringify(secretOf(credential, address));
      if (made) await call('PutSecretValue', { SecretId: secretId, SecretString });
      else await call('CreateSecret', { Name: secretId, SecretString });
      made = true;
    },
    end: async () => await ended(wire, moto),
  };
}

/**
 * The API of Vault on loopback, as OpenBao speaks it: a KV engine version 2, and a token that may read the one secret.
 *
 * @throws PartMissing when OpenBao cannot be had.
 */
export async function vaultCourier(address: Address, key: string): Promise<StoreCourier> {
  const bao = await startOpenBao();
  const wire = await startHttpWire(bao.url, key, inData);
  const headers = { 'x-vault-token': bao.rootToken };
  await posted(`${bao.url}/v1/sys/policies/acl/rehearsal`, headers, {
    policy: `path "${secretPath}" { capabilities = ["read"] }`,
  });
  const { auth } = (await posted(`${bao.url}/v1/auth/token/create`, headers, { policies: ['rehearsal'] })) as {
    auth: { client_token: string };
  };
  return {
    wire,
    env: () => ({
      ...namesOf(address),
      VAULT_ADDR: wire.url,
      VAULT_TOKEN: auth.client_token,
      DB_SECRET_PATH: secretPath,
    }),
    deliver: async (credential) => {
      await posted(`${bao.url}/v1/${secretPath}`, headers, { data: secretOf(credential, address) });
    },
    end: async () => await ended(wire, bao),
  };
}

async function ended(...parts: readonly { stop(): Promise<void> }[]): Promise<void> {
  for (const part of parts) await part.stop();
}

function namesOf({ host, port, database }: Address): Readonly<Record<string, string>> {
  return { DB_HOST: host, DB_PORT: String(port), DB_NAME: database };
}

function secretOf({ user, password, generation }: Credential, { kind, host, port, database }: Address): object {
  return { engine: kind, username: user, password, host, port, dbname: database, generation };
}

async function posted(url: string, headers: Readonly<Record<string, string>>, input: object): Promise<unknown> {
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(input) });
  const text = await response.text();
  if (!response.ok) throw new Error(`The store on loopback answered ${response.status} to ${new URL(url).pathname}.`);
  return text === '' ? undefined : JSON.parse(text);
}

const inSecretString: FindCredential = (answer) => {
  const { SecretString, VersionStages } = (answer ?? {}) as {
    SecretString?: unknown;
    VersionStages?: readonly string[];
  };
  // Whoever asks for the previous one, to fall back on it, has read the current one before.
  if (typeof SecretString !== 'string' || VersionStages?.includes('AWSCURRENT') !== true) return undefined;
  try {
    return credentialIn(JSON.parse(SecretString));
  } catch {
    return undefined;
  }
};

const inData: FindCredential = (answer) => {
  const { data } = (answer ?? {}) as { data?: { data?: unknown } };
  return credentialIn(data?.data);
};

function credentialIn(secret: unknown): ReturnType<FindCredential> {
  const { username, password } = (secret ?? {}) as { username?: unknown; password?: unknown };
  return typeof username === 'string' && typeof password === 'string' ? { user: username, password } : undefined;
}
