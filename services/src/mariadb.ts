import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

import { everybodyCanReach, unprivilegedAccount } from './account.js';
import { debianProgram } from './debian.js';
import { freePort } from './free-port.js';
import { PartMissing } from './part-missing.js';
import { startServerProcess } from './server-process.js';

const run = promisify(execFile);

export interface MariadbOptions {
  /** Server options such as `{ userstat: 1 }`. */
  readonly settings?: Readonly<Record<string, string | number>>;
}

/** A running MariaDB server. */
export interface MariadbServer {
  readonly host: string;
  readonly port: number;
  readonly superuser: string;
  readonly superuserPassword: string;
  log(): string;
  /** Kills the server, as a crash would, and starts it again on the same port. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts a MariaDB of its own on a free port of 127.0.0.1: `mariadbd` from the PATH, else from Debian's package, unpacked into the cache.
 * It does not outlive this process.
 *
 * @throws PartMissing when the program cannot be had.
 */
export async function startMariadb(options: MariadbOptions = {}): Promise<MariadbServer> {
  const account = unprivilegedAccount();
  const { program, root, env } = await debianProgram({
    name: 'mariadbd',
    file: 'usr/sbin/mariadbd',
    package: 'mariadb-server-core',
  });
  if (account && !everybodyCanReach(path.dirname(program))) {
    // The account that the server runs as cannot walk down to the cache; as root we may run it ourselves, which MariaDB allows by name.
    return await startIn({ program, root, env, account: undefined, userArgs: ['--user=root'] }, options);
  }
  return await startIn({ program, root, env, account, userArgs: [] }, options);
}

interface Installation {
  readonly program: string;
  readonly root: string;
  readonly env: NodeJS.ProcessEnv;
  readonly account: ReturnType<typeof unprivilegedAccount>;
  readonly userArgs: readonly string[];
}

async function startIn(installation: Installation, options: MariadbOptions): Promise<MariadbServer> {
  const { program, root, env, account, userArgs } = installation;
  const folder = mkdtempSync(path.join(tmpdir(), 'keyturn-mariadb-'));
  const data = path.join(folder, 'data');
  mkdirSync(path.join(data, 'mysql'), { recursive: true });
  const superuserPassword = randomBytes(24).toString('base64url');
  const bootstrap = path.join(folder, 'bootstrap.sql');
  const share = path.join(root, 'usr/share/mysql');
  try {
    const { stdout: systemTables } = await run(
      'cat',
      [
        'mysql_system_tables.sql',
        'mysql_performance_tables.sql',
        'mysql_system_tables_data.sql',
        'fill_help_tables.sql',
      ].map((file) => path.join(share, file)),
      { maxBuffer: 64 * 1024 * 1024 },
    );
    writeFileSync(
      bootstrap,
      `CREATE DATABASE IF NOT EXISTS mysql;\nUSE mysql;\nSET @auth_root_socket=NULL;\n${systemTables}\n` +
        `DELETE FROM mysql.global_priv WHERE User='' OR (User='root' AND Host<>'localhost');\nFLUSH PRIVILEGES;\n` +
        `CREATE OR REPLACE USER root@'127.0.0.1' IDENTIFIED BY '${superuserPassword}';\nGRANT ALL ON *.* TO root@'127.0.0.1' WITH GRANT OPTION;\n` +
        `DROP USER IF EXISTS root@localhost;\n`,
      { mode: 0o600 },
    );
    for (const owned of [folder, data, path.join(data, 'mysql'), bootstrap]) {
      if (account) chownSync(owned, account.uid, account.gid);
    }
    chmodSync(folder, 0o700);
    const common = [
      '--no-defaults',
      `--datadir=${data}`,
      // Servers that start beside each other take away each other's temporary tables in a folder that they share.
      `--tmpdir=${folder}`,
      `--lc-messages-dir=${share}`,
      `--character-sets-dir=${path.join(share, 'charsets')}`,
      ...userArgs,
    ];
    const as = {
      cwd: folder,
      env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C', ...env },
      ...(account ? { uid: account.uid, gid: account.gid } : {}),
    };
    await run(
      '/bin/sh',
      [
        '-c',
        `exec "$@" < ${JSON.stringify(bootstrap)}`,
        'sh',
        program,
        ...common,
        '--bootstrap',
        '--log-warnings=0',
        '--innodb-flush-method=fsync',
      ],
      {
        ...as,
        maxBuffer: 64 * 1024 * 1024,
      },
    );
    rmSync(bootstrap);

    const port = await freePort();
    const settings = {
      'performance-schema': 'OFF',
      'innodb-buffer-pool-size': '32M',
      // With 0, what a restart by SIGKILL loses includes the last second of changed passwords.
      'innodb-flush-log-at-trx-commit': 2,
      'skip-name-resolve': 1,
      ...options.settings,
    };
    const start = async () =>
      await startServerProcess({
        command: program,
        args: [
          ...common,
          `--port=${port}`,
          '--bind-address=127.0.0.1',
          `--socket=${path.join(folder, 'socket')}`,
          `--pid-file=${path.join(folder, 'pid')}`,
          ...Object.entries(settings).map(([name, value]) => `--${name}=${value}`),
        ],
        env,
        cwd: folder,
        account,
        ready: 'ready for connections',
        stopSignal: 'SIGTERM',
        folders: [folder],
      });
    let server = await start();
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
  } catch (cause) {
    rmSync(folder, { recursive: true, force: true });
    throw new PartMissing(
      'MariaDB',
      `it did not start: ${String((cause as { stderr?: unknown }).stderr ?? cause).slice(-1_000)}`,
      { cause },
    );
  }
}
