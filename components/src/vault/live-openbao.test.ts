import { type OpenBao, orNotRun, type PostgresServer, startOpenBao, startPostgres } from '@keyturn/services';
import * as pulumi from '@pulumi/pulumi';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { dualUserModel, resourcesOf, statementsFor } from '../postgres/model.js';
import { VaultDynamicDatabase } from './vault-dynamic-database.js';
import { VaultStaticRolePair } from './vault-static-role-pair.js';

type Inputs = Record<string, unknown>;
interface Recorded {
  readonly name: string;
  readonly type: string;
  readonly inputs: Inputs;
  readonly secrets: readonly string[];
}

const database = 'shopdb';
const secretMark = '4dabf18193072939515e22adb298388d';
const recorded: Recorded[] = [];
const states: unknown[] = [];
let postgres: PostgresServer;
let bao: OpenBao;
let missing: string | undefined;
let rootPassword: string;

/** Every property of a token, and the field of the API it becomes; `undefined` when it is part of the path. A property that is not here fails. */
type Fields = Readonly<Record<string, string | undefined>>;
const token: Fields = {
  tokenTtl: 'token_ttl',
  tokenMaxTtl: 'token_max_ttl',
  tokenPolicies: 'token_policies',
  tokenType: 'token_type',
  backend: undefined,
  roleName: undefined,
};
const api: Readonly<Record<string, { path: (inputs: Inputs) => string; fields: Fields }>> = {
  'vault:index/mount:Mount': {
    path: ({ path }) => `sys/mounts/${path}`,
    fields: { path: undefined, type: 'type', description: 'description', maxLeaseTtlSeconds: 'config.max_lease_ttl' },
  },
  'vault:database/secretBackendConnection:SecretBackendConnection': {
    path: ({ backend, name }) => `${backend}/config/${name}`,
    fields: {
      backend: undefined,
      name: undefined,
      allowedRoles: 'allowed_roles',
      verifyConnection: 'verify_connection',
      'postgresql.connectionUrl': 'connection_url',
      'postgresql.username': 'username',
      'postgresql.passwordWo': 'password',
      'postgresql.passwordWoVersion': undefined,
      'postgresql.passwordAuthentication': 'password_authentication',
    },
  },
  'vault:generic/endpoint:Endpoint': {
    path: ({ path }) => String(path),
    fields: { path: undefined, disableRead: undefined, disableDelete: undefined, dataJson: undefined },
  },
  'vault:database/secretBackendRole:SecretBackendRole': {
    path: ({ backend, name }) => `${backend}/roles/${name}`,
    fields: {
      backend: undefined,
      name: undefined,
      dbName: 'db_name',
      defaultTtl: 'default_ttl',
      maxTtl: 'max_ttl',
      creationStatements: 'creation_statements',
      renewStatements: 'renew_statements',
      revocationStatements: 'revocation_statements',
    },
  },
  'vault:database/secretBackendStaticRole:SecretBackendStaticRole': {
    path: ({ backend, name }) => `${backend}/static-roles/${name}`,
    fields: {
      backend: undefined,
      name: undefined,
      dbName: 'db_name',
      username: 'username',
      rotationPeriod: 'rotation_period',
      rotationStatements: 'rotation_statements',
    },
  },
  'vault:kv/secretV2:SecretV2': {
    path: ({ mount, name }) => `${mount}/data/${name}`,
    fields: { mount: undefined, name: undefined, deleteAllVersions: undefined, dataJson: 'data' },
  },
  'vault:index/policy:Policy': {
    path: ({ name }) => `sys/policies/acl/${name}`,
    fields: { name: undefined, policy: 'policy' },
  },
  'vault:appRole/authBackendRole:AuthBackendRole': {
    path: ({ backend, roleName }) => `auth/${backend}/role/${roleName}`,
    fields: { ...token, bindSecretId: 'bind_secret_id' },
  },
  'vault:kubernetes/authBackendRole:AuthBackendRole': {
    path: ({ backend, roleName }) => `auth/${backend}/role/${roleName}`,
    fields: {
      ...token,
      boundServiceAccountNames: 'bound_service_account_names',
      boundServiceAccountNamespaces: 'bound_service_account_namespaces',
    },
  },
  'vault:jwt/authBackendRole:AuthBackendRole': {
    path: ({ backend, roleName }) => `auth/${backend}/role/${roleName}`,
    fields: {
      ...token,
      roleType: 'role_type',
      boundAudiences: 'bound_audiences',
      boundClaims: 'bound_claims',
      userClaim: 'user_claim',
    },
  },
};

