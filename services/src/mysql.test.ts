import { createConnection } from 'mysql2/promise';
import { describe, expect, it } from 'vitest';

import { type MariadbServer, startMariadb } from './mariadb.js';
import { startMysql } from './mysql.js';
import { orNotRun } from './part-missing.js';

async function ask(server: MariadbServer, sql: string, password = server.superuserPassword): Promise<string> {
  const connection = await createConnection({ host: server.host, port: server.port, user: server.superuser, password });
  try {
    const [rows] = await connection.query<never>(sql);
    return String(Object.values((rows as Record<string, unknown>[])[0] ?? {})[0]);
  } finally {
    await connection.end();
  }
}

describe.each([
  { name: 'MariaDB', start: startMariadb, version: /^10\.|^11\./, optional: false },
  // Needs mvn, which is not on every machine.
  { name: 'MySQL', start: startMysql, version: /^8\.0\./, optional: true },
])('$name', ({ start, version, optional }) => {
  it('starts, refuses a wrong password, and comes back after a crash', { timeout: 300_000 }, async (context) => {
    const { part: server, because } = await orNotRun(start, { optional });
    if (!server) return context.skip(because);
    try {
      expect(await ask(server, 'SELECT VERSION()')).toMatch(version);
      await expect(ask(server, 'SELECT 1', 'wrong')).rejects.toMatchObject({ errno: 1045 });
      await expect(ask(server, 'SELECT 1', '')).rejects.toMatchObject({ errno: 1045 });
      await server.restart();
      expect(await ask(server, 'SELECT CURRENT_USER()')).toBe('root@127.0.0.1');
    } finally {
      await server.stop();
    }
  });
});
