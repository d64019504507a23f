import { randomBytes } from 'node:crypto';
import { chownSync, cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { type Account, everybodyCanReach, unprivilegedAccount } from './account.js';
import { type DebianProgram, debianProgram, debianProgramIn } from './debian.js';
import { freePort } from './free-port.js';
import { PartMissing } from './part-missing.js';
import { startServerProcess } from './server-process.js';

export interface PgbouncerOptions {
  /** The PostgreSQL server behind it. */
  readonly upstream: { readonly host: string; readonly port: number };
  /** Users it knows: name → clear text password or SCRAM verifier. Others are looked up by `authQuery`. */
  readonly users?: Readonly<Record<string, string>>;
  /** Looks users up in the database: `auth_user` (must be one of `users`, with its clear text password) and the query. */
  readonly authQuery?: { readonly user: string; readonly query: string };
  readonly poolMode?: 'session' | 'transaction' | 'statement';
  /** Further lines of the `[pgbouncer]` section. */
  readonly settings?: Readonly<Record<string, string | number>>;
}

/** A running PgBouncer. Its console is the database `pgbouncer`. */
export interface Pgbouncer {
  readonly host: string;
  readonly port: number;
  readonly adminUser: string;
  readonly adminPassword: string;
  /** The file with the users it knows; RELOAD on the console makes it read the file again. */
  readonly userlist: string;
  log(): string;
  stop(): Promise<void>;
}

/**
 * Starts PgBouncer on a free port of 127.0.0.1: from the PATH, else from Debian's package. It does not outlive this process.
 *
 * @throws PartMissing when the program cannot be had.
 */
export async function startPgbouncer(options: PgbouncerOptions): Promise<Pgbouncer> {
  const installed = await debianProgram({ name: 'pgbouncer', file: 'usr/sbin/pgbouncer', package: 'pgbouncer' });
  const account = unprivilegedAccount();
  const folder = mkdtempSync(path.join(tmpdir(), 'keyturn-pgbouncer-'));
  const { program, env } = reachable(installed, folder, account);
  const [config, userlist] = [path.join(folder, 'pgbouncer.ini'), path.join(folder, 'userlist.txt')];
  const adminUser = 'keyturn_console';
  const adminPassword = randomBytes(18).toString('base64url');
  const port = await freePort();
  const settings = {
    listen_addr: '127.0.0.1',
    listen_port: port,
    unix_socket_dir: '',
    auth_type: 'scram-sha-256',
    auth_file: userlist,
    admin_users: adminUser,
    pool_mode: options.poolMode ?? 'session',
    ignore_startup_parameters: 'extra_float_digits',
    ...(options.authQuery ? { auth_user: options.authQuery.user, auth_query: options.authQuery.query } : {}),
    ...options.settings,
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  const upstream = `* = host=${options.upstream.host} port=${options.upstream.port}`;
  writeFileSync(config, ['[databases]', upstream, '', '[pgbouncer]', ...lines, ''].join('\n'), { mode: 0o600 });
  const users = Object.entries({ ...options.users, [adminUser]: adminPassword });
  writeFileSync(userlist, users.map(([name, secret]) => `"${name}" "${secret}"\n`).join(''), { mode: 0o600 });
  if (account) for (const owned of [folder, config, userlist]) chownSync(owned, account.uid, account.gid);
  try {
    const server = await startServerProcess({
      command: program,
      args: [config],
      env,
      cwd: folder,
      account,
      ready: 'process up',
      stopSignal: 'SIGTERM',
      folders: [folder],
    });
    return {
      host: '127.0.0.1',
      port,
      adminUser,
      adminPassword,
      userlist,
      log: () => server.log(),
      stop: async () => {
        await server.stop();
        rmSync(folder, { recursive: true, force: true });
      },
    };
  } catch (cause) {
    rmSync(folder, { recursive: true, force: true });
    throw new PartMissing('PgBouncer', String(cause), { cause });
  }
}

/** It refuses to run as root: where the account it runs as cannot walk down to the cache, it gets a copy that goes with the folder. */
function reachable(installed: DebianProgram, folder: string, account: Account | undefined): DebianProgram {
  if (!account || installed.root === '/' || everybodyCanReach(path.dirname(installed.program))) return installed;
  const root = path.join(folder, 'root');
  cpSync(installed.root, root, { recursive: true, verbatimSymlinks: true });
  return debianProgramIn(root, path.relative(installed.root, installed.program));
}
