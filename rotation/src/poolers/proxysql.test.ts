import { readFileSync } from 'node:fs';

import { type Credential, dualUsersOf } from '@keyturn/plan';
import {
  type MariadbServer,
  orNotRun,
  type ProxysqlServer,
  startMariadb,
  startMysql,
  startProxysql,
} from '@keyturn/services';
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';

import { MysqlDatabase, type MysqlDatabaseOptions } from '../databases/mysql/mysql-database.js';
import { soleUser } from '../pair.js';
import { createRotator, type Rotator } from '../rotator.js';
import { MemoryStore } from '../stores/memory.js';
import { isServerOf, type ProxysqlOptions } from './proxysql.js';

const stops: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const stop of stops.reverse()) await stop();
});

it('is refused with two passwords for one user', () => {
  const at = { name: 'writer', kind: 'writer', host: 'db', port: 3306, database: 'shop' } as const;
  const admin = { user: 'keyturn', password: 'x' };
  const options = { endpoints: [at], admin, pair: { name: 'shop', ...soleUser('shop', 'shop_role') } };
  const poolers = [{ name: 'proxysql', host: 'proxysql', console: admin }];
  expect(() => new MysqlDatabase({ ...options, strategy: 'dual-password', poolers })).toThrow(
    'has one password for each user',
  );
});

it.each([
  { name: 'the same name', host: 'db.internal', port: 3306, same: true },
  { name: 'another port', host: 'localhost', port: 3307, same: false },
  { name: 'another name of one address', host: '127.0.0.1', port: 3306, same: true },
  { name: 'a name that nobody knows', host: 'nobody.invalid', port: 3306, same: false },
])('tells whether a server is that of an endpoint: $name', async ({ host, port, same }) => {
  const endpoint = { host: host === 'db.internal' ? host : 'localhost', port: 3306 };
  expect(await isServerOf({ host, port, id: 1 }, endpoint)).toBe(same);
});

interface Made {
  readonly rotator: Rotator;
  readonly store: MemoryStore;
}

/** A server with a ProxySQL before it. */
interface Stage {
  readonly server: MariadbServer;
  readonly proxy: ProxysqlServer;
  readonly root: Connection;
  ask<Row = Record<string, unknown>>(sql: string): Promise<Row[]>;
  /** As somebody who runs the ProxySQL has to before a rotation. */
  register(...users: string[]): Promise<void>;
  make(name: string, change?: Partial<MysqlDatabaseOptions>, console?: Partial<ProxysqlOptions>, soak?: '1h'): Made;
  /** Logs in through the ProxySQL. */
  enter(credential: Credential | undefined): Promise<Connection>;
  login(made: Made): Promise<Connection>;
}

async function stage(
  start: () => Promise<MariadbServer>,
  { secure }: { readonly secure: boolean },
): Promise<Stage | string> {
  // MySQL needs mvn.
  const { part: server, because } = await orNotRun(start, { optional: secure });
  if (server === undefined) return because;
  stops.push(server.stop);
  // No registry has it, so it is there only where somebody installed it.
  const found = await orNotRun(() => startProxysql({ upstream: server }), { optional: true });
  if (found.part === undefined) return found.because;
  const proxy = found.part;
  stops.push(proxy.stop);
  const { host, port, superuser: user, superuserPassword: password } = server;
  const root = await createConnection({ host, port, user, password });
  await root.query('CREATE DATABASE shop');
  stops.push(() => root.end());
  const ask = async <Row>(sql: string): Promise<Row[]> => {
    const admin = await createConnection({
      host: proxy.host,
      port: proxy.adminPort,
      user: proxy.adminUser,
      password: proxy.adminPassword,
    });
    const [rows] = await admin.query<RowDataPacket[]>(sql);
    await admin.end();
    return rows as Row[];
  };
  const tls = secure && { ca: readFileSync(proxy.caFile, 'utf8') };
  const enter = async (credential: Credential | undefined): Promise<Connection> => {
    const { user: as = '', password: by = '' } = credential ?? {};
    const ssl = tls !== false && { ssl: tls };
    const connection = await createConnection({ host: proxy.host, port: proxy.port, user: as, password: by, ...ssl });
    connection.on('error', () => undefined);
    await connection.query('SELECT 1');
    return connection;
  };
  return {
    server,
    proxy,
    root,
    ask,
    register: async (...users) => {
      for (const each of users)
        await ask(`INSERT INTO mysql_users (username, password, default_hostgroup) VALUES ('${each}', 'any', 0)`);
      await ask('LOAD MYSQL USERS TO RUNTIME');
      await ask('SAVE MYSQL USERS TO DISK');
    },
    make: (name, change = {}, options = {}, soak = undefined) => {
      const pair = { name, ...dualUsersOf(name) };
      const store = new MemoryStore();
      const console = { user: proxy.adminUser, password: proxy.adminPassword };
      const database = new MysqlDatabase({
        pair,
        admin: { user, password },
        requireTls: false,
        endpoints: [
          { name: 'writer', kind: 'writer', host, port, database: '', tls: false },
          {
            name: 'proxysql',
            kind: 'pooler',
            host: proxy.host,
            port: proxy.port,
            database: '',
            tls,
          },
        ],
        poolers: [{ name: 'proxysql', host: proxy.host, port: proxy.adminPort, tls, console, ...options }],
        ...change,
      });
      const plan = { strategy: 'dual-user', every: '1d', soak: soak ?? 0, consumers: [] } as const;
      return { store, rotator: createRotator({ pair, database, store, plan }) };
    },
    enter,
    login: async ({ store }) => await enter(await store.readPublished()),
  };
}

