import { type MariadbServer, orNotRun, startMariadb, startMysql } from '@keyturn/services';
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { Desk } from './cli/keyturn.js';

const password = 'OldPassword4711';

describe.each([
  { kind: 'MariaDB', start: () => orNotRun(() => startMariadb()) },
  // It needs mvn.
  { kind: 'MySQL', start: () => orNotRun(() => startMysql(), { optional: true }) },
])('keyturn adopt on $kind', ({ start }) => {
  let server: MariadbServer | undefined;
  let missing: string | undefined;
  let desk: Desk;
  let root: Connection;
  const open: Connection[] = [];

  beforeAll(async () => {
    ({ part: server, because: missing } = await start());
    if (server === undefined) return;
    root = await as(server.superuser, server.superuserPassword, '');
    open.length = 0;
    desk = new Desk({ ADMIN_PASSWORD: server.superuserPassword, OLD_PASSWORD: password });
  }, 300_000);

  afterAll(async () => {
    if (server === undefined) return;
    await root.end();
    await server.stop();
    desk.remove();
  });

  beforeEach((context) => {
    if (server === undefined) context.skip(missing);
  });

  afterEach(async () => {
    for (const client of open.splice(0)) await client.end().catch(() => undefined);
  });

  async function as(user: string, secret: string, database: string): Promise<Connection> {
    const { host = '', port = 0 } = server ?? {};
    const client = await createConnection({ host, port, user, password: secret, ...(database && { database }) });
    client.on('error', () => undefined);
    open.push(client);
    return client;
  }

  async function rows(sql: string): Promise<string[]> {
    const [found] = await root.query<RowDataPacket[]>(sql);
    return found.map((row) => JSON.stringify(Object.values(row)));
  }

  /** Accounts, with what they are checked by, and their grants. */
  async function picture(): Promise<Record<string, readonly string[]>> {
    const accounts = await rows(`SELECT User, Host FROM mysql.user WHERE User LIKE 'app%' ORDER BY 1, 2`);
    const shown: Record<string, readonly string[]> = { accounts };
    for (const account of accounts) {
      const [user = '', host = ''] = JSON.parse(account) as string[];
      if (host === '') continue;
      shown[user] = [
        ...(await rows(`SHOW CREATE USER '${user}'@'${host}'`)),
        ...(await rows(`SHOW GRANTS FOR '${user}'@'${host}'`)).sort(),
      ];
    }
    return shown;
  }

  function configure(pair: string, users: string): void {
    desk.write({
      'keyturn.rotation.yaml': `
pairs:
  ${pair}:
    users: ${users}
    sharedRole: ${pair}_owner
    database:
      kind: mysql
      database: ${pair}
      admin: { user: ${server?.superuser ?? ''}, password: { env: ADMIN_PASSWORD } }
      tls: false
      endpoints: [{ kind: writer, host: ${server?.host ?? ''}, port: ${server?.port ?? 0} }]
    store: { kind: env-file, path: ${pair}.env }
    plan: { every: 30d, consumers: [{ name: web, chain: [{ kind: pool, longest: 0s }] }] }
`,
    });
  }

  async function application(pair: string, user: string): Promise<void> {
    await root.query(`CREATE DATABASE ${pair}`);
    await root.query(`CREATE TABLE ${pair}.orders (id INT, secret INT)`);
    await root.query(`CREATE ROLE ${pair}_reports`);
    await root.query(`GRANT SELECT ON ${pair}.* TO ${pair}_reports`);
    await root.query(`CREATE USER '${user}'@'%' IDENTIFIED BY '${password}' WITH MAX_USER_CONNECTIONS 20`);
    await root.query(`GRANT INSERT, UPDATE (id) ON ${pair}.orders TO '${user}'@'%'`);
    await root.query(`GRANT ${pair}_reports TO '${user}'@'%'`);
    const to = (await rows('SELECT VERSION()'))[0]?.includes('MariaDB') === true ? 'FOR' : 'TO';
    await root.query(`SET DEFAULT ROLE ${pair}_reports ${to} '${user}'@'%'`);
  }

  const imported = (user: string): string[] => ['--user', user, '--password-env', 'OLD_PASSWORD'];
  const secretIn = (pair: string): string => /DB_PASSWORD=(.*)/.exec(desk.read(`${pair}.env`))?.[1] ?? '';

  it('makes one user the first of two without a new password, and the other can do the same', async () => {
    await application('shop', 'app');
    configure('shop', '[app, app_two]');
    const before = await picture();
    const session = await as('app', password, 'shop');

    const shown = await desk.json<{ statements: string[] }>('adopt', ...imported('app'));
    expect(shown).toMatchObject({ code: 0, outcome: 'taken-over', applied: false, atomic: false });
    expect(shown.statements.join('\n')).toMatch(/CREATE USER 'app_two'@'%' IDENTIFIED .*'\*{4}' .*ACCOUNT LOCK/);
    expect(await picture()).toEqual(before);

    const done = await desk.keyturn('adopt', ...imported('app'), '--apply');
    expect({ code: done.code, err: done.err }).toEqual({ code: 0, err: '' });
    expect(done.out).toContain('One by one');
    // Who was logged in, and who logs in again, goes on.
    await session.query('INSERT INTO orders VALUES (1, 1)');
    const again = await as('app', password, 'shop');
    await again.query('SELECT * FROM orders');
    await session.end();
    await again.end();

    const plan = await desk.json<{ steps: { step: string; statements?: string[] }[] }>('rotate', '--dry-run');
    const planned = plan.steps.flatMap(({ statements }) => statements ?? []);
    expect(planned.join('\n')).toMatch(/ALTER USER 'app_two'@'%' IDENTIFIED .*'\*{4}' ACCOUNT UNLOCK/);
    expect(planned.filter((sql) => sql === 'COMMIT').length).toBeGreaterThanOrEqual(3);
    expect(await desk.json('rotate')).toMatchObject({
      code: 0,
      generation: 1,
      published: 'app_two',
      superseded: 'app',
    });
    const two = await as('app_two', secretIn('shop'), 'shop');
    await two.query('INSERT INTO orders VALUES (2, 2)');
    await two.query('UPDATE orders SET id = 3');
    await two.query('SELECT secret FROM orders');
    await expect(two.query('DELETE FROM orders')).rejects.toMatchObject({ errno: 1142 });
    await two.end();
    expect(await desk.keyturn('retire')).toMatchObject({ code: 0 });
    expect(await desk.json('rotate')).toMatchObject({ code: 0, generation: 2, published: 'app' });
    expect(await desk.keyturn('adopt', '--undo', '--apply')).toMatchObject({ code: 3 });
  });

  it('takes over the two users of the AWS multi-user layout, and gives back what it took', async () => {
    await application('aws', 'app_aws');
    await root.query(`CREATE USER 'app_aws_clone'@'%' IDENTIFIED BY 'ClonePassword4711'`);
    await root.query(`GRANT INSERT, UPDATE (id) ON aws.orders TO 'app_aws_clone'@'%'`);
    configure('aws', '[app_aws, app_aws_clone]');
    const before = await picture();
    expect(await desk.json('adopt', ...imported('app_aws'), '--apply')).toMatchObject({ code: 0 });
    expect(await desk.json('status')).toMatchObject({
      published: { user: 'app_aws' },
      superseded: { user: 'app_aws_clone', phase: 'usable' },
    });
    const clone = await as('app_aws_clone', 'ClonePassword4711', 'aws');
    await clone.query('SELECT * FROM orders');
    await clone.end();

    expect(await desk.json('adopt', '--undo')).toMatchObject({ code: 0, applied: false });
    expect(await desk.json('status')).toMatchObject({ published: { user: 'app_aws' } });
    expect(await desk.json('adopt', '--undo', '--apply')).toMatchObject({ code: 0, applied: true });
    expect(await picture()).toEqual(before);
    expect(await desk.keyturn('status')).toMatchObject({ code: 3 });
  });

  it('says before anything is changed what is in the way', async () => {
    await application('odd', 'app_odd');
    await root.query(`CREATE USER 'app_odd'@'localhost' IDENTIFIED BY '${password}'`);
    configure('odd', '[app_odd, app_odd_b]');
    const before = await picture();
    expect(await desk.keyturn('adopt', ...imported('app_odd'))).toMatchObject({
      code: 3,
      err: expect.stringContaining('app_odd exists at host localhost too') as string,
    });
    expect(await picture()).toEqual(before);
    const { out } = await desk.keyturn('bootstrap', '--dry-run');
    expect(out).toBe('');
  });
});
