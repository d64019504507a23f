import { type MariadbServer, orNotRun, type PostgresServer, startMariadb, startPostgres } from '@keyturn/services';
import mysql from 'mysql2/promise';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Desk } from './cli/keyturn.js';

const password = 'c4n4ry-Xq7';
let server: PostgresServer;
let root: pg.Client;
let maria: { part?: MariadbServer; because?: string };
let desk: Desk;

beforeAll(async () => {
  server = await startPostgres();
  root = await as(server.superuser, server.superuserPassword);
  maria = await orNotRun(() => startMariadb());
  desk = new Desk({ KEYTURN_DATABASE_PASSWORD: server.superuserPassword });
}, 300_000);

afterAll(async () => {
  await root.end();
  await server.stop();
  await maria.part?.stop();
  desk.remove();
});

async function as(user: string, secret: string): Promise<pg.Client> {
  const client = new pg.Client({
    host: server.host,
    port: server.port,
    database: 'postgres',
    user,
    password: secret,
    application_name: `app of ${user}`,
  });
  await client.connect();
  return client;
}

interface Found {
  readonly users: readonly { readonly user: string; readonly partner?: string; readonly owns: number }[];
  readonly findings: readonly { readonly id: string; readonly users: readonly string[]; readonly says: string }[];
  readonly notSeen: readonly string[];
}

const ids = ({ findings }: Found): string[] => findings.map(({ id, users }) => `${id}: ${users.join(' ')}`);

