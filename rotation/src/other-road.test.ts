import { dualUsersOf } from '@keyturn/plan';
import { type PostgresServer, startPostgres } from '@keyturn/services';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { createRotator, MemoryStore, PostgresDatabase, type Rotator, type StoredCredential } from './index.js';

let server: PostgresServer;
let root: pg.Client;
const open: pg.Client[] = [];
let pairs = 0;

beforeAll(async () => {
  server = await startPostgres();
  root = new pg.Client({ ...address(), user: server.superuser, password: server.superuserPassword });
  await root.connect();
});

afterAll(async () => {
  await root.end();
  await server.stop();
});

afterEach(async () => {
  for (const client of open.splice(0)) await client.end().catch(() => undefined);
});

function address() {
  return { host: server.host, port: server.port, database: 'postgres' };
}

async function published(lifetime: '0s' | '1h' = '1h') {
  pairs += 1;
  const pair = { name: `app${pairs}`, ...dualUsersOf(`app${pairs}`) };
  const store = new MemoryStore();
  const database = new PostgresDatabase({
    endpoints: [{ name: 'writer', kind: 'writer', tls: false, ...address() }],
    admin: { user: server.superuser, password: server.superuserPassword },
    pair,
    sharedRoleKind: 'owner',
  });
  const consumers = [{ name: 'web', chain: [{ kind: 'pool', longest: lifetime } as const] }];
  const plan = { strategy: 'dual-user', every: '1d', soak: '1h', consumers } as const;
  const rotator: Rotator = createRotator({ pair, database, store, plan });
  await rotator.bootstrap();
  await rotator.advance();
  const first = await store.readPublished();
  await rotator.advance();
  const second = await store.readPublished();
  if (first === undefined || second === undefined) throw new Error('nothing was published');
  return { pair, store, database, rotator, first, second };
}

async function login(credential: StoredCredential): Promise<pg.Client> {
  const { user, password } = credential;
  const client = new pg.Client({ ...address(), user, password, application_name: 'worker' });
  client.on('error', () => undefined);
  await client.connect();
  open.push(client);
  return client;
}

describe('rollback', () => {
  it('publishes the credential before as a new generation, while both have sessions', async () => {
    const { rotator, store, pair, first, second } = await published();
    await login(first);
    await login(second);
    expect(await rotator.rollback({ reason: 'the release was bad' })).toEqual({
      outcome: 'advanced',
      generation: 3,
      published: pair.users[0],
      superseded: pair.users[1],
    });
    const now = await store.readPublished();
    expect(now).toMatchObject({ user: first.user, generation: 3 });
    expect(now?.password === first.password).toBe(true);
    await login(first);
    await login(second);
    expect((await rotator.advance()).outcome).toBe('waiting');
  });

  it('switches a user on again that was switched off and not retired', async () => {
    const { rotator, first } = await published('0s');
    expect(await rotator.retire()).toMatchObject({ outcome: 'waiting' });
    await expect(login(first)).rejects.toMatchObject({ code: '28000' });
    expect(await rotator.rollback({ reason: 'x' })).toMatchObject({ outcome: 'advanced', generation: 3 });
    await login(first);
  });

  it('goes on after it was interrupted, although its user has sessions', async () => {
    const { rotator, database, store, first } = await published();
    await login(first);
    const broken = createRotator({
      pair: database.pair,
      database: {
        pair: database.pair,
        bootstrap: () => database.bootstrap(),
        async open() {
          const session = await database.open();
          session.set = () => Promise.reject(new Error('killed'));
          return session;
        },
      },
      store,
      plan: { strategy: 'dual-user', every: '1d', consumers: [] },
    });
    await expect(broken.rollback({ reason: 'x' })).rejects.toThrow('killed');
    expect((await rotator.status()).intent).toMatchObject({ user: first.user, generation: 3 });
    expect(await rotator.resume()).toMatchObject({ outcome: 'advanced', generation: 3, published: first.user });
    await login(first);
  });

  it('is refused once the password is gone, and where there is nothing to go back to', async () => {
    const { rotator, pair } = await published();
    await rotator.retire({ force: { reason: 'test' } });
    expect(await rotator.rollback({ reason: 'x' })).toMatchObject({
      outcome: 'refused',
      because: `${pair.users[0]} was retired and its password is gone, so there is no way back to it. Advance to a new generation instead.`,
    });
    await expect(rotator.rollback({ reason: ' ' })).rejects.toThrow('needs a reason');
  });
});

