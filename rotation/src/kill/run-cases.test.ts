import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import { orNotRun, startMariadb, startMysql, startOpenBao, startPostgres } from '@keyturn/services';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { asAdmin, type KillDatabase } from './databases.js';
import { runKillCases } from './run-cases.js';
import type { KillStore } from './stores.js';

// A slice of what test/bench/kill.ts does: the hardest point, on each database and two stores.
const points = ['withheld'] as const;
let folder: string;
const stops: (() => Promise<void>)[] = [];

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'keyturn-kill-'));
});

afterAll(async () => {
  for (const stop of stops) await stop();
  await rm(folder, { recursive: true, force: true });
});

const started = new Map<KillDatabase['kind'], Promise<KillDatabase | string>>();

/** The server of that kind with the tables of the journal, or why it is not there. */
async function databaseOf(kind: KillDatabase['kind']): Promise<KillDatabase | string> {
  const known = started.get(kind) ?? startDatabase(kind);
  started.set(kind, known);
  return await known;
}

async function startDatabase(kind: KillDatabase['kind']): Promise<KillDatabase | string> {
  const start = { postgres: startPostgres, mysql: startMysql, mariadb: startMariadb }[kind];
  // MySQL needs mvn, which is not on every machine.
  const { part, because } = await orNotRun(() => start(), { optional: kind === 'mysql' });
  if (part === undefined) return because;
  stops.push(part.stop);
  const { host, port, superuser: user, superuserPassword: password } = part;
  const name = kind === 'postgres' ? 'postgres' : 'app';
  const database: KillDatabase = { kind, host, port, name, admin: { user, password } };
  if (kind !== 'postgres') await asAdmin(database, 'CREATE DATABASE app');
  return database;
}

const file = (): KillStore => ({ kind: 'env-file', folder });

it.for([
  // Commits: intent, set, finish. Renames: pending version, rendered file, its record.
  { kind: 'postgres', run: 'advance', strategy: 'dual-user', effects: 6 },
  // Commits: locked, retired.
  { kind: 'postgres', run: 'retire', strategy: 'dual-user', effects: 2 },
  // Commits: undo decided, undone.
  { kind: 'postgres', run: 'undo', strategy: 'dual-user', effects: 2 },
  { kind: 'postgres', run: 'bootstrap', strategy: 'dual-user', effects: 1 },
  // Commits: intent, generation, set, finish; the account statement; renames as above.
  { kind: 'mariadb', run: 'advance', strategy: 'dual-user', effects: 8 },
  // Retires the second password before: decided and done, locked and retired, and the account statement of the latter.
  { kind: 'mysql', run: 'advance', strategy: 'dual-password', effects: 13 },
] as const)(
  'a process killed around any effect of $run, $strategy on $kind, loses no credential and no login, and a new one finishes the work',
  { timeout: 300_000 },
  async ({ kind, run, strategy, effects }, context) => {
    const database = await databaseOf(kind);
    if (typeof database === 'string') return context.skip(database);
    const target = { database, store: file(), strategy, prefix: kind.slice(0, 2) };
    const { logins, lateLogins, storeEffects, ...report } = await runKillCases(target, run, { points });
    expect(report).toEqual({
      cases: effects,
      kills: effects,
      refusedLogins: [],
      lostCredentials: [],
      notConverged: [],
    });
    expect(logins).toBeGreaterThan(run === 'bootstrap' ? 0 : 5);
    expect(lateLogins).toBeLessThan(logins);
    expect(storeEffects).toBe(run === 'advance' ? 3 : 0);
  },
);

it('a process killed around the requests to a store of another kind loses nothing either', async (context) => {
  const { part: bao, because } = await orNotRun(startOpenBao);
  if (bao === undefined) return context.skip(because);
  stops.push(bao.stop);
  const database = await databaseOf('postgres');
  if (typeof database === 'string') return context.skip(database);
  const store: KillStore = { kind: 'vault', url: bao.url, token: bao.rootToken };
  const target = { database, store, strategy: 'dual-user', prefix: 'va' } as const;
  const { cases, kills, ...report } = await runKillCases(target, 'advance', { points });
  expect(cases).toBeGreaterThan(4);
  expect(kills).toBe(cases);
  expect(report).toMatchObject({ refusedLogins: [], lostCredentials: [], notConverged: [] });
}, 300_000);

it('counts the window of a single user apart, and catches a rotator that changes the password before it publishes it', async (context) => {
  const database = await databaseOf('postgres');
  if (typeof database === 'string') return context.skip(database);
  const single = { database, store: file(), strategy: 'single-user', prefix: 'si' } as const;
  const own = await runKillCases(single, 'advance', { points });
  expect(own).toMatchObject({ refusedLogins: [], lostCredentials: [], notConverged: [] });
  expect(own.window?.undisturbedMs).toBeGreaterThan(0);
  expect(own.window?.killedMs).toBeGreaterThan(own.window?.undisturbedMs ?? 0);
  expect(own.window?.refusedLogins).toBeGreaterThan(0);

  const driver = pathToFileURL(path.resolve('test/bench/kill/naive-driver.mjs')).href;
  const naive = { database, store: file(), strategy: 'dual-user', prefix: 'na', driver } as const;
  const caught = await runKillCases(naive, 'advance', { points });
  expect(caught).toMatchObject({ cases: 2, kills: 2, lostCredentials: [], notConverged: [] });
  expect(caught.refusedLogins.join('\n')).toContain('28P01');
}, 300_000);
