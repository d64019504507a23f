import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { type PostgresServer, startPostgres } from '@keyturn/services';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { type KillTarget, runKillCases } from './run-cases.js';

let server: PostgresServer;
let target: KillTarget;

beforeAll(async () => {
  server = await startPostgres();
  const folder = await mkdtemp(path.join(tmpdir(), 'keyturn-kill-'));
  const { host, port, superuser, superuserPassword } = server;
  target = { host, port, admin: { user: superuser, password: superuserPassword }, folder, prefix: 'kill' };
});

afterAll(async () => {
  await server.stop();
  await rm(target.folder, { recursive: true, force: true });
});

it.each([
  // Commits: intent, set, finish. Renames: pending version, rendered file, its record.
  { run: 'advance', effects: 6 },
  // Commits: locked, retired.
  { run: 'retire', effects: 2 },
  { run: 'bootstrap', effects: 1 },
] as const)(
  'a process killed around any effect of $run loses no credential and no login, and a new one finishes the work',
  { timeout: 120_000 },
  async ({ run, effects }) => {
    const { logins, ...report } = await runKillCases(target, [run]);
    expect(report).toEqual({
      cases: effects * 3,
      kills: effects * 3,
      refusedLogins: [],
      lostCredentials: [],
      notConverged: [],
    });
    expect(logins).toBeGreaterThan(run === 'bootstrap' ? 0 : 20);
  },
);