describe('compromised', () => {
  it('publishes a new credential, ends the sessions of the old one and takes its password', async () => {
    const { rotator, store, pair, first, second } = await published();
    const laggard = await login(first);
    const seen = await login(second);
    const result = await rotator.compromised({ reason: 'in a log' });
    expect(result).toMatchObject({
      outcome: 'replaced',
      generation: 3,
      published: pair.users[0],
      locked: pair.users[1],
      ended: [{ user: pair.users[1], application: 'worker', endpoint: 'writer' }],
      remaining: [],
      stranded: [{ user: pair.users[0], application: 'worker' }],
    });
    await expect(seen.query('SELECT 1')).rejects.toThrow();
    await expect(login(second)).rejects.toMatchObject({ code: '28P01' });
    await expect(login(first)).rejects.toMatchObject({ code: '28P01' });
    expect((await laggard.query('SELECT 1')).rowCount).toBe(1);
    const now = await store.readPublished();
    if (now !== undefined) await login(now);
    expect(now?.generation).toBe(3);
    expect(await rotator.resume()).toEqual({ outcome: 'nothing', holders: [] });
  });

  it('goes on after it was interrupted between publishing and switching off', async () => {
    const { rotator, database, store, second } = await published();
    await login(second);
    const broken = createRotator({
      pair: database.pair,
      database: {
        pair: database.pair,
        bootstrap: () => database.bootstrap(),
        async open() {
          const session = await database.open();
          session.lockUser = () => Promise.reject(new Error('killed'));
          return session;
        },
      },
      store,
      plan: { strategy: 'dual-user', every: '1d', consumers: [] },
    });
    await expect(broken.compromised({ reason: 'in a log' })).rejects.toThrow('killed');
    await login(second);
    expect(await rotator.resume()).toMatchObject({ outcome: 'replaced', generation: 3, locked: second.user });
    await expect(login(second)).rejects.toMatchObject({ code: '28P01' });
    expect(await rotator.compromised({ reason: 'again' })).toMatchObject({ outcome: 'replaced', generation: 4 });
  });

  it('says which sessions it may not end, and takes the password all the same', async () => {
    const { database, store, pair, second } = await published();
    await root.query(`CREATE ROLE rotator_${pair.name} LOGIN CREATEROLE PASSWORD 'RotatorPassword01'`);
    await root.query(
      `GRANT ${pair.users.join(', ')} TO rotator_${pair.name} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE`,
    );
    await root.query(`GRANT USAGE ON SCHEMA keyturn TO rotator_${pair.name}`);
    await root.query(`GRANT SELECT, INSERT, UPDATE ON keyturn.pair, keyturn.journal TO rotator_${pair.name}`);
    await login(second);
    const least = new PostgresDatabase({
      endpoints: [{ name: 'writer', kind: 'writer', tls: false, ...address() }],
      admin: { user: `rotator_${pair.name}`, password: 'RotatorPassword01' },
      pair: database.pair,
      sharedRoleKind: 'owner',
    });
    const rotator = createRotator({
      pair,
      database: least,
      store,
      plan: { strategy: 'dual-user', every: '1d', consumers: [] },
    });
    const result = await rotator.compromised({ reason: 'in a log' });
    expect(result).toMatchObject({ outcome: 'replaced', ended: [], remaining: [{ user: second.user }] });
    expect(result).toHaveProperty('because', expect.stringContaining('Grant it pg_signal_backend'));
    await expect(login(second)).rejects.toMatchObject({ code: '28P01' });
  });
});

describe('adopt', () => {
  it('makes the journal say what the store says, and the next generation is above both', async () => {
    const { rotator, database, first } = await published();
    const session = await database.open();
    await session.adopt?.(first, 7, 'restored');
    const state = await session.read();
    const entry = (await session.journal()).at(-1);
    await session.close();
    expect(state).toMatchObject({
      generation: 7,
      published: { user: first.user, version: first.version, generation: 1 },
      superseded: { user: database.pair.users[1], generation: 2, phase: 'usable' },
    });
    expect(entry).toMatchObject({ event: 'adopted', detail: { because: 'restored' } });
    expect((await rotator.advance()).outcome).toBe('refused');
  });
});
