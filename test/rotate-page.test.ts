import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { orNotRun, type PostgresServer, startPgbouncer, startPostgres } from '@keyturn/services';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Desk } from './cli/keyturn.js';

const page = readFileSync(path.join(import.meta.dirname, '..', 'docs', 'rotate.md'), 'utf8');
const adminPassword = 'Canary4711Admin';
const oldPassword = 'Canary0815Old';

let server: PostgresServer;
let root: pg.Client;
let desk: Desk;
/** Every password that the store has held. */
const secrets = new Set([adminPassword, oldPassword]);

/** The code block that follows `<!-- test: name -->`. */
function sample(name: string): string {
  const found = new RegExp(`<!-- test: ${name} -->\\s+\`\`\`\\w+\\n([\\s\\S]*?)\`\`\``).exec(page)?.[1];
  if (found === undefined) throw new Error(`docs/rotate.md has no sample "${name}".`);
  return found;
}

beforeAll(async () => {
  server = await startPostgres({ settings: { log_statement: 'all', log_min_error_statement: 'debug1' } });
  root = new pg.Client({
    host: server.host,
    port: server.port,
    database: 'postgres',
    user: server.superuser,
    password: server.superuserPassword,
  });
  await root.connect();
  // What this test itself writes must not be what it finds in the log.
  await root.query(`SET log_statement = 'none'`);
  await root.query(`CREATE ROLE keyturn SUPERUSER LOGIN PASSWORD '${adminPassword}'`);
  await root.query(`CREATE ROLE app LOGIN PASSWORD '${oldPassword}'`);
  await root.query('CREATE DATABASE orders');
  desk = new Desk({ KEYTURN_ADMIN_PASSWORD: adminPassword, OLD_PASSWORD: oldPassword, KEYTURN_DEBUG: '1' });
  desk.write({ 'keyturn.rotation.yaml': here(sample('config')) });
}, 120_000);

afterAll(async () => {
  await root.end();
  await server.stop();
  desk.remove();
});

/** The configuration of the page, for the server of this test. */
function here(config: string): string {
  const local = config
    .replace('host: db.internal, port: 5432', `host: ${server.host}, port: ${server.port}`)
    .replace('tls: { ca: ca.pem }', 'tls: false');
  expect(local).not.toContain('db.internal');
  expect(local).toContain('tls: false');
  return local;
}

async function run(...args: string[]) {
  const ran = await desk.keyturn(...args);
  for (const file of readdirSync(desk.folder).filter((name) => name.endsWith('.env.keyturn'))) {
    for (const [, password = ''] of desk.read(file).matchAll(/"password": "(.*)"/g)) secrets.add(password);
  }
  return ran;
}

