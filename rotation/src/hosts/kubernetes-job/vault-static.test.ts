import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { type HostSettings, hostExitCodes, hostVariables } from '@keyturn/plan';
import {
  mountPostgres,
  type OpenBao,
  orNotRun,
  type PostgresServer,
  startOpenBao,
  startPostgres,
  writeMountedLogin,
} from '@keyturn/services';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { runKubernetesJob } from './job.js';

const folder = mkdtempSync(path.join(tmpdir(), 'keyturn-vault-job-'));
const admin = path.join(folder, 'admin');
const tokenFile = path.join(folder, 'token');
const keys = generateKeyPairSync('rsa', { modulusLength: 2048 });
let bao: OpenBao | undefined;
let server: PostgresServer | undefined;
let missing = '';

beforeAll(async () => {
  const started = await orNotRun(startOpenBao);
  bao = started.part;
  missing = started.because ?? '';
  if (!bao) return;
  server = await startPostgres();
  writeMountedLogin(admin, server.superuser, server.superuserPassword);
  writeFileSync(tokenFile, `${serviceAccountToken('rotator')}\n`);

  for (const sql of ['CREATE ROLE shop', 'CREATE ROLE shop_a IN ROLE shop', 'CREATE ROLE shop_b IN ROLE shop'])
    await query({ user: server.superuser, password: server.superuserPassword }, sql);
  await mountPostgres(bao, server);
  for (const user of ['shop_a', 'shop_b']) {
    await ask('POST', `database/static-roles/${user}`, {
      db_name: 'shop',
      username: user,
      rotation_period: 315_360_000,
      rotation_statements: [`ALTER ROLE "{{name}}" LOGIN PASSWORD '{{password}}'`],
    });
  }
  await ask('POST', 'secret/data/shop', { data: { user: 'shop_a', generation: 1 } });
  const rules = [
    ['secret/data/shop', '"create", "read", "update"'],
    ...['a', 'b'].flatMap((letter) => [
      [`database/static-creds/shop_${letter}`, '"read"'],
      [`database/rotate-role/shop_${letter}`, '"update"'],
    ]),
  ];
  const policy = rules.map(([at, can]) => `path "${at}" { capabilities = [${can}] }`).join('\n');
  await ask('POST', 'sys/policies/acl/rotator', { policy });
  // The API server of a cluster signs such tokens; here a key of our own does, and the auth method that knows it stands where `kubernetes` would.
  await ask('POST', 'sys/auth/cluster', { type: 'jwt' });
  await ask('POST', 'auth/cluster/config', {
    jwt_validation_pubkeys: [keys.publicKey.export({ type: 'spki', format: 'pem' })],
  });
  await ask('POST', 'auth/cluster/role/rotator', {
    role_type: 'jwt',
    user_claim: 'sub',
    bound_subject: 'system:serviceaccount:shop:rotator',
    bound_audiences: ['vault'],
    token_policies: ['rotator'],
  });
}, 120_000);
afterAll(async () => {
  await bao?.stop();
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach((context) => {
  if (!bao) context.skip(missing);
});

function serviceAccountToken(name: string): string {
  const text = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');
  const now = Math.floor(Date.now() / 1_000);
  const claims = { sub: `system:serviceaccount:shop:${name}`, aud: 'vault', iat: now, exp: now + 600 };
  const signed = `${text({ alg: 'RS256', typ: 'JWT' })}.${text(claims)}`;
  return `${signed}.${sign('RSA-SHA256', Buffer.from(signed), keys.privateKey).toString('base64url')}`;
}

const ask = async (method: string, at: string, body?: object): Promise<{ data?: Record<string, unknown> }> =>
  (await bao?.ask(method, at, body)) ?? {};

async function query(login: { user: string; password: string }, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ host: server?.host ?? '', port: server?.port ?? 0, database: 'postgres', ...login });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

async function published(): Promise<{ user: string; password: string }> {
  const { user } = (await ask('GET', 'secret/data/shop')).data?.['data'] as { user: string };
  const { data } = await ask('GET', `database/static-creds/${user}`);
  return { user, password: String(data?.['password']) };
}

async function job(
  command: string,
  login: { role: string; mount?: string; tokenFile?: string } = { role: 'rotator', mount: 'cluster', tokenFile },
): Promise<{ code: number; text: string }> {
  const settings: HostSettings = {
    pair: { name: 'shop', sharedRole: 'shop', users: ['shop_a', 'shop_b'] },
    plan: { strategy: 'dual-user', every: '1h', consumers: [] },
    database: { host: server?.host ?? '', port: server?.port ?? 0, dbname: 'postgres', admin, tls: 'off' },
    store: { kind: 'vault-static', address: bao?.url ?? '', selector: 'shop', login },
    bootstrap: true,
  };
  const lines: string[] = [];
  const env = { [hostVariables.settings]: JSON.stringify(settings) };
  const code = await runKubernetesJob({ env, command, write: (line) => lines.push(line) });
  return { code, text: lines.join('\n') };
}

describe('the Kubernetes job with a pair whose passwords Vault makes', () => {
  it('logs in as its service account, takes the pair over, and turns it with the rights of the component', async () => {
    const first = await published();
    const looked = await job('tend');
    expect(looked, looked.text).toMatchObject({ code: hostExitCodes.done });
    expect(await published()).toEqual(first);

    const turned = await job('advance');
    expect(turned, turned.text).toMatchObject({ code: hostExitCodes.done });
    const second = await published();
    expect(second.user).toBe('shop_b');
    expect(await query(second, 'SELECT session_user, current_user')).toEqual([
      { session_user: 'shop_b', current_user: 'shop' },
    ]);
    await query(first, 'SELECT 1');

    const retired = await job('retire');
    expect(retired, retired.text).toMatchObject({ code: hostExitCodes.done });
    await expect(query(first, 'SELECT 1')).rejects.toThrow();
    for (const text of [looked.text, turned.text, retired.text]) {
      expect(text).not.toContain(first.password);
      expect(text).not.toContain(second.password);
    }
  });

  it('says who was refused, and nothing of a token', async () => {
    const stranger = path.join(folder, 'stranger');
    writeFileSync(stranger, serviceAccountToken('somebody'));
    const { code, text } = await job('advance', { role: 'rotator', mount: 'cluster', tokenFile: stranger });
    expect(code).toBe(hostExitCodes.failed);
    expect(text).toContain('Vault auth/cluster: the role rotator was refused: status 400');
    expect(text).not.toContain(serviceAccountToken('somebody').slice(0, 40));

    const none = await job('advance', { role: 'rotator', mount: 'cluster', tokenFile: path.join(folder, 'none') });
    expect(none.code).toBe(hostExitCodes.failed);
    expect(none.text).toContain('cannot be read. Mount the token of a service account there.');

    const unknown = await job('advance', { role: 'rotator', path: 'cluster' } as never);
    expect(unknown.code).toBe(hostExitCodes.settings);
    expect(unknown.text).toContain('unknown key \\"path\\"');
  });
});