async function apply({ type, inputs }: Recorded): Promise<void> {
  const table = api[type];
  if (!table) throw new Error(`no table for ${type}`);
  const body: Inputs = {};
  const flat = Object.entries(inputs).flatMap(([key, value]) =>
    key === 'postgresql'
      ? Object.entries(value as Inputs).map(([inner, item]) => [`${key}.${inner}`, item] as const)
      : [[key, value] as const],
  );
  for (const [property, value] of flat) {
    if (!Object.hasOwn(table.fields, property)) throw new Error(`${type} has ${property}, which is in no table`);
    const field = table.fields[property];
    if (field === undefined) continue;
    const [outer, inner] = field.split('.');
    if (property === 'dataJson') body[field] = JSON.parse(String(value)) as unknown;
    else if (inner === undefined) body[field] = value;
    else body[outer ?? ''] = { [inner]: value };
  }
  if (type.endsWith('SecretBackendConnection')) body['plugin_name'] = 'postgresql-database-plugin';
  await vault('POST', table.path(inputs), body);
}

const vault = async <T = Inputs>(method: string, path: string, body?: Inputs, vaultToken?: string): Promise<T> =>
  await bao.ask<T>(method, path, body, vaultToken);

function unwrap(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unwrap);
  if (typeof value !== 'object' || value === null) return value;
  if (secretMark in value && 'value' in value) return unwrap(value.value);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, unwrap(item)]));
}

function* strings(value: unknown): Generator<string> {
  if (typeof value === 'string') yield value;
  else if (typeof value === 'object' && value !== null) for (const item of Object.values(value)) yield* strings(item);
}

beforeAll(async () => {
  const started = await orNotRun(startOpenBao);
  if (!started.part) {
    missing = started.because;
    return;
  }
  bao = started.part;
  postgres = await startPostgres();
  rootPassword = 'only-until-the-first-up';
  const model = dualUserModel({ pair: 'shop', database, sharedRole: { kind: 'owner' }, connections: { fleet: 4 } });
  await asAdministrator(`CREATE DATABASE ${database}`);
  for (const { sql } of statementsFor(resourcesOf(model))) await asAdministrator(sql);
  // The least that Vault's user needs on version 18.
  await asAdministrator(`CREATE ROLE vault LOGIN CREATEROLE PASSWORD '${rootPassword}'`);
  await asAdministrator('GRANT pg_signal_backend TO vault');
  for (const role of ['shop', 'shop_a', 'shop_b']) {
    await asAdministrator(`GRANT ${role} TO vault WITH ADMIN TRUE, INHERIT FALSE, SET FALSE`);
  }

  await pulumi.runtime.setMocks({
    newResource: ({ name, type, inputs, custom }) => {
      const plain = unwrap(inputs) as Inputs;
      if (custom) {
        const secrets = Object.keys(inputs as Inputs).filter((key) => secretMark in Object((inputs as Inputs)[key]));
        recorded.push({ name, type, inputs: plain, secrets });
      }
      states.push(plain);
      return { id: `${name}-id`, state: plain };
    },
    call: ({ inputs }) => inputs,
  });
  const made = new VaultDynamicDatabase('shop', {
    server: 'openbao',
    engine: {
      kind: 'postgres',
      connectionUrl: `postgresql://{{username}}:{{password}}@${postgres.host}:${postgres.port}/${database}?sslmode=disable`,
      username: 'vault',
      password: rootPassword,
    },
    staticRoles: ['shop_a', 'shop_b'],
    roles: {
      app: { sharedRole: 'shop', kind: 'owner', connectionLimit: 3, ttl: '1m', maxTtl: '2m' },
      reader: { sharedRole: 'shop', kind: 'grantee', ttl: '1m', maxTtl: '1m' },
    },
    consumers: {
      machine: { kind: 'approle', roles: ['app'] },
      pods: { kind: 'kubernetes', serviceAccounts: ['shop'], namespaces: ['shop'] },
      ci: { kind: 'jwt', audiences: ['vault'], claims: { repository: 'acme/shop' } },
    },
  });
  await new Promise((resolve) => void made.ready.apply(resolve));
  const pair = new VaultStaticRolePair('turns', {
    server: 'openbao',
    mount: made.ready,
    connection: 'shop',
    pair: 'shop',
    selectorMount: 'secret',
    plan: { every: '30 days', consumers: [] },
    consumers: { web: { kind: 'approle' } },
    job: { kind: 'approle' },
  });
  await new Promise((resolve) => void pair.ready.apply(resolve));
  for (const method of ['approle', 'kubernetes']) await vault('POST', `sys/auth/${method}`, { type: method });
  await vault('POST', 'sys/auth/jwt', { type: 'jwt' });
  for (const resource of recorded) await apply(resource);
});

afterAll(async () => {
  await bao?.stop();
  await postgres?.stop();
});

