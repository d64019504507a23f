import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { type KubernetesStandIn, startKubernetesStandIn } from '@keyturn/services';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { storeContract } from '../../contracts/store-contract.js';
import { StoreConflictError, StoreError } from '../../store.js';
import {
  inCluster,
  kubernetesApi,
  KubernetesSecretStore,
  type KubernetesSecretStoreOptions,
  pointerKeys,
} from './kubernetes-secret-store.js';

const canary = 'canary-3f9a';
const namespace = 'app';
let standIn: KubernetesStandIn;
let denied: (verb: string, resource: string) => boolean = () => false;
let name = '';
let secrets = 0;

beforeAll(async () => {
  standIn = await startKubernetesStandIn({ allows: (verb, resource) => !denied(verb, resource) });
});
afterAll(async () => await standIn.stop());
beforeEach(() => {
  denied = () => false;
  secrets += 1;
  name = `db-${secrets}`;
});

function newStore(more: Partial<KubernetesSecretStoreOptions> = {}): KubernetesSecretStore {
  return new KubernetesSecretStore({ api: kubernetesApi({ server: standIn.url, namespace }), name, ...more });
}

const credential = (generation: number, password = `${canary}-${generation}`) => ({
  user: generation % 2 === 1 ? 'app_a' : 'app_b',
  password,
  generation,
});

/** Publishes generations in order, each with the token `token-<generation>`. */
async function publish(store: KubernetesSecretStore, ...generations: readonly number[]): Promise<void> {
  for (const generation of generations) {
    const expectedCurrent = (await store.readPublished())?.version;
    const version = await store.writePending(credential(generation), { token: `token-${generation}` });
    await store.publish(version, { expectedCurrent });
  }
}

/** What a pod sees that mounts the Secret. */
function mounted(secret: string = name): Record<string, string> {
  const data = standIn.read('secrets', namespace, secret)?.data ?? {};
  return Object.fromEntries(Object.entries(data).map(([key, text]) => [key, Buffer.from(text, 'base64').toString()]));
}

const pointer = (): Readonly<Record<string, string>> => standIn.read('configmaps', namespace, name)?.data ?? {};

storeContract('KubernetesSecretStore, with versions that pods mount by their ids', () => {
  const [store, place] = [newStore({ pinned: true }), name];
  return Promise.resolve({ store, reopen: () => newStore({ pinned: true, name: place }) });
});

for (const versioned of [false, true]) {
  storeContract(`KubernetesSecretStore, ${versioned ? 'versioned' : 'in place'}`, () => {
    const [store, place] = [newStore({ versioned }), name];
    return Promise.resolve({ store, reopen: () => newStore({ versioned, name: place }) });
  });
}