/** Each line of a sample, as a shell would split it; the comment says when the exit code is not 0. */
async function follow(name: string): Promise<void> {
  for (const line of sample(name).trim().split('\n')) {
    const [command = '', comment = ''] = line.split(/\s+# /);
    const words = [...command.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '');
    expect(words[0]).toBe('keyturn');
    const { code, out, err } = await run(...words.slice(1));
    expect({ line, code, err: code === 3 ? err : '' }).toEqual({
      line,
      code: Number(/exit (\d)/.exec(comment)?.[1] ?? 0),
      err: '',
    });
    expect(out).not.toBe('');
  }
}

describe('docs/rotate.md', () => {
  it.each(['first', 'monday', 'wrong'])('can be followed as it stands: %s', async (name) => {
    await follow(name);
  });

  it('can be followed behind a PgBouncer', async (context) => {
    const { part: pooler, because } = await orNotRun(() => startPgbouncer({ upstream: server }));
    if (pooler === undefined) return context.skip(because);
    const before = desk.read('keyturn.rotation.yaml');
    try {
      desk.env['PGBOUNCER_PASSWORD'] = pooler.adminPassword;
      const config = here(sample('pooler'))
        .replace('host: pgbouncer.internal, port: 6432', `host: ${pooler.host}, port: ${pooler.port}`)
        .replace('/etc/pgbouncer/userlist.txt', pooler.userlist);
      expect(config).toContain(`user: ${pooler.adminUser}, `);
      desk.write({ 'keyturn.rotation.yaml': config });
      for (const command of ['bootstrap', 'rotate', 'rotate']) expect(await run(command)).toMatchObject({ code: 0 });
      const published = /DB_USER=(.*)\nDB_PASSWORD=(.*)\n/.exec(desk.read('shop.env'));
      const [, user = '', password = ''] = published ?? [];
      expect(user).toBe('shop_b');
      const client = new pg.Client({ host: pooler.host, port: pooler.port, database: 'orders', user, password });
      await client.connect();
      const { out } = await run('status');
      expect(out).toContain('shop_b');
      expect(out).toMatch(/on pooler/);
      await client.end();
      expect((await run('retire')).code).toBe(0);
      expect(readFileSync(pooler.userlist, 'utf8')).toMatch(/^"shop_b" "SCRAM-SHA-256\$/m);
      expect(readFileSync(pooler.userlist, 'utf8')).not.toContain('shop_a');
    } finally {
      desk.write({ 'keyturn.rotation.yaml': before });
      await pooler.stop();
    }
  });

  it('names every command there is', async () => {
    const { out } = await desk.keyturn('--help');
    const ours = [...out.matchAll(/^ {2}(\w+) \[options\]/gm)].map(([, name = '']) => name);
    for (const name of ours.filter((one) => !['check', 'init', 'rehearse'].includes(one)))
      expect(page).toContain(`keyturn ${name}`);
    expect(ours.length).toBeGreaterThan(8);
  });
});

describe('a known password in every input', () => {
  it('is in no output, argument, journal or log of the server, whatever goes wrong', async () => {
    const config = desk.read('keyturn.rotation.yaml');
    const adopted = config
      .replace('  orders:\n', '  taken:\n    users: [app, app_b]\n    sharedRole: app_owner\n')
      .replace('orders.env', 'taken.env');
    const use = (text: string): void => desk.write({ 'keyturn.rotation.yaml': text });

    use(adopted);
    await run('adopt', 'taken', '--user', 'app', '--password-env', 'OLD_PASSWORD', '--apply');
    for (const args of [
      ['rotate'],
      ['rollback', '--reason', 'x'],
      ['doctor'],
      ['status', '--json'],
      ['rotate', '--dry-run', '--json'],
    ]) {
      expect((await run(...args)).code).toBe(0);
    }
    use(config.replace('{ env: KEYTURN_ADMIN_PASSWORD }', adminPassword));
    expect((await run('status')).code).toBe(2);
    use(`${config}\n${oldPassword}: [`);
    expect((await run('status')).code).toBe(2);
    use(config.replace(String(server.port), '1'));
    expect((await run('status')).code).toBe(3);
    use(config.replace('user: keyturn', 'user: nobody_known'));
    expect((await run('rotate')).code).toBe(3);
    use(config.replace('database: orders', 'database: missing'));
    expect((await run('doctor')).code).toBe(3);
    use(config);
    await root.query('ALTER ROLE orders_a PASSWORD NULL; ALTER ROLE orders_b PASSWORD NULL');
    expect((await run('doctor')).code).toBe(1);
    // Nothing can be read of a file of versions that is cut in the middle.
    writeFileSync(path.join(desk.folder, 'orders.env.keyturn'), desk.read('orders.env.keyturn').slice(0, -20));
    expect((await run('rotate', '--force', '--reason', 'test')).code).toBe(3);
    expect((await run('audit', '--database-url', `postgres://keyturn:${adminPassword}@127.0.0.1/x`)).code).toBe(2);

    const { rows } = await (async () => {
      const client = new pg.Client({
        host: server.host,
        port: server.port,
        database: 'orders',
        user: server.superuser,
        password: server.superuserPassword,
      });
      await client.connect();
      const dump = await client.query<{ row: string }>(
        'SELECT p::text AS row FROM keyturn.pair p UNION ALL SELECT j::text FROM keyturn.journal j',
      );
      await client.end();
      return dump;
    })();
    // The argument that was refused is the user's own.
    const shown = desk.printed.map((text) => (text.includes('\0') ? text.replaceAll(`:${adminPassword}@`, '') : text));
    // Two were given, four made here, and two behind the PgBouncer, where there is one.
    expect(secrets.size).toBe(existsSync(path.join(desk.folder, 'shop.env')) ? 8 : 6);
    expect(rows.length).toBeGreaterThan(10);
    expect(server.log()).toContain('ALTER ROLE "orders_a" LOGIN PASSWORD');
    for (const [place, text] of [
      ['output and arguments', shown.join('\n')],
      ['journal', rows.map(({ row }) => row).join('\n')],
      ['log of the server', server.log()],
    ] as const) {
      for (const secret of secrets) expect({ place, found: text.includes(secret) }).toEqual({ place, found: false });
    }
  });
});
