import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { type PostgresServer, startPostgres } from '@keyturn/services';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { Desk } from './cli/keyturn.js';

let server: PostgresServer;
const desk = new Desk();
const log = path.join(desk.folder, 'postgresql.log');

beforeAll(async () => {
  server = await startPostgres({
    settings: { log_timezone: 'UTC' },
    onLog: (line) => appendFileSync(log, `${line}\n`),
  });
  desk.env['ADMIN_PASSWORD'] = server.superuserPassword;
}, 120_000);
afterAll(async () => {
  await server.stop();
  desk.remove();
});

function configure(serverLog: string): void {
  desk.write({
    'keyturn.rotation.yaml': `
pairs:
  shop:
    database:
      kind: postgres
      database: postgres
      admin: { user: ${server.superuser}, password: { env: ADMIN_PASSWORD } }
      tls: false
      ${serverLog}
      endpoints: [{ kind: writer, host: ${server.host}, port: ${server.port} }]
    store: { kind: env-file, path: shop.env }
    plan: { every: 30d, soak: 1h, consumers: [{ name: web, chain: [{ kind: pool, longest: 0s }] }] }
`,
  });
}

function published(): { user: string; password: string } {
  const [, user = '', password = ''] = /^DB_USER=(.*)\nDB_PASSWORD=(.*)\n/.exec(desk.read('shop.env')) ?? [];
  return { user, password };
}

async function login(credential: { user: string; password: string }): Promise<void> {
  const { host, port } = server;
  const client = new pg.Client({ host, port, database: 'postgres', ...credential });
  client.on('error', () => undefined);
  try {
    await client.connect();
  } finally {
    await client.end();
  }
}

const status = async () => await desk.keyturn('status', 'shop');

it('status counts the logins that the log of the server shows refused, and retire switches the user on again', async () => {
  configure('serverLog: postgresql.log');
  expect((await desk.keyturn('bootstrap', 'shop')).code).toBe(0);
  expect((await desk.keyturn('rotate', 'shop')).code).toBe(0);
  const first = published();
  expect((await desk.keyturn('rotate', 'shop')).code).toBe(0);
  expect((await desk.keyturn('retire', 'shop')).out).toContain('soak');
  expect((await status()).out).toMatch(/refused logins +0 since shop_a was switched off/);

  // Somebody with a wrong password holds nothing; somebody with the right one does.
  await expect(login({ ...first, password: 'not-it' })).rejects.toMatchObject({ code: '28P01' });
  await expect(login(first)).rejects.toMatchObject({ code: '28000' });
  await expect(login(first)).rejects.toMatchObject({ code: '28000' });
  const refusals = () => readFileSync(log, 'utf8').split('role "shop_a" is not permitted to log in').length - 1;
  await expect.poll(refusals, { timeout: 30_000 }).toBe(2);
  expect((await status()).out).toMatch(/refused logins +2 since shop_a was switched off/);
  const told = await desk.json<{ pairs?: readonly object[] }>('status', 'shop');
  expect(JSON.stringify(told)).toContain('"endpoint":"server log","user":"shop_a"');

  const retired = await desk.keyturn('retire', 'shop');
  expect(retired).toMatchObject({ code: 1 });
  expect(retired.out + retired.err).toContain('switched on again, because a login was refused');
  await login(first);
  for (const text of desk.printed) expect(text).not.toContain(first.password);
});

it('status says that nobody tells without the log, and ends with 3 when the log is not there', async () => {
  configure('');
  await desk.keyturn('retire', 'shop');
  expect((await status()).out).toMatch(/refused logins +not known: the server does not tell/);
  configure('serverLog: none.log');
  expect(existsSync(path.join(desk.folder, 'none.log'))).toBe(false);
  const { code, out, err } = await status();
  expect({ code, out }).toMatchObject({ code: 3 });
  expect(out + err).toContain('none.log, cannot be read (ENOENT)');
});