describe('a Secret whose values change', () => {
  it('shows applications nothing of a candidate, then user, password and generation at once', async () => {
    const store = newStore();
    await store.writePending(credential(1), { token: 'one' });
    expect(standIn.read('secrets', namespace, name)).toBeUndefined();
    await store.publish('one', { expectedCurrent: undefined });
    expect(mounted()).toEqual({ username: 'app_a', password: `${canary}-1`, generation: '1' });
    expect(standIn.read('secrets', namespace, name)?.metadata).toMatchObject({
      annotations: { 'keyturn.dev/version': 'one', 'keyturn.dev/generation': '1' },
    });
  });

  it('keeps the keys, labels and annotations of others, and fills templates in', async () => {
    standIn.write('secrets', namespace, {
      metadata: { name, labels: { team: 'shop' }, annotations: { note: 'ours' } },
      type: 'Opaque',
      data: { host: Buffer.from('db.internal').toString('base64') },
    });
    const templates = { DATABASE_URL: 'postgres://${DB_USER}:${DB_PASSWORD}@db.internal/app' };
    await publish(newStore({ keys: { user: 'PGUSER', password: 'PGPASSWORD' }, templates }), 1);
    expect(mounted()).toEqual({
      host: 'db.internal',
      PGUSER: 'app_a',
      PGPASSWORD: `${canary}-1`,
      generation: '1',
      DATABASE_URL: `postgres://app_a:${canary}-1@db.internal/app`,
    });
    expect(standIn.read('secrets', namespace, name)?.metadata).toMatchObject({
      labels: { team: 'shop' },
      annotations: { note: 'ours', 'keyturn.dev/version': 'token-1' },
    });
  });

  it('delivers the credential before as well, where it is asked for', async () => {
    await publish(newStore({ previousKeys: { user: 'old-username', password: 'old-password' } }), 1, 2);
    expect(mounted()).toMatchObject({
      username: 'app_b',
      password: `${canary}-2`,
      'old-username': 'app_a',
      'old-password': `${canary}-1`,
    });
  });

  it('keeps the version before and forgets the one before that', async () => {
    const store = newStore();
    await publish(store, 1, 2, 3);
    expect(await store.versions()).toEqual([
      { version: 'token-2', stage: 'previous' },
      { version: 'token-3', stage: 'current' },
    ]);
    expect(await store.readVersion('token-1')).toBeUndefined();
  });

  it('takes over a Secret that was there before, and keeps what stood in it', async () => {
    standIn.write('secrets', namespace, {
      metadata: { name },
      type: 'kubernetes.io/basic-auth',
      data: {
        username: Buffer.from('app').toString('base64'),
        password: Buffer.from(`${canary}-0`).toString('base64'),
      },
    });
    const store = newStore();
    const found = await store.readPublished();
    expect(found).toMatchObject({ user: 'app', generation: 0, stage: 'current' });
    await publish(store, 1);
    expect(await store.readVersion(found?.version ?? '')).toEqual({ ...found, stage: 'previous' });
    expect(standIn.read('secrets', namespace, name)?.type).toBe('kubernetes.io/basic-auth');
  });

  it('lets exactly one of two rotators publish', async () => {
    const [left, right] = [newStore(), newStore()];
    for (const token of ['left', 'right']) await left.writePending({ ...credential(1), password: token }, { token });
    const outcomes = await Promise.allSettled([
      left.publish('left', { expectedCurrent: undefined }),
      right.publish('right', { expectedCurrent: undefined }),
    ]);
    const lost = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(lost).toHaveLength(1);
    expect((lost[0] as PromiseRejectedResult).reason).toBeInstanceOf(StoreConflictError);
    expect((await left.readPublished())?.password).toBe(outcomes[0].status === 'fulfilled' ? 'left' : 'right');
  });

  it('keeps every candidate that is written at the same time', async () => {
    const stores = Array.from({ length: 6 }, () => newStore());
    await Promise.all(
      stores.map(
        async (store, index) => await store.writePending(credential(index + 1), { token: `token-${index + 1}` }),
      ),
    );
    expect((await newStore().versions()).map(({ version }) => version).sort()).toEqual(
      [1, 2, 3, 4, 5, 6].map((index) => `token-${index}`),
    );
  });

  it('publishes over the change of another controller without losing it', async () => {
    const store = newStore();
    await publish(store, 1);
    await store.writePending(credential(2), { token: 'token-2' });
    const before = standIn.read('secrets', namespace, name);
    let meddled = false;
    denied = (verb, resource) => {
      if (verb === 'update' && resource === 'secrets' && !meddled && before !== undefined) {
        meddled = true;
        standIn.write('secrets', namespace, { ...before, metadata: { ...before.metadata, labels: { seen: 'yes' } } });
      }
      return false;
    };
    await store.publish('token-2', { expectedCurrent: 'token-1' });
    expect(meddled).toBe(true);
    expect(mounted()['password']).toBe(`${canary}-2`);
    expect(standIn.read('secrets', namespace, name)?.metadata.labels).toMatchObject({ seen: 'yes' });
  });
});