describe('a MariaDB behind a ProxySQL', { timeout: 120_000 }, () => {
  let on: Stage;
  let missing: string | undefined;

  beforeAll(async () => {
    const found = await stage(() => startMariadb(), { secure: false });
    if (typeof found === 'string') missing = found;
    else on = found;
  }, 300_000);
  beforeEach((context) => {
    if (missing !== undefined) context.skip(missing);
  });

  it('is not touched before both users are registered, and says which one is missing', async () => {
    const made = on.make('missing');
    await made.rotator.bootstrap();
    await on.register('missing_a');
    const refused = await made.rotator.advance();
    expect(refused).toMatchObject({ outcome: 'refused' });
    expect((refused as { because: string }).because).toMatch(
      /^proxysql does not know missing_b\. Both users have to be in its mysql_users, .* Add missing_b, send LOAD MYSQL USERS TO RUNTIME .* Nothing was changed\.$/,
    );
    expect(await made.rotator.status()).toMatchObject({ generation: 0 });

    await on.ask(`INSERT INTO mysql_users (username, password, default_hostgroup) VALUES ('missing_b', 'any', 0)`);
    expect(await made.rotator.advance()).toMatchObject({
      because: expect.stringContaining('which is in mysql_users and not in runtime_mysql_users') as unknown,
    });
    await on.ask('LOAD MYSQL USERS TO RUNTIME');
    expect(await made.rotator.advance()).toMatchObject({ outcome: 'advanced', published: 'missing_a' });
    await (await on.login(made)).end();
  });

  it('keeps verifiers and no passwords, also after a restart', async () => {
    const made = on.make('kept');
    await made.rotator.bootstrap();
    await on.register('kept_a', 'kept_b');
    await made.rotator.advance();
    await on.proxy.restart();
    await (await on.login(made)).end();
    const password = (await made.store.readPublished())?.password ?? 'none';
    const rows = await on.ask<{ password: string }>(
      `SELECT password FROM disk.mysql_users WHERE username = 'kept_a' UNION ALL SELECT password FROM runtime_mysql_users WHERE username = 'kept_a'`,
    );
    expect(rows.length).toBe(3);
    for (const row of rows) expect(row.password).toMatch(/^\*[0-9A-F]{40}$/);
    expect(on.proxy.log() + on.server.log()).not.toContain(password);
  });

  it('keeps the gate shut for a client that has no connection to the server, and names it', async () => {
    const made = on.make('held');
    await made.rotator.bootstrap();
    await on.register('held_a', 'held_b');
    await made.rotator.advance();
    const client = await on.login(made);
    await made.rotator.advance();
    const mine = `SELECT ID FROM information_schema.PROCESSLIST WHERE USER = 'held_a'`;
    for (const { ID } of (await on.root.query<RowDataPacket[]>(mine))[0])
      await on.root.query(`KILL CONNECTION ${String(ID)}`);
    const held = await made.rotator.retire();
    expect(held).toMatchObject({ outcome: 'waiting' });
    expect((held as { because: string }).because).toMatch(
      /^held_a still has 1 session: a session from 127\.0\.0\.1 on proxysql/,
    );
    // It logs in to the server once more for the next query, and keeps that connection when the client has gone.
    await client.query('SELECT 1');
    await client.end();
    expect((await on.root.query<RowDataPacket[]>(mine))[0]).toHaveLength(1);
    await expect.poll(async () => (await made.rotator.retire()).outcome, { timeout: 20_000 }).toBe('retired');
    expect((await on.root.query<RowDataPacket[]>(mine))[0]).toEqual([]);
  });

  it.each([
    { name: 'off', what: 'is switched off', soak: '1h', ends: 'waiting' },
    { name: 'gone', what: 'was retired', soak: undefined, ends: 'retired' },
  ] as const)('lets nobody in with what $what, and does not take the server for ill', async ({ name, soak, ends }) => {
    const made = on.make(name, {}, {}, soak);
    await made.rotator.bootstrap();
    await on.register(`${name}_a`, `${name}_b`);
    await made.rotator.advance();
    const first = await made.store.readPublished();
    await made.rotator.advance();
    const { superseded } = await vi.waitUntil(
      async () => {
        const { outcome } = await made.rotator.retire();
        const status = await made.rotator.status();
        return outcome === ends && status.superseded?.phase !== 'usable' ? status : undefined;
      },
      { timeout: 20_000 },
    );
    expect(superseded).toMatchObject({ user: `${name}_a`, phase: ends === 'waiting' ? 'locked' : 'retired' });
    for (let time = 0; time < 12; time += 1) await expect(on.enter(first)).rejects.toMatchObject({ errno: 1045 });
    expect(await on.ask('SELECT status FROM runtime_mysql_servers')).toEqual([{ status: 'ONLINE' }]);
    await (await on.login(made)).end();
  });

  it('takes a user that is switched on again as it was before', async () => {
    const made = on.make('again', { refusedLogins: (user) => Promise.resolve([{ endpoint: 'writer', user }]) });
    await made.rotator.bootstrap();
    await on.register('again_a', 'again_b');
    await made.rotator.advance();
    const first = await made.store.readPublished();
    await made.rotator.advance();
    await expect
      .poll(async () => ((await made.rotator.retire()) as { because?: string }).because, { timeout: 20_000 })
      .toContain('is switched on again');
    await (await on.enter(first)).end();
  });

  it('ends the clients of a credential that somebody else has seen', async () => {
    const made = on.make('seen');
    await made.rotator.bootstrap();
    await on.register('seen_a', 'seen_b');
    await made.rotator.advance();
    const client = await on.login(made);
    const result = await made.rotator.compromised({ reason: 'it was in a log' });
    expect(result).toMatchObject({ published: 'seen_b' });
    await expect(client.query('SELECT 1')).rejects.toThrow();
    await (await on.login(made)).end();
  });

  it('shows what it would be told, and no secret', async () => {
    const made = on.make('shown');
    await made.rotator.bootstrap();
    await on.register('shown_a', 'shown_b');
    const steps = await made.rotator.planned('advance');
    expect(steps.flatMap(({ statements = [] }) => statements)).toContain(
      `UPDATE mysql_users SET password = '****' WHERE username = 'shown_a' -- on proxysql`,
    );
  });

  it('changes nothing when the console does not take its login, and says no password', async () => {
    const console = { user: on.proxy.adminUser, password: 'not-the-password' };
    const made = on.make('wrong', {}, { console });
    await made.rotator.bootstrap();
    const error: unknown = await made.rotator.advance().catch((caught: unknown) => caught);
    expect(String(error)).toMatch(/Cannot log in to proxysql .* as keyturn_console/);
    expect(JSON.stringify(error) + String(error)).not.toContain('not-the-password');
    expect(await made.store.readPublished()).toBeUndefined();
  });
});

