import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SecretClient } from '@azure/keyvault-secrets';
import { dualUsersOf } from '@keyturn/plan';
import {
  orNotRun,
  type PostgresServer,
  startKeyVaultStandIn,
  startKubernetesStandIn,
  startMoto,
  startOpenBao,
  startPostgres,
} from '@keyturn/services';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createRotator, PostgresDatabase, type Rotator, type Store, StoreError } from '../index.js';
import { type FaultProxy, faultProxy, type HttpFault } from '../kill/http-faults.js';
import { AwsSecretsManagerStore } from './aws-secrets-manager/aws-secrets-manager-store.js';
import { AzureKeyVaultStore } from './azure-key-vault/azure-key-vault-store.js';
import { kubernetesApi, KubernetesSecretStore } from './kubernetes/kubernetes-secret-store.js';
import { VaultKvStore } from './vault/vault-kv-store.js';

/** Shorter than the clients wait by themselves, and long for a machine that is busy. */
const timeoutMs = 2_500;

interface Started {
  readonly url: string;
  readonly rootToken?: string;
  stop(): Promise<void>;
}

interface Kind {
  readonly name: string;
  readonly start: () => Promise<Started>;
  /** How the service says "too many requests". */
  readonly throttled: HttpFault;
  readonly open: (url: string, service: Started) => Promise<Store>;
}

function sdkOfAzure(url: string): SecretClient {
  const token = { token: 'token', expiresOnTimestamp: Date.now() + 3_600_000 };
  return new SecretClient(
    url,
    { getToken: () => Promise.resolve(token) },
    { allowInsecureConnection: true, disableChallengeResourceVerification: true, retryOptions: { maxRetries: 0 } },
  );
}

const kinds: readonly Kind[] = [
  {
    name: 'Secrets Manager',
    start: startMoto,
    throttled: {
      kind: 'refused',
      status: 400,
      headers: { 'content-type': 'application/x-amz-json-1.1' },
      body: '{"__type":"ThrottlingException","message":"Rate exceeded"}',
    },
    open: async (endpoint) => {
      const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
      const client = new SecretsManagerClient({ endpoint, region: 'eu-west-1', credentials, maxAttempts: 1 });
      await client.send(new CreateSecretCommand({ Name: 'faults' }));
      return new AwsSecretsManagerStore({ client, secretId: 'faults', timeoutMs });
    },
  },
  {
    name: 'OpenBao',
    start: startOpenBao,
    throttled: { kind: 'refused', status: 429, body: '{"errors":["request path rate limit quota exceeded"]}' },
    open: (address, { rootToken: token = '' }) =>
      Promise.resolve(new VaultKvStore({ address, token, path: 'faults', timeoutMs })),
  },
  {
    name: 'Key Vault',
    start: startKeyVaultStandIn,
    throttled: {
      kind: 'refused',
      status: 429,
      headers: { 'retry-after': '1', 'content-type': 'application/json' },
      body: '{"error":{"code":"Throttled","message":"Too many requests"}}',
    },
    open: (url) => Promise.resolve(new AzureKeyVaultStore({ client: sdkOfAzure(url), name: 'faults', timeoutMs })),
  },
  {
    name: 'Kubernetes',
    start: startKubernetesStandIn,
    throttled: {
      kind: 'refused',
      status: 429,
      headers: { 'retry-after': '1' },
      body: '{"kind":"Status","status":"Failure","reason":"TooManyRequests","code":429}',
    },
    open: (server) => {
      const api = kubernetesApi({ server, namespace: 'app', timeoutMs });
      return Promise.resolve(new KubernetesSecretStore({ api, name: 'faults' }));
    },
  },
];

let server: PostgresServer;

beforeAll(async () => {
  server = await startPostgres();
}, 300_000);

afterAll(async () => {
  await server.stop();
});

async function logsIn(credential: { user: string; password: string } | undefined): Promise<void> {
  const client = new pg.Client({ host: server.host, port: server.port, database: 'postgres', ...credential });
  await client.connect();
  await client.end();
}

