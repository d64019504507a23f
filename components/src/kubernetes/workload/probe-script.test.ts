import { execFile, execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { orNotRun, type PostgresServer, startPgbouncer, startPostgres } from '@keyturn/services';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { credentialParts } from './credential.js';
import { drainParts, DrainError } from './drain.js';
import { type LoginProbe, probeScripts, quoted } from './probe-script.js';

const root = path.resolve(import.meta.dirname, '../../../..');
const password = 'Right-Password-1';
let server: PostgresServer;
let folder: string;

beforeAll(async () => {
  server = await startPostgres();
  const client = new pg.Client({
    host: server.host,
    port: server.port,
    database: 'postgres',
    user: server.superuser,
    password: server.superuserPassword,
  });
  await client.connect();
  await client.query(`CREATE ROLE app_a LOGIN PASSWORD '${password}'`);
  await client.query(`CREATE ROLE app_off NOLOGIN PASSWORD '${password}'`);
  await client.end();
});
afterAll(async () => await server.stop());

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'keyturn-probe-'));
  mkdirSync(path.join(folder, 'latch'));
  return () => rmSync(folder, { recursive: true, force: true });
});

/** Mounts a credential as the kubelet does: a folder of its own, and the link `..data` swapped. */
function mount(generation: number | string, user = 'app_a', held = password): void {
  const mounted = path.join(folder, 'mount');
  const version = path.join(mounted, `..version-${String(generation).replaceAll(/\W/g, '')}-${user}`);
  mkdirSync(version, { recursive: true });
  for (const [name, text] of Object.entries({ username: user, password: held, generation: String(generation) }))
    writeFileSync(path.join(version, name), text);
  rmSync(path.join(mounted, '..data'), { force: true });
  symlinkSync(path.basename(version), path.join(mounted, '..data'));
}

interface Outcome {
  readonly ready: boolean;
  readonly says: string;
}

/** Runs the rendered probe as the kubelet does, in the folder of an application that has `pg`. */
async function probe(change: { port?: number; by?: 'node-pg' | 'psql'; atLeast?: number } = {}): Promise<Outcome> {
  const { port = server.port, by = 'node-pg' } = change;
  return await run({ by, host: server.host, port, database: 'postgres', tls: 'off' }, change.atLeast);
}

async function run(login: LoginProbe, atLeast?: number): Promise<Outcome> {
  const scripts = probeScripts({
    login,
    atLeast,
    credential: credentialParts({
      delivery: { kind: 'secret', secretName: 'db' },
      mountPath: path.join(folder, 'mount'),
    }).shell,
    latch: path.join(folder, 'latch'),
    scripts: folder,
  });
  for (const [name, text] of Object.entries(scripts)) {
    // The one of the probe before may only be read.
    rmSync(path.join(folder, name), { force: true });
    writeFileSync(path.join(folder, name), text);
    chmodSync(path.join(folder, name), 0o555);
  }
  return await new Promise((resolve) => {
    execFile(
      '/bin/sh',
      [path.join(folder, 'probe.sh')],
      { cwd: root, env: { PATH: process.env['PATH'] ?? '' } },
      (error, stdout, stderr) => {
        const says = stdout + stderr;
        expect(says).not.toContain(password);
        resolve({ ready: error === null, says: says.trim() });
      },
    );
  });
}

const closedPort = 9;

