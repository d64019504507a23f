import pg from 'pg';
import { describe, expect, it } from 'vitest';

import { orNotRun } from './part-missing.js';
import { startPgbouncer } from './pgbouncer.js';
import { startPostgres } from './postgres.js';

describe('startPgbouncer', () => {
  it('passes the users of its list on to PostgreSQL and refuses others', { timeout: 300_000 }, async (context) => {
    const server = await startPostgres();
    try {
      const users = { [server.superuser]: server.superuserPassword };
      const { part: pooler, because } = await orNotRun(async () => await startPgbouncer({ upstream: server, users }));
      if (!pooler) return context.skip(because);
      try {
        const ask = async (user: string, password: string): Promise<unknown> => {
          const client = new pg.Client({ host: pooler.host, port: pooler.port, database: 'postgres', user, password });
          await client.connect();
          const { rows } = await client.query<{ port: number }>('SELECT inet_server_port() AS port');
          await client.end();
          return rows[0]?.port;
        };
        expect(await ask(server.superuser, server.superuserPassword)).toBe(server.port);
        await expect(ask(server.superuser, 'wrong')).rejects.toThrow();
        await expect(ask('stranger', server.superuserPassword)).rejects.toThrow();
      } finally {
        await pooler.stop();
      }
    } finally {
      await server.stop();
    }
  });
});
