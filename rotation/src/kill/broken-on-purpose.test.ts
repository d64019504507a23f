import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { type Credential, dualUsersOf } from '@keyturn/plan';
import { type PostgresServer, startPostgres } from '@keyturn/services';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { createRotator, EnvFileStore, PostgresDatabase, type Rotator } from '../index.js';
import { type Probed, probe } from './prober.js';
import { readerOf } from './stores.js';

let server: PostgresServer;
let folder: string;
let runs = 0;

beforeAll(async () => {
  server = await startPostgres();
  folder = await mkdtemp(path.join(tmpdir(), 'keyturn-broken-'));
});

afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

// Long enough for a machine that is busy: what is refused later proves nothing.
const lifetimeMs = 2_000;
const holdMs = 1_500;
const force = { reason: 'broken on purpose' };

/** What a rotator does that publishes a candidate before it was set and tested. */
class HastyStore extends EnvFileStore {
  override async writePending(credential: Credential, options: { readonly token: string }): Promise<string> {
    const before = await this.readPublished();
    const version = await super.writePending(credential, options);
    await this.publish(version, { expectedCurrent: before?.version });
    await pause(100);
    return version;
  }
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

/** Three rotations while probers log in with the published credential, and with each older one for a while. */
async function underProbers(Store: typeof EnvFileStore, rotate: (rotator: Rotator) => Promise<void>): Promise<Probed> {
  runs += 1;
  const pair = { name: `run${runs}`, ...dualUsersOf(`run${runs}`) };
  const file = path.join(folder, `${pair.name}.env`);
  const { host, port, superuser: user, superuserPassword: password } = server;
  const endpoints = [{ name: 'writer', kind: 'writer', host, port, database: 'postgres', tls: false }] as const;
  const database = new PostgresDatabase({ endpoints, admin: { user, password }, pair, sharedRoleKind: 'owner' });
  const plan = {
    strategy: 'dual-user',
    every: '1d',
    consumers: [{ name: 'prober', chain: [{ kind: 'pool', longest: lifetimeMs }] }],
  } as const;
  const make = (store: EnvFileStore): Rotator => createRotator({ pair, database, store, plan });
  await database.bootstrap();
  await make(new EnvFileStore({ path: file })).advance();
  const read = await readerOf({ kind: 'env-file', path: file });
  const prober = probe({ kind: 'postgres', read, endpoints, holdMs, lifetimeMs, everyMs: 5 });
  for (let rotation = 1; rotation <= 3; rotation += 1) {
    await pause(50);
    await rotate(make(new Store({ path: file })));
  }
  return await prober.stop();
}

async function until(run: () => Promise<{ readonly outcome: string }>): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    const { outcome } = await run();
    if (outcome === 'advanced' || outcome === 'retired') return;
    await pause(20);
  }
  throw new Error('It never came to an end.');
}

async function patient(rotator: Rotator): Promise<void> {
  await until(() => rotator.advance());
  await until(() => rotator.retire());
}

it('no login is refused when advance and retire go by the gate', async () => {
  const { logins, refused } = await underProbers(EnvFileStore, patient);
  expect(refused).toEqual([]);
  expect(logins).toBeGreaterThan(20);
});

it.each([
  { broken: 'without the drain gate', Store: EnvFileStore, rotate: (r: Rotator) => until(() => r.advance({ force })) },
  {
    broken: 'retiring right after finish',
    Store: EnvFileStore,
    rotate: async (rotator: Rotator): Promise<void> => {
      await until(() => rotator.advance());
      await until(() => rotator.retire({ force }));
    },
  },
  { broken: 'publishing before the test', Store: HastyStore, rotate: patient },
])('logins are refused $broken', async ({ Store, rotate }) => {
  const { refused } = await underProbers(Store, rotate);
  expect(refused.length).toBeGreaterThan(0);
});