describe('a MySQL behind a ProxySQL', { timeout: 120_000 }, () => {
  let on: Stage;
  let missing: string | undefined;

  beforeAll(async () => {
    const found = await stage(() => startMysql(), { secure: true });
    if (typeof found === 'string') missing = found;
    else on = found;
  }, 300_000);
  beforeEach((context) => {
    if (missing !== undefined) context.skip(missing);
  });

  async function rotates({ rotator, ...made }: Made): Promise<void> {
    for (const published of ['_a', '_b', '_a']) {
      expect(await rotator.advance()).toMatchObject({
        outcome: 'advanced',
        published: expect.stringMatching(`${published}$`) as unknown,
      });
      await (await on.login({ rotator, ...made })).end();
      await expect
        .poll(async () => (await rotator.retire()).outcome, { timeout: 20_000 })
        .toMatch(/^(?:retired|nothing)$/);
    }
  }

  it('is told passwords where it is to have them', async () => {
    const made = on.make('clear', {}, { passwordForm: 'clear-text' });
    await made.rotator.bootstrap();
    await on.register('clear_a', 'clear_b');
    await rotates(made);
  });

  it('is told verifiers once it lets clients log in by them, and nothing before', async () => {
    const made = on.make('sha');
    await made.rotator.bootstrap();
    await on.register('sha_a', 'sha_b');
    const refused = await made.rotator.advance();
    expect(refused).toMatchObject({
      outcome: 'refused',
      because: expect.stringContaining(
        'proxysql lets clients log in by mysql_native_password, and takes a verifier of caching_sha2_password for a password then.',
      ) as unknown,
    });

    await on.ask(`SET mysql-default_authentication_plugin = 'caching_sha2_password'`);
    await on.ask('LOAD MYSQL VARIABLES TO RUNTIME');
    await rotates(made);
    const password = (await made.store.readPublished())?.password;
    const rows = await on.ask<{ password: string }>(
      `SELECT password FROM disk.mysql_users WHERE username = 'sha_a' UNION ALL SELECT password FROM runtime_mysql_users WHERE username = 'sha_a'`,
    );
    expect(rows.length).toBe(3);
    for (const row of rows) {
      expect(row.password).toMatch(/^\$A\$005\$/);
      expect(row.password).not.toContain(password ?? 'none');
    }
  });
});
