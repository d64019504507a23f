import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { onPath } from './debian.js';
import { freePort } from './free-port.js';
import { PartMissing } from './part-missing.js';
import { startServerProcess } from './server-process.js';

/** Names a `proxysql` that is not on the PATH. */
export const proxysqlVariable = 'KEYTURN_PROXYSQL';

export interface ProxysqlServerOptions {
  /** The MySQL or MariaDB behind it. */
  readonly upstream: { readonly host: string; readonly port: number };
  /** Users it knows: name → clear text password or verifier. */
  readonly users?: Readonly<Record<string, string>>;
  /** Variables such as `{ 'mysql-default_authentication_plugin': 'caching_sha2_password' }`. */
  readonly settings?: Readonly<Record<string, string | number>>;
}

/** A running ProxySQL, and its admin interface. */
export interface ProxysqlServer {
  readonly host: string;
  readonly port: number;
  readonly adminPort: number;
  readonly adminUser: string;
  readonly adminPassword: string;
  /** Certificate authority of its certificate, which is for 127.0.0.1. */
  readonly caFile: string;
  log(): string;
  /** Ends it without a warning, and starts it again with what it has on disk. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts a ProxySQL 2 on free ports of 127.0.0.1: the one that `KEYTURN_PROXYSQL` names, else from the PATH. Debian has no package
 * of it. It does not outlive this process.
 *
 * @throws PartMissing when there is none.
 */
export async function startProxysql(options: ProxysqlServerOptions): Promise<ProxysqlServer> {
  const program = installed();
  const folder = mkdtempSync(path.join(tmpdir(), 'keyturn-proxysql-'));
  const config = path.join(folder, 'proxysql.cnf');
  const [port, adminPort] = [await freePort(), await freePort()];
  const adminUser = 'keyturn_console';
  const adminPassword = randomBytes(18).toString('base64url');
  const admin = { admin_credentials: `${adminUser}:${adminPassword}`, mysql_ifaces: `127.0.0.1:${adminPort}` };
  const { host, port: behind } = options.upstream;
  const mysql = { interfaces: `127.0.0.1:${port}`, threads: 2, monitor_enabled: 'false', have_ssl: 'true' };
  const users = Object.entries(options.users ?? {}).map(
    ([username, password]) => `{ username=${text(username)}, password=${text(password)}, default_hostgroup=0 }`,
  );
  writeFileSync(
    config,
    [
      `datadir=${text(folder)}`,
      `admin_variables=\n{\n${variables(admin, 'admin-', options.settings)}\n}`,
      `mysql_variables=\n{\n${variables(mysql, 'mysql-', options.settings)}\n}`,
      `mysql_servers=( { address=${text(host)}, port=${behind}, hostgroup=0 } )`,
      `mysql_users=( ${users.join(', ')} )`,
      '',
    ].join('\n'),
    { mode: 0o600 },
  );
  const start = async () => {
    const server = await startServerProcess({
      command: program,
      args: ['--foreground', '--exit-on-error', '--no-version-check', '-c', config, '-D', folder],
      cwd: folder,
      ready: 'Standard Query Processor',
      stopSignal: 'SIGTERM',
      folders: [folder],
    });
    for (const each of [adminPort, port]) await listening(each);
    return server;
  };
  try {
    certify(folder);
    let server = await start();
    return {
      host: '127.0.0.1',
      port,
      adminPort,
      adminUser,
      adminPassword,
      caFile: path.join(folder, 'proxysql-ca.pem'),
      log: () => server.log(),
      restart: async () => {
        await server.stop('SIGKILL');
        server = await start();
      },
      stop: async () => {
        await server.stop();
        rmSync(folder, { recursive: true, force: true });
      },
    };
  } catch (cause) {
    rmSync(folder, { recursive: true, force: true });
    throw new PartMissing('ProxySQL', String(cause), { cause });
  }
}

/** It makes a certificate for itself that names no host, unless there is one. */
function certify(folder: string): void {
  const file = (name: string): string => path.join(folder, `proxysql-${name}.pem`);
  const openssl = (...args: readonly string[]): void =>
    void execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  const made = ['-newkey', 'rsa:2048', '-nodes', '-days', '2'] as const;
  openssl('req', '-x509', ...made, '-subj', '/CN=ProxySQL CA', '-keyout', 'ca-key.pem', '-out', file('ca'));
  openssl('req', ...made.slice(0, 3), '-subj', '/CN=ProxySQL', '-keyout', file('key'), '-out', 'request.pem');
  writeFileSync(path.join(folder, 'names'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n');
  const signed = ['-in', 'request.pem', '-CA', file('ca'), '-CAkey', 'ca-key.pem', '-CAcreateserial', '-days', '2'];
  openssl('x509', '-req', ...signed, '-extfile', 'names', '-out', file('cert'));
}

/** Resolves when something takes connections there. */
async function listening(port: number): Promise<void> {
  const started = Date.now();
  for (;;) {
    const taken = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true));
      socket.once('error', () => resolve(false));
      socket.once('close', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
    if (taken) return;
    if (Date.now() - started > 20_000) throw new Error(`Nothing listens on port ${port} after 20 s.`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function installed(): string {
  const named = process.env[proxysqlVariable];
  if (named !== undefined && named !== '') {
    if (existsSync(named)) return named;
    throw new PartMissing('ProxySQL', `${proxysqlVariable} names ${named}, which is not there`);
  }
  const found = onPath('proxysql');
  if (found !== undefined) return found;
  throw new PartMissing('ProxySQL', `no proxysql is on the PATH, and ${proxysqlVariable} names none`);
}

function variables(
  own: Readonly<Record<string, string | number>>,
  prefix: string,
  settings: Readonly<Record<string, string | number>> = {},
): string {
  const wanted = Object.entries(settings).filter(([name]) => name.startsWith(prefix));
  const all = { ...own, ...Object.fromEntries(wanted.map(([name, value]) => [name.slice(prefix.length), value])) };
  return Object.entries(all)
    .map(
      ([name, value]) =>
        `  ${name}=${typeof value === 'number' ? value : ['true', 'false'].includes(value) ? value : text(value)}`,
    )
    .join('\n');
}

function text(value: string): string {
  return `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}
