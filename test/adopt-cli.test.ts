import { CreateSecretCommand, PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { type HttpService, orNotRun, type PostgresServer, startMoto, startPostgres } from '@keyturn/services';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { Desk } from './cli/keyturn.js';

let server: PostgresServer;
let moto: { part?: HttpService; because?: string };
let desk: Desk;
const open: pg.Client[] = [];

beforeAll(async () => {
  server = await startPostgres();
  moto = await orNotRun(startMoto);
  desk = new Desk({
    ADMIN_PASSWORD: server.superuserPassword,
    OLD_PASSWORD: password,
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    NODE_NO_WARNINGS: '1',
  });
}, 300_000);

afterAll(async () => {
  await server.stop();
  await moto.part?.stop();
  desk.remove();
});

afterEach(async () => {
  for (const client of open.splice(0)) await client.end().catch(() => undefined);
});

const password = 'OldPassword4711';

async function as(user: string, secret: string, database: string): Promise<pg.Client> {
  const client = new pg.Client({ host: server.host, port: server.port, database, user, password: secret });
  client.on('error', () => undefined);
  await client.connect();
  open.push(client);
  return client;
}

/** A database of its own, and the superuser in it. */
async function database(name: string): Promise<pg.Client> {
  const root = await as(server.superuser, server.superuserPassword, 'postgres');
  await root.query(`CREATE DATABASE ${name}`);
  return await as(server.superuser, server.superuserPassword, name);
}

function configure(pair: string, more: string, store: string): void {
  desk.write({
    'keyturn.rotation.yaml': `
pairs:
  ${pair}:
    ${more}
    database:
      kind: postgres
      database: ${pair}
      admin: { user: ${server.superuser}, password: { env: ADMIN_PASSWORD } }
      tls: false
      endpoints: [{ kind: writer, host: ${server.host}, port: ${server.port} }]
    store: { ${store} }
    plan: { every: 30d, consumers: [{ name: web, chain: [{ kind: pool, longest: 0s }] }] }
`,
  });
}

/** What a dump of roles and objects would show, but for the journal. */
async function picture(root: pg.Client): Promise<unknown> {
  const { rows } = await root.query(`
    SELECT 'owner ' || c.oid::regclass AS what, pg_get_userbyid(relowner)::text AS who FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = 'shop'
    UNION ALL SELECT 'schema ' || nspname, pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname = 'shop'
    UNION ALL SELECT 'acl ' || c.oid::regclass, coalesce((SELECT string_agg(x::text, ',' ORDER BY x::text) FROM unnest(relacl) x), '') FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname IN ('shop', 'other')
    UNION ALL SELECT 'default ' || pg_get_userbyid(defaclrole), (SELECT string_agg(x::text, ',' ORDER BY x::text) FROM unnest(defaclacl) x) FROM pg_default_acl
    UNION ALL SELECT 'member ' || pg_get_userbyid(member), pg_get_userbyid(roleid) FROM pg_auth_members WHERE pg_get_userbyid(roleid) NOT LIKE 'pg\\_%'
    UNION ALL SELECT 'setting ' || pg_get_userbyid(setrole), array_to_string(setconfig, ';') FROM pg_db_role_setting
    UNION ALL SELECT 'role ' || rolname, concat_ws(' ', rolcanlogin, rolconnlimit, rolcreatedb) FROM pg_roles WHERE rolname NOT LIKE 'pg\\_%'
    ORDER BY 1, 2`);
  return rows;
}

describe('one user that an application uses', () => {
  const pair = 'single';

  it('becomes the first of two without a new password, and the other gets the same rights', async () => {
    const root = await database(pair);
    await root.query(`CREATE ROLE app LOGIN CREATEDB CONNECTION LIMIT 20 PASSWORD '${password}'`);
    await root.query(`CREATE ROLE reporting NOLOGIN`);
    await root.query(`CREATE ROLE reader NOLOGIN`);
    await root.query(`GRANT reporting TO app`);
    await root.query(`CREATE SCHEMA shop AUTHORIZATION app`);
    await root.query(`CREATE SCHEMA other; CREATE TABLE other.rates (id int, secret int)`);
    await root.query(`GRANT USAGE ON SCHEMA other TO app; GRANT SELECT (id) ON other.rates TO app`);
    await root.query(`ALTER ROLE app SET search_path TO shop, "Quoted Name"`);
    const app = await as('app', password, pair);
    await app.query(`CREATE TABLE orders (id serial PRIMARY KEY, tenant text)`);
    await app.query(`ALTER DEFAULT PRIVILEGES IN SCHEMA shop GRANT SELECT ON TABLES TO reader`);
    await app.query(`ALTER TABLE orders ENABLE ROW LEVEL SECURITY; ALTER TABLE orders FORCE ROW LEVEL SECURITY`);
    await app.query(`CREATE POLICY mine ON orders TO app USING (true)`);
    await app.query(`INSERT INTO orders (tenant) VALUES ('x')`);

    configure(pair, 'users: [app, app_two]\n    sharedRole: app_owner', `kind: env-file, path: ${pair}.env`);
    expect(await desk.keyturn('adopt')).toMatchObject({
      code: 2,
      err: expect.stringContaining('publishes nothing. Say which credential applications use: --user NAME') as string,
    });
    const before = await picture(root);
    const shown = await desk.json<{ statements: string[] }>('adopt', '--user', 'app', '--password-env', 'OLD_PASSWORD');
    expect(shown).toMatchObject({ code: 0, outcome: 'taken-over', applied: false });
    expect(shown.statements).toContain('REASSIGN OWNED BY "app" TO "app_owner"');
    expect(await picture(root)).toEqual(before);

    const done = await desk.keyturn('adopt', '--user', 'app', '--password-env', 'OLD_PASSWORD', '--apply');
    expect(done.err).toBe('');
    expect(done.code).toBe(0);
    expect(desk.read(`${pair}.env`)).toBe(`DB_USER=app\nDB_PASSWORD=${password}\nDB_GENERATION=0\n`);
    // The session that was there before goes on, and a new login works as the shared role.
    await app.query(`INSERT INTO orders (tenant) VALUES ('y')`);
    const again = await as('app', password, pair);
    const { rows } = await again.query(`SELECT current_user AS now, count(*)::int AS orders FROM orders`);
    expect(rows).toEqual([{ now: 'app_owner', orders: 2 }]);
    await app.end();
    await again.end();

    expect(await desk.json('rotate')).toMatchObject({
      code: 0,
      generation: 1,
      published: 'app_two',
      superseded: 'app',
    });
    const two = await as('app_two', /DB_PASSWORD=(.*)/.exec(desk.read(`${pair}.env`))?.[1] ?? '', pair);
    const { rows: same } = await two.query(
      `SELECT count(*)::int AS orders, current_setting('search_path') AS path FROM orders`,
    );
    expect(same).toEqual([{ orders: 2, path: 'shop, "Quoted Name"' }]);
    expect((await two.query('SELECT id FROM other.rates')).rowCount).toBe(0);
    await two.query('CREATE TABLE made_by_two (id int); ALTER TABLE orders ADD COLUMN note text');
    await two.end();
    expect(await desk.json('rollback', '--reason', 'test')).toMatchObject({ code: 0, published: 'app' });
    await as('app', password, pair);
    expect(await desk.keyturn('adopt', '--undo', '--apply')).toMatchObject({
      code: 3,
      err: expect.stringContaining('was rotated since it was taken over') as string,
    });
  });

  it('is refused with a password that does not log in, and nothing was changed', async () => {
    const root = await database('wrong');
    configure('wrong', 'users: [app, app_two]\n    sharedRole: app_owner', 'kind: env-file, path: wrong.env');
    desk.env['OLD_PASSWORD'] = `${password}x`;
    const { code, err } = await desk.keyturn('adopt', '--user', 'app', '--password-env', 'OLD_PASSWORD', '--apply');
    expect({ code, err }).toMatchObject({ code: 3, err: expect.stringContaining('Cannot log in to writer') as string });
    expect(err).not.toContain(password);
    expect((await root.query(`SELECT to_regnamespace('keyturn') AS journal`)).rows).toEqual([{ journal: null }]);
  });
});

describe('the layout of the AWS multi-user rotation', () => {
  const pair = 'cloned';
  const clonePassword = 'ClonePassword0815';
  let root: pg.Client;

  /** app owns tables, app_clone is a member of app and owns what it made: app cannot read that (aws-samples #175). */
  async function layout(): Promise<void> {
    await root.query(`CREATE ROLE app2 LOGIN PASSWORD '${password}'`);
    await root.query(`CREATE SCHEMA shop AUTHORIZATION app2`);
    await root.query(`ALTER ROLE app2 SET statement_timeout TO '5s'`);
    const app = await as('app2', password, pair);
    await app.query('CREATE TABLE shop.orders (id int); INSERT INTO shop.orders VALUES (1)');
    await root.query(`CREATE ROLE app2_clone LOGIN PASSWORD '${clonePassword}'; GRANT app2 TO app2_clone`);
    await root.query('GRANT CREATE, USAGE ON SCHEMA shop TO app2_clone');
    const clone = await as('app2_clone', clonePassword, pair);
    await clone.query('CREATE TABLE shop.made_by_clone (id int); INSERT INTO shop.made_by_clone VALUES (1)');
    await expect(app.query('SELECT * FROM shop.made_by_clone')).rejects.toThrow('permission denied');
    await app.end();
    await clone.end();
  }

  it('is taken over, taken back, and taken over again; ownership is repaired and both old credentials go on', async (context) => {
    if (!moto.part) return context.skip(moto.because);
    const client = new SecretsManagerClient({
      endpoint: moto.part.url,
      region: 'eu-central-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    });
    root = await database(pair);
    await layout();
    const secret = (username: string, secretOf: string) =>
      JSON.stringify({ engine: 'postgres', host: server.host, username, password: secretOf, masterarn: 'arn:aws:x' });
    await client.send(new CreateSecretCommand({ Name: pair, SecretString: secret('app2', password) }));
    await client.send(new PutSecretValueCommand({ SecretId: pair, SecretString: secret('app2_clone', clonePassword) }));
    configure(
      pair,
      'users: [app2, app2_clone]\n    sharedRole: app2_owner',
      `kind: aws-secrets-manager, secretId: ${pair}, endpoint: "${moto.part.url}"`,
    );

    const before = await picture(root);
    const shown = await desk.keyturn('adopt', '--dry-run');
    expect(shown.code).toBe(0);
    for (const statement of [
      'REASSIGN OWNED BY "app2", "app2_clone" TO "app2_owner"',
      'REVOKE "app2" FROM "app2_clone"',
      `ALTER ROLE "app2_clone" SET "statement_timeout" TO '5s'`,
    ])
      expect(shown.out).toContain(`  ${statement};\n`);
    expect(await picture(root)).toEqual(before);

    expect(await desk.keyturn('adopt', '--apply')).toMatchObject({ code: 0, err: '' });
    for (const [user, secretOf] of [
      ['app2', password],
      ['app2_clone', clonePassword],
    ] as const) {
      const session = await as(user, secretOf, pair);
      await session.query(
        'SELECT * FROM shop.made_by_clone, shop.orders; ALTER TABLE shop.made_by_clone ADD c int; ALTER TABLE shop.made_by_clone DROP c',
      );
      await session.end();
    }
    expect(await desk.json('adopt', '--undo')).toMatchObject({ code: 0, applied: false });
    expect(await desk.keyturn('adopt', '--undo', '--apply')).toMatchObject({ code: 0, err: '' });
    expect(await picture(root)).toEqual(before);
    await as('app2_clone', clonePassword, pair);
    await open.pop()?.end();

    expect(await desk.keyturn('adopt', '--apply')).toMatchObject({ code: 0 });
    expect(await desk.json('status')).toMatchObject({
      published: { user: 'app2_clone', generation: 0 },
      superseded: { user: 'app2', phase: 'usable' },
    });
    expect(await desk.json('doctor')).toMatchObject({ code: 0, problems: [] });
    expect(await desk.json('rollback', '--reason', 'back to the first')).toMatchObject({ code: 0, published: 'app2' });
    await as('app2', password, pair);
    await open.pop()?.end();
    expect(await desk.json('rotate')).toMatchObject({ code: 0, generation: 2, published: 'app2_clone' });
    await expect(as('app2_clone', clonePassword, pair)).rejects.toMatchObject({ code: '28P01' });
  });
});
