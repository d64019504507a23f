import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

import type { RehearseOptions, Verdict } from '@keyturn/rehearsal';
import { survivesRotation } from '@keyturn/rehearsal/test';
import { PartMissing } from '@keyturn/services';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';

import { causesIn, verdictOn as verdictIn } from './verdict-on.js';

const apps = path.join(import.meta.dirname, 'rehearse-apps');
let folder: string;

beforeAll(async () => (folder = await mkdtemp(path.join(tmpdir(), 'keyturn-rehearse-'))));
afterAll(async () => await rm(folder, { recursive: true, force: true }));

const verdictOn = async (app: string, options: Partial<RehearseOptions> = {}): Promise<Verdict> =>
  await verdictIn(app, folder, options);

const told = ({ held }: Verdict): string[] => [...new Set(held.map(({ cause }) => cause))].sort();

/** A part of the store that cannot be had here. */
async function orSkip<Result>(context: TestContext, run: () => Promise<Result>): Promise<Result> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof PartMissing) return context.skip(error.message);
    throw error;
  }
}

/** So few requests that the pool has room to grow when a volley comes: only a new connection can be refused. */
const few = { rate: 10 };

describe('an application with one fault', () => {
  it.each([
    ['keeps its pool although it has read the newer credential', 'pool-kept.mjs', 'poolNotDrained', {}],
    ['reads its credential at its start alone', 'read-at-start.mjs', 'configNotReloaded', {}],
    ['reloads in one of its instances alone', 'leader-reloads.mjs', 'partialDeployment', {}],
    ['is told of the new password after the database is', 'watches.mjs', 'race', { faults: ['slow-store'] as const }],
  ])('that %s fails for it when a password is changed in place', async (_, app, cause, options) => {
    const verdict = await verdictOn(app, { strategy: 'in-place', ...few, ...options });
    expect(verdict.passed).toBe(false);
    expect(causesIn(verdict)).toContain(cause);
    expect(verdict.preventions.map((each) => each.cause)).toContain(cause);
  });

  it('that asks for the password alone joins a user and a password that never belonged together', async () => {
    const verdict = await verdictOn('user-kept.mjs', few);
    expect(causesIn(verdict)).toEqual(['wrongSecret']);
    expect(verdict.preventions.find(({ cause }) => cause === 'wrongSecret')?.component).toBe('DualUserDatabaseRole');
  });

  it('that reads its credential at its start alone is still holding it when two users rotate, and it is said where', async () => {
    const verdict = await verdictOn('read-at-start.mjs');
    expect(verdict.passed).toBe(false);
    expect(told(verdict)).toEqual(['configNotReloaded']);
    expect(verdict.held.map(({ instance }) => instance).sort()).toEqual(['instance 1', 'instance 2']);
    expect(verdict.checks.find(({ name }) => name === 'time to drain')).toMatchObject({ holds: false });
  });
});

describe('an application with two faults', () => {
  it('is told of both: one instance has read and keeps its pool, the other has not read', async () => {
    const verdict = await verdictOn('leader-reads.mjs');
    expect(verdict.passed).toBe(false);
    expect(told(verdict)).toEqual(['partialDeployment', 'poolNotDrained']);
  });

  it('is told of both: one pool joins an old user and a new password, the other keeps what it was made with', async () => {
    const verdict = await verdictOn('two-pools.mjs');
    expect(verdict.passed).toBe(false);
    expect(verdict.causes.wrongSecret).toBeGreaterThan(0);
    expect(told(verdict)).toEqual(['poolNotDrained']);
    expect(verdict.preventions.map(({ cause }) => cause).sort()).toEqual(['poolNotDrained', 'wrongSecret']);
  });
});

describe('an application that cannot be judged', () => {
  it('is not asked when another program has its port', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    try {
      await expect(verdictOn('follows.mjs', { port, instances: 1 })).rejects.toThrow(
        `Another program takes connections on port ${port}`,
      );
    } finally {
      server.close();
    }
  });

  it('fails when it ends by itself, with what it printed last', async () => {
    const verdict = await verdictOn('ends.mjs', { budget: { maxFailed: 1_000, maxDrainMs: 4_000 } });
    expect(verdict.passed).toBe(false);
    expect(verdict.fates.map(({ what }) => what)).toContain(
      'ended by itself with code 9; it printed last: The credential is not mine.',
    );
    expect(verdict.checks.find(({ name }) => name === 'application')).toMatchObject({ holds: false });
  });

  it.each([
    ['a setup that is no SQL', { setup: 'CREATE TABEL orders (id int)' }, 'The setup failed: syntax error'],
    ['an empty command line', { app: ' ' }, 'The command line of the application is empty'],
    ['a module that is not there', { app: { file: '/none.mjs', export: 'pool', sql: '' } }, '/none.mjs is not there'],
    ['a server that is away', { databaseUrl: 'postgres://one@127.0.0.1:1' }, 'Start it, or check host and port'],
  ])('is not started with %s', async (_, options, because) => {
    await expect(verdictOn('follows.mjs', options)).rejects.toThrow(because);
  });
});

describe('an application that follows', () => {
  it('passes with every fault of the way there', async () => {
    const verdict = await verdictOn('follows.mjs', {
      rotations: 2,
      faults: ['kill-rotator', 'restart-db', 'slow-store', 'stale-secret', 'lag'],
      budget: { maxFailed: 0, maxDrainMs: 10_000 },
    });
    expect(verdict.checks.filter(({ holds }) => !holds)).toEqual([]);
    expect(verdict).toMatchObject({ passed: true, rotations: 2, failed: 0, held: [], preventions: [] });
    expect(verdict.requests).toBeGreaterThan(50);
    expect(verdict.drainMs).toBeGreaterThan(0);
  });

  it.for([
    ['secrets-manager', 'secrets-manager.mjs'],
    ['vault', 'vault.mjs'],
  ] as const)('passes when it reads from the API of %s', async ([delivery, app], context) => {
    const verdict = await orSkip(context, async () => await verdictOn(app, { delivery }));
    expect(verdict).toMatchObject({ passed: true, failed: 0, observed: true });
  });

  it('passes with a credential in its environment when it is restarted', async () => {
    const verdict = await verdictOn('environment.mjs', { delivery: 'env', restart: true });
    expect(verdict).toMatchObject({ passed: true, failed: 0 });
  });
});

describe('a store', () => {
  it('that was read once is told from one that was read again', async (context) => {
    const verdict = await orSkip(
      context,
      async () => await verdictOn('secrets-manager-once.mjs', { delivery: 'secrets-manager' }),
    );
    expect(verdict.passed).toBe(false);
    expect(told(verdict)).toEqual(['configNotReloaded']);
  });
});

describe('a module', () => {
  it('whose pool follows survives', async () => {
    const verdict = await survivesRotation({ module: path.join(apps, 'pool.mjs'), rotations: 3 });
    expect(verdict).toMatchObject({ passed: true, failed: 0, rotations: 3 });
  });

  it('whose pool does not follow fails with the verdict as its message', async () => {
    await expect(survivesRotation({ module: path.join(apps, 'plain-pool.mjs'), maxDrainMs: 1_000 })).rejects.toThrow(
      /FAILED: .*prevent config not reloaded: rule require-pool-refresh/s,
    );
  });
});
