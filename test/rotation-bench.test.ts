import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { startPostgres } from '@keyturn/services';
import pg from 'pg';
import { expect, it } from 'vitest';

import { alterUserAndRestart } from './bench/rotation/alter-user.js';
import type { Ground } from './bench/rotation/contender.js';
import { keyturnWithFile } from './bench/rotation/keyturn.js';
import { measure } from './bench/rotation/measure.js';
import { schedulePairs } from './bench/rotation/process-host.js';

it('counts what a rotation sends, and what it breaks in an application', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'keyturn-rotation-bench-'));
  const server = await startPostgres({ settings: { log_connections: 'on' } });
  const admin = { user: server.superuser, password: server.superuserPassword };
  const ground: Ground = { host: server.host, port: server.port, database: 'postgres', admin, role: 'shop', folder };
  const client = new pg.Client({ ...ground, ...admin });
  try {
    await client.connect();
    const options = { rotations: 2, pauseMs: 0 };
    const keyturn = await measure({ contender: await keyturnWithFile(ground), ground, server }, client, options);
    expect(keyturn).toMatchObject({ failed: 0, failures: {}, refusedLoginsPerRotation: 0 });
    expect(keyturn.statementsPerRotation).toBeGreaterThan(20);
    expect(keyturn.loginsPerRotation).toBeGreaterThanOrEqual(3);
    expect(keyturn.queries).toBeGreaterThan(10);

    await client.query('DROP TABLE visits');
    const other = { ...ground, role: 'plain' };
    const plain = { contender: await alterUserAndRestart(other), ground: other, server };
    expect(await measure(plain, client, options)).toMatchObject({ statementsPerRotation: 1, loginsPerRotation: 1 });
  } finally {
    await client.end();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
});

it('rotates every pair of a process in every round', async () => {
  const scheduled = await schedulePairs(20, 2);
  expect(scheduled.pairs).toBe(20);
  expect(scheduled.rotations).toBeGreaterThanOrEqual(40);
  expect(scheduled.cpuMicrosPerRotation).toBeGreaterThan(0);
});