describe('versions that pods mount by their ids', () => {
  const keysOf = (version: string) => {
    const held = mounted(`${name}-keyturn`);
    return ['username', 'password', 'generation'].map((part) => held[`${version}.${part}`]);
  };

  it('are there from the candidate on, with what is published, and go when nobody needs them', async () => {
    const store = newStore({ pinned: true });
    await publish(store, 1);
    await store.writePending(credential(2), { token: 'token-2' });
    expect(keysOf('token-1')).toEqual(['app_a', `${canary}-1`, '1']);
    expect(keysOf('token-2')).toEqual(['app_b', `${canary}-2`, '2']);
    expect((await store.versions()).map(({ version, stage }) => `${version} ${stage}`).sort()).toEqual([
      'token-1 current',
      'token-2 pending',
    ]);
    await store.discardPending('token-2');
    expect(keysOf('token-2')).toEqual([undefined, undefined, undefined]);
    await publish(store, 2, 3);
    expect(Object.keys(mounted(`${name}-keyturn`)).filter((key) => key.startsWith('token-1'))).toEqual([]);
    expect(keysOf('token-3')).toEqual(['app_a', `${canary}-3`, '3']);
  });

  it('are added to versions that were written before, and of a Secret that was there before keyturn', async () => {
    await publish(newStore(), 1);
    const store = newStore({ pinned: true });
    await store.writePending(credential(2), { token: 'token-2' });
    expect(keysOf('token-1')).toEqual(['app_a', `${canary}-1`, '1']);

    name = `${name}-own`;
    const base64 = (text: string) => Buffer.from(text).toString('base64');
    const data = { username: base64('app'), password: base64(`${canary}-0`) };
    standIn.write('secrets', namespace, { metadata: { name }, type: 'Opaque', data });
    const over = newStore({ pinned: true });
    const { version = '' } = (await over.readPublished()) ?? {};
    await over.writePending(credential(1), { token: 'token-1' });
    expect(keysOf(version)).toEqual(['app', `${canary}-0`, '0']);
  });
});

describe('immutable Secrets with a pointer', () => {
  it('points at a Secret that never changes and whose name holds a hash of its content', async () => {
    await publish(newStore({ versioned: true }), 1);
    const secret = pointer()[pointerKeys.secret] ?? '';
    expect(secret).toMatch(new RegExp(`^${name}-[0-9a-f]{10}$`));
    expect(standIn.read('secrets', namespace, secret)?.immutable).toBe(true);
    expect(mounted(secret)).toEqual({ username: 'app_a', password: `${canary}-1`, generation: '1' });
    expect(pointer()).toEqual({ secret, version: 'token-1', generation: '1', secrets: secret });
  });

  it('keeps the Secrets of the last two releases for their pods, and deletes those that log nobody in', async () => {
    const store = newStore({ versioned: true });
    const made: string[] = [];
    for (const generation of [1, 2, 3]) {
      await publish(store, generation);
      made.push(pointer()[pointerKeys.secret] ?? '');
    }
    const there = made.map((secret) => standIn.read('secrets', namespace, secret) !== undefined);
    expect(there).toEqual([false, true, true]);
    expect(pointer()[pointerKeys.previousSecret]).toBe(made[1]);
  });

  it('keeps a Secret whose credential was published once more by a rollback', async () => {
    const store = newStore({ versioned: true });
    await publish(store, 1, 2);
    const first = pointer()[pointerKeys.previousSecret] ?? '';
    await store.writePending({ ...credential(1), generation: 3 }, { token: 'back' });
    await store.publish('back', { expectedCurrent: 'token-2' });
    expect(standIn.read('secrets', namespace, first)).toBeDefined();
  });

  it('publishes once more what a killed run had made, and not what somebody else put there', async () => {
    const store = newStore({ versioned: true });
    await store.writePending(credential(1), { token: 'one' });
    denied = (verb, resource) => verb === 'create' && resource === 'configmaps';
    await expect(store.publish('one', { expectedCurrent: undefined })).rejects.toThrow(
      `could not create ConfigMap ${name}: status 403 (Forbidden). Give the rotator's service account a Role with "create" on configmaps.`,
    );
    denied = () => false;
    await store.publish('one', { expectedCurrent: undefined });
    const secret = pointer()[pointerKeys.secret] ?? '';
    const found = standIn.read('secrets', namespace, secret);

    const other = newStore({ versioned: true, name: `${name}-x` });
    await other.writePending(credential(1), { token: 'one' });
    const hash = secret.slice(name.length);
    standIn.write('secrets', namespace, { ...found, metadata: { name: `${name}-x${hash}` }, data: {} });
    await expect(other.publish('one', { expectedCurrent: undefined })).rejects.toThrow(
      `Secret ${name}-x${hash} is there and holds something else. Nothing was published; see who wrote it.`,
    );
  });

  it('stops when the Secret that it points at is gone', async () => {
    const store = newStore({ versioned: true });
    standIn.write('configmaps', namespace, { metadata: { name }, data: { secret: 'lost', version: 'v' } });
    await expect(store.readPublished()).rejects.toThrow(
      `ConfigMap app/${name}: ConfigMap ${name} points at Secret lost, which is not there. Restore it from a backup; its credential is in use.`,
    );
  });
});

