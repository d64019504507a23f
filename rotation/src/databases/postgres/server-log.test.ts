import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { dualUsersOf } from '@keyturn/plan';
import { startPostgres } from '@keyturn/services';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { createRotator, MemoryStore, PostgresDatabase } from '../../index.js';
import { refusedInLog } from './server-log.js';

let folder: string;
beforeAll(() => void (folder = mkdtempSync(path.join(tmpdir(), 'keyturn-server-log-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const since = new Date('2026-11-26T12:00:00Z');

it.each([
  {
    name: 'stderr with %m',
    line: '2026-11-26 12:00:01.250 UTC [77] FATAL:  role "app_a" is not permitted to log in',
    counts: true,
  },
  {
    name: 'stderr with an offset',
    line: '2026-11-26 13:30:00.000 +01 [77] FATAL:  role "app_a" is not permitted to log in',
    counts: true,
  },
  {
    name: 'a line before',
    line: '2026-11-26 11:59:59.999 UTC [77] FATAL:  role "app_a" is not permitted to log in',
    counts: false,
  },
  {
    name: 'another user',
    line: '2026-11-26 12:00:01.250 UTC [77] FATAL:  role "app_b" is not permitted to log in',
    counts: false,
  },
  {
    name: 'a wrong password',
    line: '2026-11-26 12:00:01.250 UTC [77] FATAL:  password authentication failed for user "app_a"',
    counts: false,
  },
  { name: 'no time that can be read', line: 'app_a FATAL:  role "app_a" is not permitted to log in', counts: true },
])('$name: counts $counts', async ({ line, counts }) => {
  const file = path.join(folder, 'stderr.log');
  writeFileSync(file, `LOG:  ready\n${line}\n`);
  expect((await refusedInLog(file, 'app_a', since)).length).toBe(counts ? 1 : 0);
});

it('reads from jsonlog who it was', async () => {
  const file = path.join(folder, 'log.json');
  const entry = {
    timestamp: '2026-11-26 12:00:01.250 UTC',
    remote_host: '10.0.0.7',
    application_name: 'nightly',
    message: 'role "app_a" is not permitted to log in',
  };
  writeFileSync(file, `{"timestamp":"2026\n${JSON.stringify(entry)}\n`);
  expect(await refusedInLog(file, 'app_a', since)).toEqual([
    {
      endpoint: 'server log',
      user: 'app_a',
      clientAddress: '10.0.0.7',
      application: 'nightly',
      since: new Date('2026-11-26T12:00:01.250Z'),
    },
  ]);
});

it('says that there is no log, instead of that nobody was refused', async () => {
  await expect(refusedInLog(path.join(folder, 'none.log'), 'app_a', since)).rejects.toThrow('cannot be read (ENOENT)');
});

it('switches a user on again that the log of a real server shows refused', async () => {
  const file = path.join(folder, 'server.log');
  const server = await startPostgres({ settings: { log_timezone: 'UTC' } });
  try {
    const { host, port, superuser: user, superuserPassword: password } = server;
    const pair = { name: 'logged', ...dualUsersOf('logged') };
    const database = new PostgresDatabase({
      pair,
      sharedRoleKind: 'owner',
      endpoints: [{ name: 'writer', kind: 'writer', host, port, database: 'postgres', tls: false }],
      admin: { user, password },
      refusedLogins: (name, from) => refusedInLog(file, name, from),
    });
    const store = new MemoryStore();
    const plan = { strategy: 'dual-user', every: '1d', soak: '1h', consumers: [] } as const;
    const rotator = createRotator({ pair, database, store, plan });
    await rotator.bootstrap();
    await rotator.advance();
    const first = await store.readPublished();
    await rotator.advance();
    writeFileSync(file, server.log());
    expect(await rotator.retire()).toMatchObject({ outcome: 'waiting', because: expect.stringContaining('soaks') });
    const late = new pg.Client({ host, port, database: 'postgres', user: first?.user, password: first?.password });
    await expect(late.connect()).rejects.toMatchObject({ code: '28000' });
    await expect.poll(() => server.log(), { timeout: 30_000 }).toContain('role "logged_a" is not permitted to log in');
    writeFileSync(file, server.log());
    expect(await rotator.outlook()).toMatchObject({ refusedLogins: [{ endpoint: 'server log', user: 'logged_a' }] });
    expect(await rotator.retire()).toMatchObject({
      outcome: 'waiting',
      because: expect.stringContaining('switched on again, because a login was refused') as string,
    });
  } finally {
    await server.stop();
  }
});
