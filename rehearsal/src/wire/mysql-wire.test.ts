import { spawn } from 'node:child_process';
import { once } from 'node:events';

import { type MariadbServer, orNotRun, startMariadb, startMysql } from '@keyturn/services';
import { createConnection } from 'mysql2/promise';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { fingerprintOf } from '../evidence.js';
import { type LoginWire, startLoginWire } from './login-wire.js';
import { MysqlLogin } from './mysql-login.js';

const key = 'of this run';
const issued = { one: 'first', two: 'second', three: 'third' };
const servers = [
  { name: 'MariaDB', start: startMariadb, native: 'VIA mysql_native_password USING PASSWORD', locked: '4151' },
  { name: 'MySQL', start: startMysql, native: 'WITH mysql_native_password BY', locked: '3118' },
] as const;

describe.runIf(process.platform === 'linux').each(servers)('the wire before a $name', (wanted) => {
  let server: MariadbServer | undefined;
  let wire: LoginWire;
  let missing = '';

  beforeAll(async () => {
    // MySQL needs mvn, which is not on every machine.
    const started = await orNotRun(() => wanted.start(), { optional: wanted.name === 'MySQL' });
    server = started.part;
    missing = started.because ?? '';
    if (!server) return;
    const { host, port, superuser: user, superuserPassword: password } = server;
    const admin = await createConnection({ host, port, user, password, multipleStatements: true });
    const third = wanted.name === 'MySQL' ? `'third'` : `('third')`;
    await admin.query(`CREATE USER one IDENTIFIED BY 'first'; CREATE USER two IDENTIFIED BY 'second' ACCOUNT LOCK;
      CREATE USER three IDENTIFIED ${wanted.native} ${third}`);
    await admin.end();
    wire = await startLoginWire(server, (onEnd) => new MysqlLogin(onEnd), key);
    for (const [user, password] of Object.entries(issued)) wire.learn({ user, password });
  }, 300_000);
  afterAll(async () => {
    if (!server) return;
    await wire.stop();
    await server.stop();
  });
  beforeEach((context) => {
    if (!server) context.skip(missing);
  });

  /** Logs in from a process group of its own, as an application does, and says whether a statement was answered. */
  async function loginAs(
    user: string,
    password: string,
    ssl?: object,
  ): Promise<{ readonly group: number; readonly printed: string }> {
    const program = `
      const mysql = require('mysql2/promise');
      const { WORD: password, OPTIONS } = process.env;
      process.stdin.once('data', () =>
        mysql.createConnection({ ...JSON.parse(OPTIONS), password })
          .then((connection) => connection.query('SELECT 1').then(() => connection.end()))
          .then(() => console.log('answered'), (error) => console.log(error.errno))
          .finally(() => process.exit()));
    `;
    const child = spawn(process.execPath, ['-e', program], {
      detached: true,
      stdio: ['pipe', 'pipe', 'inherit'],
      env: {
        WORD: password,
        OPTIONS: JSON.stringify({ host: '127.0.0.1', port: wire.port, user, ssl }),
        PATH: process.env['PATH'] ?? '',
      },
    });
    let printed = '';
    child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
    const group = child.pid ?? 0;
    wire.started(group);
    child.stdin.end('go');
    await once(child, 'close');
    return { group, printed: printed.trim() };
  }

  it.each([
    ['a first login, for which the server wants more than the proof', 'one', 'first', 'first', undefined],
    ['a second login, which the server knows from before', 'one', 'first', 'first', undefined],
    ['a user with the older plugin', 'three', 'third', 'third', undefined],
    ['a password of another user', 'one', 'second', 'second', '1045'],
    ['a password that nobody was given', 'three', 'none', undefined, '1045'],
    ['no password', 'three', '', undefined, '1045'],
    ['a user that was switched off', 'two', 'second', 'second', wanted.locked],
    ['a user that does not exist', 'none', 'first', 'first', '1045'],
  ])('sees %s', async (_, user, password, used, refused) => {
    const { group, printed } = await loginAs(user, password);
    expect(printed).toBe(refused ?? 'answered');
    await expect.poll(() => wire.loginsOf(group)).toHaveLength(1);
    const [login] = wire.loginsOf(group);
    expect(login?.user).toBe(user);
    expect(login?.refused).toBe(refused);
    if (used === undefined) expect(login?.credential).not.toBe(fingerprintOf(key, user, password));
    else expect(login?.credential).toBe(fingerprintOf(key, user, used));
    if (refused === undefined) await expect.poll(() => wire.loginsOf(group)[0]?.closedAt).toBeDefined();
  });

  // MariaDB encrypts nothing before it is given a certificate.
  if (wanted.name === 'MySQL') {
    it('lets an encrypted login pass, and tells nothing of it', async () => {
      const { group, printed } = await loginAs('one', 'first', { rejectUnauthorized: false });
      expect(printed).toBe('answered');
      expect(wire.loginsOf(group)).toEqual([]);
    });
  }
});
