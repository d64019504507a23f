import { dualUsersOf } from '@keyturn/plan';
import { type MariadbServer, orNotRun, startMariadb, startMysql } from '@keyturn/services';
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise';
import { afterAll, describe, expect, it } from 'vitest';

import { type Pair, soleUser } from '../../pair.js';
import { permissions } from '../../permissions.js';
import { createRotator, type Rotator } from '../../rotator.js';
import { MemoryStore } from '../../stores/memory.js';
import { MysqlDatabase, type MysqlDatabaseOptions } from './mysql-database.js';

const stops: (() => Promise<void>)[] = [];

afterAll(async () => {
  for (const stop of stops) await stop();
});

const { part: mariadb, because: noMariadb } = await orNotRun(() => startMariadb());
if (mariadb) await register('MariaDB', mariadb);
else it('MysqlDatabase on MariaDB', (context) => context.skip(noMariadb));

// Needs mvn, which is not on every machine.
const { part: mysql, because: noMysql } = await orNotRun(() => startMysql(), { optional: true });
if (mysql) await register('MySQL', mysql);
else it('MysqlDatabase on MySQL', (context) => context.skip(noMysql));

async function register(name: 'MariaDB' | 'MySQL', server: MariadbServer): Promise<void> {
  const { host, port, superuser: user, superuserPassword: password } = server;
  const root: Connection = await createConnection({ host, port, user, password });
  await root.query('CREATE DATABASE shop');
  stops.push(async () => {
    await root.end();
    await server.stop();
  });
  const rows = async (sql: string, values: readonly unknown[] = []): Promise<RowDataPacket[]> =>
    (await root.query<RowDataPacket[]>(sql, [...values]))[0];
  const grants = async (of: string): Promise<string> =>
    (await rows(`SHOW GRANTS FOR ?@'%'`, [of])).flatMap((row) => Object.values(row) as string[]).join('\n');
  let pairs = 0;

  function make(change: Partial<MysqlDatabaseOptions> = {}): {
    readonly pair: Pair;
    readonly database: MysqlDatabase;
    readonly store: MemoryStore;
    readonly rotator: Rotator;
  } {
    pairs += 1;
    const pair = { name: `shop${pairs}`, ...dualUsersOf(`shop${pairs}`) };
    const database = new MysqlDatabase({
      endpoints: [{ name: 'writer', kind: 'writer', host, port, database: 'shop', tls: false }],
      admin: { user, password },
      pair,
      ...change,
    });
    const store = new MemoryStore();
    const consumers = [{ name: 'web', chain: [{ kind: 'pool', longest: 0 } as const] }];
    const plan = { strategy: 'dual-user', every: '1d', soak: '1h', consumers } as const;
    return { pair, database, store, rotator: createRotator({ pair, database, store, plan }) };
  }

  async function ready(change: Partial<MysqlDatabaseOptions> = {}): Promise<ReturnType<typeof make>> {
    const made = make(change);
    await made.rotator.bootstrap();
    await root.query('GRANT SELECT ON shop.* TO ?', [made.pair.sharedRole]);
    return made;
  }

  describe(`MysqlDatabase on ${name}`, () => {
    it('makes users that are alike, locked, and keep no password that anybody knows', async () => {
      const { pair } = await ready({ requireTls: true, connectionLimit: 7 });
      const creations = await Promise.all(
        pair.users.map(async (each) => String(Object.values((await rows(`SHOW CREATE USER ?@'%'`, [each]))[0] ?? {}))),
      );
      for (const [index, creation] of creations.entries()) {
        expect(creation).toContain('ACCOUNT LOCK');
        expect(creation).toContain('REQUIRE SSL');
        expect(creation).toContain('MAX_USER_CONNECTIONS 7');
        expect(creation).toContain(name === 'MySQL' ? 'caching_sha2_password' : "'*");
        expect(await grants(pair.users[index] ?? '')).toContain(`GRANT \`${pair.sharedRole}\``);
      }
      await root.query(`ALTER USER ?@'%' REQUIRE NONE ACCOUNT UNLOCK`, [pair.users[0]]);
      for (const guess of ['', pair.users[0]]) {
        await expect(createConnection({ host, port, user: pair.users[0], password: guess })).rejects.toMatchObject({
          errno: 1045,
        });
      }
    });

    it('logs in with the rights of the shared role, without a SET ROLE', async () => {
      const { store, rotator } = await ready();
      await rotator.advance();
      const published = await store.readPublished();
      const client = await createConnection({ host, port, database: 'shop', ...login(published) });
      const [found] = await client.query<RowDataPacket[]>('SHOW TABLES');
      await client.end();
      expect(found).toEqual([]);
    });

    it.each([
      {
        what: 'a grant of its own',
        spoil: (b: string) => root.query(`GRANT INSERT ON shop.* TO ?@'%' WITH GRANT OPTION`, [b]),
        says: 'has GRANT INSERT ON `shop`.* WITH GRANT OPTION and',
      },
      {
        what: 'no default role',
        spoil: (b: string) =>
          root.query(name === 'MySQL' ? `SET DEFAULT ROLE NONE TO ?@'%'` : `SET DEFAULT ROLE NONE FOR ?@'%'`, [b]),
        says: 'run bootstrap() again',
      },
      {
        what: 'another limit',
        spoil: (b: string) => root.query(`ALTER USER ?@'%' WITH MAX_USER_CONNECTIONS 3`, [b]),
        says: 'max user connections 3 and',
      },
      {
        what: 'a namesake at another host',
        spoil: (b: string) => root.query(`CREATE USER ?@'10.%' IDENTIFIED BY 'x1'`, [b]),
        says: 'exists at host 10.% too, with a password of its own',
      },
    ])('does not publish a user that has $what', async ({ spoil, says }) => {
      const { pair, rotator } = await ready();
      await rotator.advance();
      await spoil(pair.users[1]);
      expect(await rotator.advance()).toMatchObject({
        outcome: 'refused',
        because: expect.stringContaining(says) as string,
      });
      expect((await rotator.status()).published?.user).toBe(pair.users[0]);
    });

    it('does not publish a user that the server lets in without the TLS that the other one needs', async () => {
      const { pair, rotator } = await ready();
      await rotator.advance();
      await root.query(`ALTER USER ?@'%' REQUIRE SSL`, [pair.users[0]]);
      await expect(rotator.advance()).resolves.toMatchObject({ outcome: 'refused' });
    });

    it('refuses users that can log in already, and takes over locked ones', async () => {
      const free = make();
      await root.query(`CREATE USER ?@'%' IDENTIFIED BY 'in use'`, [free.pair.users[0]]);
      await expect(free.rotator.bootstrap()).rejects.toThrow(
        `${free.pair.users[0]}@% can log in already and the journal does not know it, so somebody may be using it. Choose another user name, or run ALTER USER with ACCOUNT LOCK when nobody uses it.`,
      );
      await root.query(`ALTER USER ?@'%' ACCOUNT LOCK`, [free.pair.users[0]]);
      await free.rotator.bootstrap();
      await root.query('GRANT SELECT ON shop.* TO ?', [free.pair.sharedRole]);
      expect(await free.rotator.advance()).toMatchObject({ outcome: 'advanced', generation: 1 });
    });

    it('carries out first what another rotator had decided when it died', async () => {
      const { pair, rotator } = await ready();
      await rotator.advance();
      await rotator.advance();
      await root.query('UPDATE keyturn.pair SET effect = ? WHERE name = ?', ['{"step":"lock"}', pair.name]);
      expect(await rotator.resume()).toMatchObject({ outcome: 'waiting', user: pair.users[0] });
      expect((await rotator.status()).superseded?.phase).toBe('locked');
      expect(String(Object.values((await rows(`SHOW CREATE USER ?@'%'`, [pair.users[0]]))[0] ?? {}))).toContain(
        'ACCOUNT LOCK',
      );
    });

    it('ends the sessions of a credential that somebody else has seen', async () => {
      const { pair, store, rotator } = await ready();
      await rotator.advance();
      const worker = await createConnection({ host, port, ...login(await store.readPublished()) });
      worker.on('error', () => undefined);
      expect(await rotator.compromised({ reason: 'in a log' })).toMatchObject({
        outcome: 'replaced',
        locked: pair.users[0],
        published: pair.users[1],
        ended: [{ user: pair.users[0], clientAddress: '127.0.0.1' }],
        remaining: [],
      });
      await expect(worker.query('SELECT 1')).rejects.toThrow();
      worker.destroy();
    });

    it('counts none of its own logins as a holder, however soon after it asks', async () => {
      const { database, store, rotator } = await ready();
      await rotator.advance();
      const published = await store.readPublished();
      const session = await database.open();
      const seen: unknown[] = [];
      for (let login = 0; published && login < 100; login += 1) {
        await session.login(published);
        seen.push(...(await session.holders(published.user)));
      }
      await session.close();
      expect(seen).toEqual([]);
    });

    it.each(['dual-user', 'dual-password', 'single-user'] as const)(
      'makes whole rotations as %s with the rights that are printed for a DBA',
      async (strategy) => {
        pairs += 1;
        const role = `shop${pairs}`;
        const users = strategy === 'dual-user' ? dualUsersOf(role) : soleUser(`${role}_u`, role);
        const pair = { name: role, ...users };
        const endpoints = [{ name: 'writer', kind: 'writer', host, port, database: 'shop', tls: false }] as const;
        const make = (admin: { user: string; password: string }): MysqlDatabase =>
          new MysqlDatabase({ endpoints, admin, pair, strategy });
        await make({ user, password }).bootstrap();
        await root.query('GRANT SELECT ON shop.* TO ?', [role]);
        const who = `rotator${pairs}`;
        await root.query(`CREATE USER ?@'%' IDENTIFIED BY 'PrintedRotator01'`, [who]);
        const [{ version = '' } = {}] = (await rows('SELECT VERSION() AS version')) as { version?: string }[];
        const engine = name === 'MySQL' ? 'mysql' : 'mariadb';
        for (const statement of permissions({ engine, version, strategy, pair, rotator: who }).statements) {
          await root.query(statement);
        }
        const store = new MemoryStore();
        const plan = { strategy, every: '1d', consumers: [] } as const;
        const database = make({ user: who, password: 'PrintedRotator01' });
        const rotator = createRotator({ pair, database, store, plan });
        expect(await rotator.advance()).toMatchObject({ outcome: 'advanced', generation: 1 });
        expect(await rotator.advance()).toMatchObject({ outcome: 'advanced', generation: 2 });
        if (strategy !== 'single-user') expect(await rotator.retire()).toMatchObject({ outcome: 'retired' });
        const worker = await createConnection({ host, port, ...login(await store.readPublished()) });
        worker.on('error', () => undefined);
        expect(await rotator.compromised({ reason: 'in a log' })).toMatchObject({
          outcome: 'replaced',
          // Of a sole user, a session of the engine's own test may be among them.
          ended: expect.arrayContaining([expect.objectContaining({ clientAddress: '127.0.0.1' })]) as unknown,
        });
        worker.destroy();
      },
    );

    it('takes over from the store after a restore, and the other user counts as superseded', async () => {
      const { pair, database, store, rotator } = await ready();
      await rotator.advance();
      const first = await store.readPublished();
      await rotator.advance();
      const session = await database.open();
      const { user: name_, version = '' } = first ?? { user: '' };
      await session.adopt?.({ user: name_, version, generation: 1 }, 7, 'restored');
      expect(await session.read()).toMatchObject({
        generation: 7,
        published: { user: pair.users[0], version, generation: 1 },
        superseded: { user: pair.users[1], generation: 2, phase: 'usable' },
      });
      expect((await session.journal()).at(-1)).toMatchObject({ event: 'adopted', detail: { because: 'restored' } });
      await session.close();
    });

    it('says that the server offers no encryption, and sends nothing in clear text', async () => {
      const { rotator } = make({ endpoints: [{ name: 'writer', kind: 'writer', host, port, database: 'shop' }] });
      await expect(rotator.bootstrap()).rejects.toMatchObject({ kind: 'tls' });
    });

    if (name === 'MariaDB') {
      it('claims nothing about refused logins, which MariaDB does not show', async () => {
        const { pair, database } = await ready();
        const session = await database.open();
        expect(await session.refusedLogins(pair.users[0], 0)).toBeUndefined();
        await session.close();
      });
    } else {
      it('soaks by what the server shows of refused logins', async () => {
        const { pair, store, rotator } = await ready();
        // The server counts for all locked accounts together, so those of the other tests must be out of the way.
        await root.query(`UPDATE keyturn.pair SET superseded_phase = 'retired' WHERE superseded_phase = 'locked'`);
        await rotator.advance();
        const first = await store.readPublished();
        await rotator.advance();
        await rotator.retire();
        await createConnection({ host, port, ...login(first), password: 'wrong' }).catch(() => undefined);
        expect(await rotator.retire()).toMatchObject({ outcome: 'waiting', until: expect.any(Date) as Date });
        await expect(createConnection({ host, port, ...login(first) })).rejects.toMatchObject({ errno: 3118 });
        expect(await rotator.retire()).toMatchObject({
          outcome: 'waiting',
          because: expect.stringContaining(`${pair.users[0]} was switched off and is switched on again`) as string,
        });
        await (await createConnection({ host, port, ...login(first) })).end();
      });
    }
  });
}

function login(credential: { readonly user: string; readonly password: string } | undefined): {
  user: string;
  password: string;
} {
  if (credential === undefined) throw new Error('nothing is published');
  return { user: credential.user, password: credential.password };
}