describe.each(['node-pg', 'psql'] as const)('the readiness that latches, with %s', (by) => {
  beforeEach((context) => {
    if (by !== 'psql') return;
    try {
      execFileSync('/bin/sh', ['-c', 'command -v psql']);
    } catch {
      context.skip('psql is not on the PATH');
    }
  });

  it('is there after one login', async () => {
    mount(1);
    expect(await probe({ by })).toEqual({ ready: true, says: '' });
    expect(readdirSync(path.join(folder, 'latch'))).toEqual(['ready-1']);
  });

  it('waits for the first login', async () => {
    mount(1);
    expect(await probe({ by, port: closedPort })).toEqual({
      ready: false,
      says: 'no credential, or no answer to the first login',
    });
  });

  it('stays when the database goes down after the first login', async () => {
    mount(1);
    await probe({ by });
    expect(await probe({ by, port: closedPort })).toEqual({ ready: true, says: '' });
  });

  it('stays when a new generation arrives while the database is down, and logs in once it is back', async () => {
    mount(1);
    await probe({ by });
    mount(2);
    expect((await probe({ by, port: closedPort })).ready).toBe(true);
    expect(readdirSync(path.join(folder, 'latch'))).toEqual(['ready-1']);
    expect((await probe({ by })).ready).toBe(true);
    expect(readdirSync(path.join(folder, 'latch'))).toEqual(['ready-1', 'ready-2']);
  });

  it('is not asked of files that are not there', async () => {
    mkdirSync(path.join(folder, 'mount'));
    expect(await probe({ by })).toEqual({ ready: false, says: 'no credential, or no answer to the first login' });
    mount(1);
    await probe({ by });
    rmSync(path.join(folder, 'mount'), { recursive: true });
    expect((await probe({ by })).ready).toBe(true);
  });

  it('is lost when the new generation is refused', async () => {
    mount(1);
    await probe({ by });
    mount(2, 'app_a', 'Wrong-Password-2');
    expect(await probe({ by })).toEqual({ ready: false, says: 'the login of generation 2 is refused' });
    mount(3, 'app_off');
    expect(await probe({ by })).toEqual({ ready: false, says: 'the login of generation 3 is refused' });
  });
});

it('is lost when a PgBouncer refuses, which has one code for everything', { timeout: 120_000 }, async (context) => {
  const users = { app_a: password };
  const { part: pooler, because } = await orNotRun(async () => await startPgbouncer({ upstream: server, users }));
  if (!pooler) return context.skip(because);
  try {
    mount(1, 'app_a', 'Wrong-Password-2');
    expect(await probe({ port: pooler.port })).toEqual({ ready: false, says: 'the login of generation 1 is refused' });
    mount(2, 'stranger');
    expect(await probe({ port: pooler.port })).toEqual({ ready: false, says: 'the login of generation 2 is refused' });
  } finally {
    await pooler.stop();
  }
});

it('is not ready with a generation that is too old, whatever was before', async () => {
  mount(2);
  expect((await probe()).ready).toBe(true);
  expect(await probe({ atLeast: 3 })).toEqual({ ready: false, says: 'holds generation 2, and 3 is needed' });
  mount(3);
  expect((await probe({ atLeast: 3 })).ready).toBe(true);
});

it('does not run what stands where a generation should', async () => {
  mount('1; touch /tmp/never');
  expect(await probe()).toEqual({ ready: false, says: 'the generation is not a number' });
});

it.each([
  { code: 0, ready: true, says: '' },
  { code: 3, ready: false, says: 'the login of generation 1 is refused' },
  { code: 1, ready: false, says: 'no credential, or no answer to the first login' },
])('takes exit code $code of a command of the image', async ({ code, ready, says }) => {
  mount(1);
  const command = ['/bin/sh', '-c', `[ "$DB_USER" = app_a ] && [ -n "$DB_PASSWORD" ] && exit ${code}`];
  expect(await run({ by: 'command', command })).toEqual({ ready, says });
});

it('reads the file of the Vault Agent', () => {
  const file = path.join(folder, 'shop');
  writeFileSync(file, 'DB_USER=app_a\nDB_PASSWORD=a=b\nDB_GENERATION=4\nDB_PREVIOUS_USER=app_b\n');
  const { shell } = credentialParts({ delivery: { kind: 'agent', file, podAnnotations: {} } });
  const script = [...shell, 'printf "%s|%s|%s" "$user" "$password" "$generation"'].join('\n');
  expect(execFileSync('/bin/sh', ['-c', script], { encoding: 'utf8' })).toBe('app_a|a=b|4');
});

it('gives words to a shell as they are', () => {
  const word = `it's $HOME "and" \`more\``;
  expect(execFileSync('/bin/sh', ['-c', `printf %s ${quoted(word)}`], { encoding: 'utf8' })).toBe(word);
});

describe('the drain', () => {
  it('gives a pod the time to settle, the longest request and the time to close', () => {
    const { preStop, terminationGracePeriodSeconds } = drainParts({ longestRequest: '30s', settle: '1s' });
    expect(terminationGracePeriodSeconds).toBe(36);
    const [command = '', ...args] = preStop.exec.command;
    const before = performance.now();
    execFileSync(command, args);
    expect(performance.now() - before).toBeGreaterThan(900);
  });

  it('is refused beyond an hour', () => {
    expect(() => drainParts({ longestRequest: 3_590_000 })).not.toThrow();
    expect(() => drainParts({ longestRequest: '1h' })).toThrow(DrainError);
  });
});