describe.each(kinds)('an advance with its credential in $name', ({ name, start, throttled, open }) => {
  let service: Started | undefined;
  let missing: string | undefined;
  let proxy: FaultProxy;
  let store: Store;
  let rotator: Rotator;

  beforeAll(async () => {
    ({ part: service, because: missing } = await orNotRun(start));
    if (service === undefined) return;
    proxy = await faultProxy(service.url);
    store = await open(proxy.url, service);
    const pair = { name, ...dualUsersOf(`fault_${name.toLowerCase().replace(' ', '_')}`) };
    const { host, port, superuser: user, superuserPassword: password } = server;
    const database = new PostgresDatabase({
      pair,
      sharedRoleKind: 'owner',
      endpoints: [{ name: 'writer', kind: 'writer', host, port, database: 'postgres', tls: false }],
      admin: { user, password },
    });
    // Nobody holds a credential for longer than a moment, so that one advance can follow another.
    const plan = { strategy: 'dual-user', every: '1d', consumers: [] } as const;
    rotator = createRotator({ pair, database, store, plan });
    await rotator.bootstrap();
    await rotator.advance();
  }, 300_000);

  afterAll(async () => {
    await proxy.stop();
    await service?.stop();
  });

  /** Requests of one undisturbed advance: the first read, and every change; with `few`, the first change only. */
  async function places(few = false): Promise<readonly number[]> {
    proxy.disturb(undefined);
    expect(await rotator.advance()).toMatchObject({ outcome: 'advanced' });
    const changes = proxy.passed.flatMap((passed, index) => (passed === 'change' ? [index] : []));
    expect(changes.length).toBeGreaterThanOrEqual(2);
    return [0, ...(few ? changes.slice(0, 1) : changes)];
  }

  /** What the disturbed run said; the run after it must end where an undisturbed one ends, and nothing may be lost on the way. */
  async function disturbed(fault: HttpFault, at: number, onwards = false): Promise<string> {
    proxy.disturb(undefined);
    const before = await store.readPublished();
    const { generation } = await rotator.status();
    proxy.disturb(fault, at, onwards);
    let said = '';
    try {
      const result = await rotator.advance();
      said = result.outcome === 'advanced' ? '' : result.because;
    } catch (error) {
      expect(error).toBeInstanceOf(StoreError);
      said = (error as Error).message;
    }
    proxy.disturb(undefined);
    await logsIn(before);
    await rotator.resume();
    if ((await rotator.status()).published?.generation === generation) await rotator.advance();

    const after = await rotator.status();
    expect({ at, generation: after.generation, intent: after.intent }).toEqual({ at, generation: generation + 1 });
    const published = await store.readPublished();
    expect(published).toMatchObject({ generation: generation + 1, version: after.published?.version });
    expect(published?.user).not.toBe(before?.user);
    await logsIn(published);
    await logsIn(before);
    for (const { version, stage } of (await store.versions?.()) ?? []) {
      const left = stage === 'pending' ? await store.readVersion(version) : undefined;
      expect(left?.generation ?? 0).toBeLessThanOrEqual(generation + 1);
    }
    for (const secret of [before?.password, published?.password]) expect(said).not.toContain(secret);
    return said;
  }

  const faults: readonly { readonly fault: string; readonly of: HttpFault; readonly says: RegExp; few?: true }[] = [
    { fault: '503', of: { kind: 'refused', status: 503 }, says: /Run it again: it goes on where it ended/ },
    { fault: 'too many requests', of: throttled, says: /Run it again: it goes on where it ended/, few: true },
    {
      fault: 'a page of something before it',
      of: { kind: 'refused', status: 404, headers: { 'content-type': 'text/html' }, body: '<html>no such host</html>' },
      says: /Run it again: it goes on where it ended|There is no namespace|could not/,
      few: true,
    },
    { fault: 'no answer in time', of: { kind: 'lost' }, says: /Run it again: it goes on where it ended/ },
    { fault: 'a reset in the middle of the answer', of: { kind: 'cut' }, says: /Run it again: it goes on/ },
  ];

  it.for(faults)(
    'that meets $fault says so, and the next run finishes it',
    { timeout: 300_000 },
    async ({ of, says, few }, context) => {
      if (service === undefined) return context.skip(missing);
      const told: string[] = [];
      for (const at of await places(few)) told.push(await disturbed(of, at));
      expect(told.filter((said) => said !== '').length).toBeGreaterThan(0);
      for (const said of told) if (said !== '') expect(said).toMatch(says);
    },
  );

  it('whose store is down from the first change on waits for it', async (context) => {
    if (service === undefined) return context.skip(missing);
    const [, first = 0] = await places();
    expect(await disturbed({ kind: 'refused', status: 500 }, first, true)).toMatch(/Run it again/);
  });

  it('that is shown what was there before the last change makes one generation all the same', async (context) => {
    if (service === undefined) return context.skip(missing);
    for (const at of [0, 3]) await disturbed({ kind: 'stale' }, at, true);
  }, 300_000);
});
