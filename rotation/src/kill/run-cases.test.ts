import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { type PostgresServer, startPostgres } from '@keyturn/services';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { killPoints } from './point.js';
import { type KillTarget, runKillCases } from './run-cases.js';

let server: PostgresServer;
let folder: string;
let target: KillTarget;

beforeAll(async () => {
  server = await startPostgres();
  folder = await mkdtemp(path.join(tmpdir(), 'keyturn-kill-'));
  const { host, port, superuser, superuserPassword } = server;
  target = {
    host,
    port,
    admin: { user: superuser, password: superuserPassword },
    store: { kind: 'env-file', folder },
    prefix: 'kill',
  };
});

afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

it.each([
  // Commits: intent, set, finish. Renames: pending version, rendered file, its record.
  { run: 'advance', effects: 6, points: killPoints },
  // Commits: locked, retired.
  { run: 'retire', effects: 2, points: ['withheld'] },
  // Commits: undo decided, undone.
  { run: 'undo', effects: 2, points: ['withheld'] },
  { run: 'bootstrap', effects: 1, points: ['withheld'] },
] as const)(
  'a process killed around any effect of $run loses no credential and no login, and a new one finishes the work',
  { timeout: 120_000 },
  async ({ run, effects, points }) => {
    const { logins, ...report } = await runKillCases(target, [run], { points });
    expect(report).toEqual({
      cases: effects * points.length,
      kills: effects * points.length,
      refusedLogins: [],
      lostCredentials: [],
      notConverged: [],
    });
    expect(logins).toBeGreaterThan(run === 'bootstrap' ? 0 : 5);
  },
);
