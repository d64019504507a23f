import { spawn } from 'node:child_process';
import { once } from 'node:events';

import { type PostgresServer, startPostgres } from '@keyturn/services';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { fingerprintOf } from '../evidence.js';
import { type LoginWire, startLoginWire } from './login-wire.js';
import { PostgresLogin } from './postgres-login.js';

const key = 'of this run';
let server: PostgresServer;
let wire: LoginWire;

beforeAll(async () => {
  server = await startPostgres();
  const { host, port, superuser: user, superuserPassword: password } = server;
  const admin = new Client({ host, port, user, password, database: 'postgres' });
  await admin.connect();
  await admin.query(`CREATE USER one PASSWORD 'first'; CREATE USER two PASSWORD 'second'; ALTER USER two NOLOGIN`);
  await admin.end();
  wire = await startLoginWire(server, (onEnd) => new PostgresLogin(onEnd), key);
  wire.learn({ user: 'one', password: 'first' });
  wire.learn({ user: 'two', password: 'second' });
});

afterAll(async () => {
  await wire.stop();
  await server.stop();
});

/** Logs in from a process group of its own, as an application does. */
async function loginAs(user: string, password: string): Promise<number> {
  const program = `
    const { Client } = require('pg');
    const client = new Client({ host: '127.0.0.1', port: ${wire.port}, user: '${user}', password: process.env.WORD, database: 'postgres' });
    process.stdin.once('data', () =>
      client.connect().then(() => client.query('SELECT 1')).then(() => client.end(), () => client.end()).finally(() => process.exit()));
  `;
  const child = spawn(process.execPath, ['-e', program], {
    detached: true,
    stdio: ['pipe', 'ignore', 'inherit'],
    env: { WORD: password, PATH: process.env['PATH'] ?? '' },
  });
  const group = child.pid ?? 0;
  wire.started(group);
  child.stdin.end('go');
  await once(child, 'exit');
  await expect.poll(() => wire.loginsOf(group)).toHaveLength(1);
  return group;
}

describe.runIf(process.platform === 'linux')('the wire before a PostgreSQL', () => {
  it.each([
    ['a login that succeeds', 'one', 'first', 'first', undefined],
    ['a password of another user', 'one', 'second', 'second', '28P01'],
    ['a password that nobody was given', 'one', 'third', undefined, '28P01'],
    ['a user that was switched off', 'two', 'second', 'second', '28000'],
    ['a user that does not exist', 'none', 'first', 'first', '28P01'],
  ])('sees %s', async (_, user, password, used, refused) => {
    const group = await loginAs(user, password);
    const [login] = wire.loginsOf(group);
    expect(login).toMatchObject({ user, ...(refused === undefined ? {} : { refused }) });
    expect(login?.refused).toBe(refused);
    if (used === undefined) expect(login?.credential).not.toBe(fingerprintOf(key, user, password));
    else expect(login?.credential).toBe(fingerprintOf(key, user, used));
    expect(login?.endedAt).toBeGreaterThan(login?.begunAt ?? 0);
    if (refused === undefined) await expect.poll(() => wire.loginsOf(group)[0]?.closedAt).toBeDefined();
    expect(JSON.stringify(login)).not.toContain(password);
  });

  it('tells nothing of processes that are not the application', async () => {
    const client = new Client({
      host: '127.0.0.1',
      port: wire.port,
      user: 'one',
      password: 'first',
      database: 'postgres',
    });
    await client.connect();
    expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    await client.end();
    expect(wire.loginsOf(process.pid)).toEqual([]);
  });
});
