import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { dualUsersOf, type Plan } from '@keyturn/plan';
import { Pool } from '@keyturn/pool/pg';
import { envFile } from '@keyturn/pool';
import { createRotator, EnvFileStore, PostgresDatabase } from '@keyturn/rotation';
import { startPostgres } from '@keyturn/services';
import pg from 'pg';

import { type Load, loadTable, startLoad } from '../load.js';
import { rotateFully, StuckError } from '../rotate-fully.js';
import { heapMb } from '../heap.js';
import type { Endured, Sample } from './verdict.js';
import { enduredOf } from './verdict.js';

export interface EnduranceOptions {
  /** Counted rotations. */
  readonly rotations: number;
  /** Rotations before the first counted one, in which caches fill. */
  readonly warmUp: number;
  /** Most connections of the pool. Default: 8. */
  readonly connections?: number;
  readonly onRotation?: (rotation: number) => void;
}

const pair = { name: 'shop', ...dualUsersOf('shop') };

const plan: Plan = {
  strategy: 'dual-user',
  every: '1s',
  soak: '5ms',
  runTime: '100ms',
  consumers: [
    {
      name: 'load',
      chain: [
        { kind: 'cache', name: 'reads the file', longest: '20ms' },
        { kind: 'transaction', longest: '30ms' },
      ],
    },
  ],
};

/**
 * Advances and retires, one rotation after another, while applications query through a pool that follows.
 *
 * @throws StuckError when a rotation is blocked for a minute, or refused.
 */
export async function endure(options: EnduranceOptions): Promise<Endured> {
  const { connections = 8 } = options;
  const folder = await mkdtemp(path.join(tmpdir(), 'keyturn-endurance-'));
  const server = await startPostgres();
  const at = { host: server.host, port: server.port, database: 'postgres' };
  const login = { user: server.superuser, password: server.superuserPassword };
  const admin = new pg.Client({ ...at, ...login });
  const file = path.join(folder, 'shop.env');
  let following: Pool | undefined;
  let load: Load | undefined;
  try {
    await admin.connect();
    const rotator = createRotator({
      pair,
      plan,
      store: new EnvFileStore({ path: file }),
      database: new PostgresDatabase({
        endpoints: [{ name: 'writer', kind: 'writer', tls: false, ...at }],
        admin: login,
        pair,
        sharedRoleKind: 'owner',
      }),
    });
    await rotator.bootstrap();
    await admin.query(`${loadTable}; ALTER TABLE visits OWNER TO ${pair.sharedRole}`);
    await rotator.advance();

    following = new Pool({ ...at, max: connections, credentials: envFile({ path: file, pollMillis: 50 }) });
    load = startLoad(following, { workers: connections });
    for (let done = 0; done < options.warmUp; done += 1) await rotateFully(rotator);

    const counted = load;
    const before = { queries: counted.queries, failed: counted.failed };
    const started = performance.now();
    const samples: Sample[] = [];
    for (let done = 1; done <= options.rotations; done += 1) {
      const begun = performance.now();
      await rotateFully(rotator);
      samples.push({ ms: performance.now() - begun, heapMb: heapMb(), ...(await countIn(admin)) });
      options.onRotation?.(done);
    }
    const seconds = (performance.now() - started) / 1_000;
    await load.stop();
    return enduredOf(samples, {
      seconds,
      queries: counted.queries - before.queries,
      failed: counted.failed - before.failed,
      failures: counted.failures,
      refusedLogins: following.counters.refused,
    });
  } finally {
    await load?.stop();
    await following?.end();
    await admin.end().catch(() => undefined);
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Roles, sessions and lines of the journal. A session that is about to end is not counted: its client is gone. */
async function countIn(admin: pg.Client): Promise<Pick<Sample, 'roles' | 'sessions' | 'journalRows' | 'journalKb'>> {
  const { rows } = await admin.query<Pick<Sample, 'roles' | 'sessions' | 'journalRows' | 'journalKb'>>(
    `SELECT (SELECT count(*)::int FROM pg_roles) AS roles,
       (SELECT count(*)::int FROM pg_stat_activity WHERE backend_type = 'client backend') AS sessions,
       (SELECT count(*)::int FROM keyturn.journal) AS "journalRows",
       pg_total_relation_size('keyturn.journal')::float8 / 1024 AS "journalKb"`,
  );
  const [row] = rows;
  if (row === undefined) throw new StuckError('The server counted nothing.');
  return row;
}
