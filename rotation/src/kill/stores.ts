import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parseEnv } from 'node:util';

import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { SecretClient } from '@azure/keyvault-secrets';

import type { Store } from '../store.js';
import { EnvFileStore } from '../stores/env-file/env-file-store.js';
import { tapHttp } from './http-tap.js';
import type { Tap } from './tap.js';

/** A store as a job names it. */
export type StoreOfJob =
  | { readonly kind: 'env-file'; readonly path: string }
  | { readonly kind: 'vault'; readonly address: string; readonly token: string; readonly path: string }
  | { readonly kind: 'aws-secrets-manager'; readonly endpoint: string; readonly secretId: string }
  | { readonly kind: 'azure-key-vault'; readonly vault: string; readonly name: string }
  | { readonly kind: 'kubernetes'; readonly server: string; readonly name: string };

/** Where a harness keeps the secrets of its pairs. */
export type KillStore =
  | { readonly kind: 'env-file'; readonly folder: string }
  | { readonly kind: 'vault'; readonly url: string; readonly token: string }
  | { readonly kind: 'aws-secrets-manager' | 'azure-key-vault' | 'kubernetes'; readonly url: string };

/** What an application reads. */
export interface Seen {
  readonly user: string;
  readonly password: string;
  readonly generation: string;
}

/** The drivers and SDKs are loaded by who needs them. */
export async function openStore(store: StoreOfJob): Promise<Store> {
  if (store.kind === 'env-file') return new EnvFileStore({ path: store.path });
  if (store.kind === 'vault') {
    const { VaultKvStore } = await import('../stores/vault/vault-kv-store.js');
    return new VaultKvStore(store);
  }
  if (store.kind === 'azure-key-vault') {
    const { AzureKeyVaultStore } = await import('../stores/azure-key-vault/azure-key-vault-store.js');
    return new AzureKeyVaultStore({ client: await azureClient(store.vault), name: store.name });
  }
  if (store.kind === 'kubernetes') {
    const { kubernetesApi, KubernetesSecretStore } = await import('../stores/kubernetes/kubernetes-secret-store.js');
    const api = kubernetesApi({ server: store.server, namespace: 'app' });
    return new KubernetesSecretStore({ api, name: store.name });
  }
  const { AwsSecretsManagerStore } = await import('../stores/aws-secrets-manager/aws-secrets-manager-store.js');
  return new AwsSecretsManagerStore({ client: await awsClient(store.endpoint), secretId: store.secretId });
}

async function awsClient(endpoint: string): Promise<SecretsManagerClient> {
  const { SecretsManagerClient } = await import('@aws-sdk/client-secrets-manager');
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  return new SecretsManagerClient({ endpoint, region: 'eu-west-1', credentials });
}

/** For a stand-in on loopback, which takes every token. */
async function azureClient(vault: string): Promise<SecretClient> {
  const { SecretClient: Client } = await import('@azure/keyvault-secrets');
  const token = { token: 'token', expiresOnTimestamp: Date.now() + 3_600_000 };
  return new Client(
    vault,
    { getToken: () => Promise.resolve(token) },
    { allowInsecureConnection: true, disableChallengeResourceVerification: true },
  );
}

/** The secret of one pair, made where the store wants it made before. */
export async function secretOf(store: KillStore, pair: string): Promise<(tap?: Tap) => StoreOfJob> {
  if (store.kind === 'env-file') return () => ({ kind: 'env-file', path: path.join(store.folder, `${pair}.env`) });
  const through = (tap: Tap | undefined): string => (tap === undefined ? store.url : `http://127.0.0.1:${tap.port}`);
  if (store.kind === 'vault') {
    return (tap) => ({ kind: 'vault', address: through(tap), token: store.token, path: pair });
  }
  if (store.kind === 'azure-key-vault') return (tap) => ({ kind: 'azure-key-vault', vault: through(tap), name: pair });
  if (store.kind === 'kubernetes') return (tap) => ({ kind: 'kubernetes', server: through(tap), name: pair });
  const { CreateSecretCommand } = await import('@aws-sdk/client-secrets-manager');
  const client = await awsClient(store.url);
  await client.send(new CreateSecretCommand({ Name: pair }));
  client.destroy();
  return (tap) => ({ kind: 'aws-secrets-manager', endpoint: through(tap), secretId: pair });
}

/** What counts the changes of a store; a file has none, its renames are counted in the process that does them. */
export async function tapStore(store: KillStore): Promise<Tap | undefined> {
  return store.kind === 'env-file' ? undefined : await tapHttp(store.url);
}

/** How applications read the credential: the file that was rendered, or the store. */
export async function readerOf(store: StoreOfJob): Promise<() => Promise<Seen | undefined>> {
  if (store.kind === 'env-file') return async () => await readSeen(store.path);
  const opened = await openStore(store);
  return async () => {
    const published = await opened.readPublished();
    return published && { ...published, generation: String(published.generation) };
  };
}

async function readSeen(file: string): Promise<Seen | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const { DB_USER: user, DB_PASSWORD: password, DB_GENERATION: generation } = parseEnv(text);
  return user === undefined || password === undefined || generation === undefined
    ? undefined
    : { user, password, generation };
}
