import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import type { RehearseOptions, Verdict } from '@keyturn/rehearsal';
import { survivesRotation } from '@keyturn/rehearsal/test';
import { type MariadbServer, orNotRun, startMariadb, startMysql } from '@keyturn/services';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { verdictOn } from './verdict-on.js';

const apps = path.join(import.meta.dirname, 'rehearse-apps', 'mysql');
const servers = [
  { database: 'mariadb', start: startMariadb },
  { database: 'mysql', start: startMysql },
] as const;

describe.each(servers)('a rehearsal on $database', ({ database, start }) => {
  let folder: string;
  let server: MariadbServer | undefined;
  let missing = '';

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'keyturn-rehearse-'));
    // MySQL needs mvn, which is not on every machine.
    const started = await orNotRun(() => start({ settings: { ssl: 0 } }), { optional: database === 'mysql' });
    server = started.part;
    missing = started.because ?? '';
  }, 300_000);
  afterAll(async () => {
    await server?.stop();
    await rm(folder, { recursive: true, force: true });
  });
  beforeEach((context) => {
    if (!server) context.skip(missing);
  });

  const url = (): string => {
    const { superuser = '', superuserPassword = '', host = '', port = 0 } = server ?? {};
    return `${database}://${superuser}:${superuserPassword}@${host}:${port}`;
  };

  const onOwnServer = async (app: string, options: Partial<RehearseOptions> = {}): Promise<Verdict> =>
    await verdictOn(path.join('mysql', app), folder, { database, ...options });

  /** On the server that most of these tests share, so that they need not wait for one. */
  async function onNamedServer(app: string, options: Partial<RehearseOptions> = {}): Promise<Verdict> {
    return await onOwnServer(app, { databaseUrl: url(), ...options });
  }

  async function leftOf(): Promise<readonly string[]> {
    const { host = '', port = 0, superuser: user = '', superuserPassword: password = '' } = server ?? {};
    const connection = await createConnection({ host, port, user, password });
    const [rows] = await connection.query<RowDataPacket[]>(
      `SELECT User AS name FROM mysql.user UNION SELECT SCHEMA_NAME FROM information_schema.SCHEMATA`,
    );
    await connection.end();
    return rows.map((row) => String(row['name'])).filter((name) => /^(rehearsal_|keyturn)/.test(name));
  }

  it('names cause, rule and component when the application read its credential at its start alone', async () => {
    const verdict = await onNamedServer('read-at-start.mjs', { strategy: 'in-place', rate: 10 });
    expect(verdict.passed).toBe(false);
    expect(verdict.observed).toBe(true);
    expect(verdict.causes.configNotReloaded).toBeGreaterThan(0);
    expect(verdict.causes).toMatchObject({ wrongSecret: 0, partialDeployment: 0, poolNotDrained: 0 });
    expect(verdict.preventions).toContainEqual(
      expect.objectContaining({
        cause: 'configNotReloaded',
        rule: 'require-pool-refresh',
        component: '@keyturn/pool',
      }),
    );
  });

  it('says which instance still holds the old user when a pool is kept, and leaves nothing on the server', async () => {
    const verdict = await onNamedServer('pool-kept.mjs');
    expect(verdict.passed).toBe(false);
    expect(verdict.held.map(({ instance, cause }) => `${instance}: ${cause}`).sort()).toEqual([
      'instance 1: poolNotDrained',
      'instance 2: poolNotDrained',
    ]);
    expect(verdict.held.every(({ connections }) => connections > 0)).toBe(true);
    expect(await leftOf()).toEqual([]);
  });

  it('passes an application that follows, with every fault of the way there', async () => {
    const verdict = await onOwnServer('follows.mjs', {
      faults: ['kill-rotator', 'restart-db', 'slow-store', 'stale-secret', 'lag'],
      budget: { maxFailed: 0, maxDrainMs: 15_000 },
    });
    expect(verdict.checks.filter(({ holds }) => !holds)).toEqual([]);
    expect(verdict).toMatchObject({ passed: true, rotations: 1, failed: 0, held: [], preventions: [] });
    expect(verdict.requests).toBeGreaterThan(40);
  });

  if (database === 'mysql') {
    it('passes an application that follows to another password of its user', async () => {
      const verdict = await onNamedServer('follows.mjs', { strategy: 'dual-password' });
      expect(verdict).toMatchObject({ passed: true, rotations: 1, failed: 0, held: [] });
      expect(await leftOf()).toEqual([]);
    });

    it('says who still holds the older one of two passwords', async () => {
      const verdict = await onNamedServer('pool-kept.mjs', { strategy: 'dual-password' });
      expect(verdict.passed).toBe(false);
      expect(verdict.held.map(({ instance, cause }) => `${instance}: ${cause}`).sort()).toEqual([
        'instance 1: poolNotDrained',
        'instance 2: poolNotDrained',
      ]);
    });
  } else {
    it('refuses two passwords of one user where a user has one', async () => {
      await expect(onNamedServer('follows.mjs', { strategy: 'dual-password' })).rejects.toThrow(
        'A user of MariaDB has one password at a time. Rehearse the strategy "dual-user", or "dual-password" on MySQL.',
      );
    });
  }

  it('passes with a credential in the environment when the instances are restarted', async () => {
    const verdict = await onNamedServer('environment.mjs', {
      delivery: 'env',
      restart: true,
    });
    expect(verdict).toMatchObject({ passed: true, failed: 0 });
  });

  it('passes a module whose pool follows', async () => {
    const verdict = await survivesRotation({
      database,
      module: path.join(apps, 'pool.mjs'),
      setup: 'CREATE TABLE orders (id int); INSERT INTO orders VALUES (1)',
      sql: 'SELECT id FROM orders',
    });
    expect(verdict).toMatchObject({ passed: true, failed: 0 });
  });

  it('fails a module whose pool of callbacks does not follow', async () => {
    await expect(
      survivesRotation({ database, module: path.join(apps, 'plain-pool.mjs'), maxDrainMs: 1_000 }),
    ).rejects.toThrow(/FAILED: .*prevent config not reloaded: rule require-pool-refresh/s);
  });

  it.each([
    [
      'another kind of server',
      { database: database === 'mysql' ? 'mariadb' : 'mysql' },
      /Say --database (mysql|mariadb)\./,
    ],
    ['a user that may not log in', { databaseUrl: () => url().replace(/:[^:@]+@/, ':wrong@') }, /cannot be used/],
    ['a setup with a command of the program mysql', { setup: 'DELIMITER //\nSELECT 1//' }, /DELIMITER/],
  ] as const)('refuses %s in one sentence', async (_, options, because) => {
    const databaseUrl = 'databaseUrl' in options ? options.databaseUrl() : url();
    await expect(onNamedServer('follows.mjs', { ...options, databaseUrl })).rejects.toThrow(because);
    expect(await leftOf()).toEqual([]);
  });
});