beforeEach((context) => {
  if (missing !== undefined) context.skip(missing);
});

async function asAdministrator(sql: string): Promise<pg.QueryResult> {
  const inDatabase = /^CREATE DATABASE/.test(sql) ? 'postgres' : database;
  return await session({ user: postgres.superuser, password: postgres.superuserPassword }, sql, inDatabase);
}

async function open(as: { user: string; password: string }, name = database): Promise<pg.Client> {
  const client = new pg.Client({ host: postgres.host, port: postgres.port, database: name, ...as });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

async function session(as: { user: string; password: string }, sql: string, name = database): Promise<pg.QueryResult> {
  const client = await open(as, name);
  try {
    return await client.query(sql);
  } finally {
    await client.end();
  }
}

interface Lease {
  readonly id: string;
  readonly credential: { user: string; password: string };
}

async function lease(role: string, vaultToken?: string): Promise<Lease> {
  const answer = await vault<{ lease_id: string; data: { username: string; password: string } }>(
    'GET',
    `shop/creds/${role}`,
    undefined,
    vaultToken,
  );
  return { id: answer.lease_id, credential: { user: answer.data.username, password: answer.data.password } };
}

const leasedUsers = async (): Promise<unknown[]> =>
  (await asAdministrator("SELECT rolname FROM pg_roles WHERE rolname LIKE 'v-%'")).rows;

async function logIn(role: string): Promise<string> {
  const path = `auth/approle/role/${role}`;
  const { data: id } = await vault<{ data: { role_id: string } }>('GET', `${path}/role-id`);
  const { data: secret } = await vault<{ data: { secret_id: string } }>('POST', `${path}/secret-id`, {});
  const { auth } = await vault<{ auth: { client_token: string } }>('POST', 'auth/approle/login', {
    role_id: id.role_id,
    secret_id: secret.secret_id,
  });
  return auth.client_token;
}

describe('VaultDynamicDatabase on a real OpenBao and PostgreSQL', () => {
  it('leaves nothing in the state that logs in, because Vault changed its own password at once', async () => {
    const candidates = new Set(['', ...strings(states)]);
    expect(candidates).toContain(rootPassword);
    for (const password of candidates) {
      for (const user of ['vault', 'shop', 'shop_a', 'shop_b']) {
        await expect(session({ user, password }, 'SELECT 1'), user).rejects.toThrow(/authentication failed|SASL/);
      }
    }
  });

  it('marks the password of the connection as a secret', () => {
    expect(recorded.find(({ name }) => name === 'shop-connection')?.secrets).toEqual(['postgresql']);
    for (const { name, inputs } of recorded.filter(({ name: of }) => of !== 'shop-connection')) {
      expect([...strings(inputs)], name).not.toContain(rootPassword);
    }
  });

  it('gives a credential that works as the owner, and whose objects belong to the shared role', async () => {
    const { credential } = await lease('app');
    await session(credential, 'CREATE TABLE parcel (id int)');

    const { rows } = await session(credential, 'SELECT session_user, current_user, current_schema');
    expect(rows).toEqual([{ session_user: credential.user, current_user: 'shop', current_schema: 'shop' }]);
    expect((await asAdministrator("SELECT tableowner FROM pg_tables WHERE tablename = 'parcel'")).rows).toEqual([
      { tableowner: 'shop' },
    ]);
  });

  it('keeps a renewed credential working', async () => {
    const { id, credential } = await lease('app');
    const renewed = await vault<{ lease_duration: number }>('POST', 'sys/leases/renew', {
      lease_id: id,
      increment: 90,
    });

    expect(renewed.lease_duration).toBe(90);
    const { rows } = await asAdministrator(
      `SELECT rolvaliduntil > now() + interval '80 s' AS later FROM pg_roles WHERE rolname = '${credential.user}'`,
    );
    expect(rows).toEqual([{ later: true }]);
  });

  it('ends the sessions of a revoked credential, and refuses it from then on', async () => {
    const { id, credential } = await lease('app');
    const held = await open(credential);
    await held.query('SELECT 1');
    await vault('POST', 'sys/leases/revoke', { lease_id: id, sync: true });

    await expect(held.query('SELECT 1')).rejects.toThrow();
    await held.end().catch(() => undefined);
    await expect(session(credential, 'SELECT 1')).rejects.toMatchObject({ code: '28P01' });
    expect((await asAdministrator(`SELECT FROM pg_roles WHERE rolname = '${credential.user}'`)).rowCount).toBe(0);
  });

  it('drops a user that made objects of its own', async () => {
    await asAdministrator('GRANT CREATE ON SCHEMA public TO PUBLIC');
    const { id, credential } = await lease('app');
    await session(credential, 'SET ROLE NONE; CREATE TABLE public.mine (id int)');
    await vault('POST', 'sys/leases/revoke', { lease_id: id, sync: true });

    expect((await asAdministrator(`SELECT FROM pg_roles WHERE rolname = '${credential.user}'`)).rowCount).toBe(0);
    expect((await asAdministrator("SELECT tableowner FROM pg_tables WHERE tablename = 'mine'")).rows).toEqual([
      { tableowner: 'vault' },
    ]);
  });

  it('revokes without an error what was dropped by hand', async () => {
    const { id, credential } = await lease('app');
    await asAdministrator(`DROP ROLE "${credential.user}"`);

    await vault('POST', 'sys/leases/revoke', { lease_id: id, sync: true });
  });

  it('lets a consumer read its roles and renew, and nothing else', async () => {
    const vaultToken = await logIn('shop-login-machine');
    const { id, credential } = await lease('app', vaultToken);

    expect((await session(credential, 'SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    await vault('POST', 'sys/leases/renew', { lease_id: id }, vaultToken);
    for (const path of ['shop/creds/reader', 'shop/config/shop', 'shop/roles/app']) {
      await expect(vault('GET', path, undefined, vaultToken)).rejects.toThrow('403');
    }
  });

  it('ends a lease with the token that asked for it, which is why tokens outlive leases', async () => {
    const vaultToken = await logIn('shop-login-machine');
    const { credential } = await lease('app', vaultToken);
    await vault('POST', 'auth/token/revoke', { token: vaultToken });

    await expect
      .poll(async () => (await asAdministrator(`SELECT FROM pg_roles WHERE rolname = '${credential.user}'`)).rowCount)
      .toBe(0);
  });

  it('has no AWS auth method on OpenBao, which is why one is refused', async () => {
    await expect(vault('POST', 'sys/auth/aws', { type: 'aws' })).rejects.toThrow('plugin not found in the catalog');
  });

  it('lets a consumer follow the selector while the job turns the pair, and cuts nobody off', async () => {
    const [web, job] = [await logIn('turns-login-web'), await logIn('turns-login-job')];
    const current = async (): Promise<{ user: string; password: string }> => {
      const { data } = await vault<{ data: { data: { user: string } } }>('GET', 'secret/data/turns', undefined, web);
      const { data: found } = await vault<{ data: { username: string; password: string } }>(
        'GET',
        `shop/static-creds/${data.data.user}`,
        undefined,
        web,
      );
      return { user: found.username, password: found.password };
    };
    const who = async (as: { user: string; password: string }) =>
      (await session(as, 'SELECT session_user, current_user')).rows;
    const first = await current();
    expect(await who(first)).toEqual([{ session_user: 'shop_a', current_user: 'shop' }]);

    await vault('POST', 'shop/rotate-role/shop_b', {}, job);
    await vault('POST', 'secret/data/turns', { data: { user: 'shop_b', generation: 2 } }, job);

    const second = await current();
    expect(await who(second)).toEqual([{ session_user: 'shop_b', current_user: 'shop' }]);
    expect(await who(first)).toEqual([{ session_user: 'shop_a', current_user: 'shop' }]);

    await asAdministrator('ALTER ROLE shop_a NOLOGIN');
    await vault('POST', 'shop/rotate-role/shop_a', {}, job);
    await expect(session(first, 'SELECT 1')).rejects.toMatchObject({ code: '28P01' });
    await vault('POST', 'secret/data/turns', { data: { user: 'shop_a', generation: 3 } }, job);
    expect(await who(await current())).toEqual([{ session_user: 'shop_a', current_user: 'shop' }]);
    expect(await who(second)).toEqual([{ session_user: 'shop_b', current_user: 'shop' }]);

    await expect(vault('POST', 'shop/rotate-role/shop_a', {}, web)).rejects.toThrow('403');
    await expect(vault('POST', 'secret/data/turns', { data: {} }, web)).rejects.toThrow('403');
    await expect(vault('GET', 'shop/creds/app', undefined, job)).rejects.toThrow('403');
  });

  it('has no calendar for static roles on OpenBao, which is why one is refused', async () => {
    const body = { db_name: 'shop', username: 'shop_a', rotation_schedule: '0 4 * * 0' };
    await expect(vault('POST', 'shop/static-roles/shop_a2', body)).rejects.toThrow('rotation_period');
  });

  it('leaves no user behind when the mount goes with live leases', async () => {
    await lease('app');
    await lease('reader');
    expect(await leasedUsers()).not.toEqual([]);

    await vault('DELETE', 'sys/mounts/shop');

    await expect.poll(leasedUsers).toEqual([]);
  });
});