describe('on PostgreSQL', () => {
  const url = (user: string) => `postgres://${user}@${server.host}:${server.port}/postgres`;

  it('says what a rotation today would break, and changes nothing', async () => {
    await root.query(`
      CREATE ROLE lonely LOGIN PASSWORD '${password}';
      CREATE ROLE shop LOGIN PASSWORD '${password}'; CREATE ROLE shop_clone LOGIN PASSWORD '${password}'; GRANT shop TO shop_clone;
      CREATE SCHEMA shop; GRANT ALL ON SCHEMA shop TO shop, shop_clone;
      CREATE ROLE owner NOLOGIN; CREATE ROLE first LOGIN PASSWORD '${password}' IN ROLE owner; CREATE ROLE second LOGIN PASSWORD '${password}' IN ROLE owner;
      ALTER ROLE first SET role = owner; ALTER ROLE second SET role = owner;
      CREATE ROLE unused LOGIN VALID UNTIL '2001-01-01';
      CREATE ROLE auditor LOGIN PASSWORD '${password}';
      SET password_encryption = 'md5'; CREATE ROLE dated LOGIN PASSWORD '${password}'; RESET password_encryption`);
    const sessions = await Promise.all(['lonely', 'shop', 'shop_clone', 'first'].map((user) => as(user, password)));
    await sessions[2]?.query('CREATE TABLE shop.made_by_clone (id int)');

    const found = await desk.json<Found>('audit', '--no-tls', '--database-url', url(server.superuser));
    expect(found.code).toBe(1);
    expect(found.users.map(({ user, partner, owns }) => [user, partner ?? '', owns])).toEqual([
      ['auditor', '', 0],
      ['dated', '', 0],
      ['first', 'second', 0],
      ['lonely', '', 0],
      ['second', 'first', 0],
      ['shop', 'shop_clone', 0],
      ['shop_clone', 'shop', 1],
      ['unused', '', 0],
    ]);
    expect(ids(found)).toEqual([
      'no-second-user: lonely',
      'users-differ: shop shop_clone',
      'both-in-use: shop shop_clone',
      'superuser-in-use: postgres',
      'password-expires: unused',
      'weak-password-hash: dated',
    ]);
    const says = found.findings.map((finding) => finding.says).join('\n');
    expect(says).toMatch(/^lonely has no second user, .*, now: app of lonely from 127\.0\.0\.1 on server for /m);
    expect(says).toContain('shop_clone owns table shop.made_by_clone');
    expect(found.notSeen).toEqual([]);

    const text = await desk.keyturn('audit', '--no-tls', '--database-url', url(server.superuser));
    expect(text.out).toMatch(/^postgres on PostgreSQL \d+\.\d+.*: 8 users, 6 findings\. Nothing was changed\.\n/);
    await Promise.all(sessions.map((session) => session.end()));
    expect((await root.query(`SELECT to_regnamespace('keyturn') AS journal`)).rows).toEqual([{ journal: null }]);
  });

  it('names what a login without rights does not see', async () => {
    desk.env['KEYTURN_DATABASE_PASSWORD'] = password;
    const found = await desk.json<Found>('audit', '--no-tls', '--database-url', url('auditor'));
    expect(found.notSeen).toEqual([
      'client addresses and ages of sessions (needs pg_read_all_stats)',
      'how passwords are stored (needs to read pg_authid)',
    ]);
  });

  it.each([
    { args: [], says: 'Name the database: --database-url' },
    { args: ['--database-url', `postgres://auditor:${password}@127.0.0.1/x`], says: 'can be read by every account' },
    { args: ['--database-url', `postgres://auditor:${password}@[/x`], says: 'The database URL cannot be read.' },
    { args: ['--database-url', 'oracle://a@b/c'], says: 'begins with oracle://' },
    { args: ['--database-url', 'postgres://db.internal/x'], says: 'needs a user and a database' },
  ])('refuses $says', async ({ args, says }) => {
    const { code, err, out } = await desk.keyturn('audit', ...args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(says);
    expect(err).not.toContain(password);
  });

  it('does not go on in clear text where TLS was not switched off', async () => {
    const { code, err } = await desk.keyturn('audit', '--database-url', url('auditor'));
    expect({ code, err }).toMatchObject({ code: 3, err: expect.stringContaining('does not support SSL') as string });
  });
});

describe('on MariaDB', () => {
  it('says what a rotation today would break', async (context) => {
    const { part } = maria;
    if (!part) return context.skip(maria.because);
    const at = { host: part.host, port: part.port };
    const admin = await mysql.createConnection({
      ...at,
      user: part.superuser,
      password: part.superuserPassword,
      multipleStatements: true,
    });
    await admin.query(`
      CREATE DATABASE shop; CREATE TABLE shop.orders (id int);
      CREATE USER lonely@'%' IDENTIFIED BY '${password}'; GRANT SELECT ON shop.* TO lonely@'%';
      CREATE USER shop_a@'%' IDENTIFIED BY '${password}'; GRANT SELECT, INSERT ON shop.* TO shop_a@'%';
      CREATE USER shop_b@'%' IDENTIFIED BY '${password}'; GRANT SELECT ON shop.* TO shop_b@'%';
      CREATE DEFINER = lonely@'%' VIEW shop.seen AS SELECT * FROM shop.orders`);
    const session = await mysql.createConnection({ ...at, user: 'lonely', password });
    desk.env['KEYTURN_DATABASE_PASSWORD'] = part.superuserPassword;
    const found = await desk.json<Found>(
      'audit',
      '--no-tls',
      '--database-url',
      `mysql://${part.superuser}@${part.host}:${part.port}/shop`,
    );
    await session.end();
    await admin.end();
    expect(ids(found)).toEqual(['no-second-user: lonely', 'users-differ: shop_a shop_b', 'user-owns-objects: lonely']);
    expect(found.findings[1]?.says).toContain(
      'shop_a has "GRANT INSERT, SELECT ON `shop`.*" from % and shop_b has not',
    );
    expect(JSON.stringify(found)).not.toMatch(/c4n4ry|\*[0-9A-F]{40}/);
  });
});

it('prints no password, and takes none as an argument that was not refused', () => {
  const all = desk.printed.filter((text) => !text.includes('/x\0')).join('\n');
  expect(all).not.toContain(server.superuserPassword);
});