describe('what goes wrong', () => {
  it.each([
    {
      name: 'a key twice',
      options: { keys: { user: 'password' } },
      says: 'the key "password" is used twice. Rename one.',
    },
    {
      name: 'a key that is none',
      options: { keys: { user: 'db user' } },
      says: '"db user" cannot be the key of a Secret. Use letters, digits, "-", "_" and ".".',
    },
    {
      name: 'a template without the password',
      options: { templates: { URL: 'postgres://${DB_USER}@db' } },
      says: 'The template does not use ${DB_PASSWORD}. User and password change together, so it must hold both.',
    },
  ])('refuses $name', ({ options, says }) => {
    expect(() => newStore(options)).toThrow(says);
  });

  it.each([
    { name: 'half a credential', data: { username: 'YXBw' }, says: 'has only one of "username" and "password"' },
    { name: 'a foreign version', versions: { one: 'e30=' }, says: 'is not a version of keyturn' },
  ])('says that there is $name, and no word of a secret', async ({ data, versions, says }) => {
    const store = newStore();
    if (data) standIn.write('secrets', namespace, { metadata: { name }, data });
    if (versions) standIn.write('secrets', namespace, { metadata: { name: `${name}-keyturn` }, data: versions });
    const error = await store.readVersion('one').catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(StoreError);
    expect((error as Error).message).toContain(says);
  });

  it('shows nothing of what it sent', async () => {
    denied = (verb) => verb !== 'get';
    const store = newStore();
    const nobody = newStore({ api: kubernetesApi({ server: 'http://127.0.0.1:9', namespace }) });
    for (const one of [store, nobody]) {
      const error = await one.writePending(credential(1), { token: 't' }).catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(StoreError);
      expect(JSON.stringify(error, Object.getOwnPropertyNames(error)) + String((error as Error).cause)).not.toContain(
        canary,
      );
    }
  });

  it('speaks clear text with nobody but this machine', () => {
    expect(() => kubernetesApi({ server: 'http://10.0.0.1:6443', namespace })).toThrow(
      'The address of the Kubernetes API has to be an https URL (http on loopback only), got "http://10.0.0.1:6443".',
    );
  });
});

describe('inCluster', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'keyturn-account-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('says what a pod lacks', () => {
    expect(() => inCluster({}, '/no/such/folder')).toThrow(
      'This is no pod with a service account: KUBERNETES_SERVICE_HOST is not set and /no/such/folder holds no ca.crt. Set automountServiceAccountToken: true, or name the API server.',
    );
  });

  it('uses the token of the moment and the certificates of the cluster', async (context) => {
    const [key, cert] = [path.join(folder, 'key.pem'), path.join(folder, 'ca.crt')];
    try {
      execFileSync(
        'openssl',
        [
          ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'],
          ...['-subj', '/CN=kubernetes', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert],
        ],
        { stdio: 'pipe' },
      );
    } catch (error) {
      context.skip(`there is no openssl to make a certificate with: ${String(error)}`);
    }
    const secure = await startKubernetesStandIn({
      token: 'second',
      tls: { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') },
    });
    try {
      const { port } = new URL(secure.url);
      const env = { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: port };
      writeFileSync(path.join(folder, 'namespace'), 'shop\n');
      writeFileSync(path.join(folder, 'token'), 'first');
      const store = new KubernetesSecretStore({ api: inCluster(env, folder), name: 'db' });
      await expect(store.readPublished()).rejects.toThrow('status 401 (Unauthorized)');
      writeFileSync(path.join(folder, 'token'), 'second\n');
      await publish(store, 1);
      expect(secure.read('secrets', 'shop', 'db')?.data?.['username']).toBe(Buffer.from('app_a').toString('base64'));
      const stranger = new KubernetesSecretStore({
        api: kubernetesApi({ server: secure.url, namespace, token: () => 'second' }),
        name: 'db',
      });
      await expect(stranger.readPublished()).rejects.toThrow('does not answer (DEPTH_ZERO_SELF_SIGNED_CERT)');
    } finally {
      await secure.stop();
    }
  });
});
