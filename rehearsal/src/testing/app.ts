/** An application for tests: reads its source as `READ` says, answers queries, and leaves with what it was told to in `LEAVE`. */
import fs, { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import { parseEnv } from 'node:util';

import { Pool } from 'pg';

const file = `${process.cwd()}/.env`;

async function read(): Promise<Record<string, string | undefined>> {
  switch (process.env['READ']) {
    case 'sync':
      return parseEnv(readFileSync('.env', 'utf8'));
    case 'callback':
      return parseEnv(
        await new Promise<string>((resolve, reject) => {
          fs.readFile(file, 'utf8', (error, text) => (error ? reject(error) : resolve(text)));
        }),
      );
    case 'promise':
      return parseEnv(String(await readFile(new URL(`file://${file}`))));
    default:
      process.loadEnvFile('.env');
      return process.env;
  }
}

async function main(): Promise<void> {
  const { DB_USER: user, DB_PASSWORD: password } = await read();
  const pool = new Pool({
    host: '127.0.0.1',
    port: Number(process.env['DB_PORT']),
    database: 'postgres',
    ...(user === undefined ? {} : { user }),
    password: () => String(password),
    ...(process.env['IDLE'] === undefined ? {} : { idleTimeoutMillis: Number(process.env['IDLE']) }),
  });
  const server = http.createServer((request, response) => {
    if (request.url === '/health') return void response.end('ready');
    pool.query('SELECT 1').then(
      () => response.end('1'),
      () => response.writeHead(500).end(),
    );
  });
  if (process.env['LEAVE'] !== 'never') {
    process.once('SIGTERM', () => server.close(() => void pool.end()));
  } else {
    process.on('SIGTERM', () => undefined);
  }
  server.listen(Number(process.env['PORT']), '127.0.0.1');
}

if (process.env['LEAVE'] === 'at once') {
  console.error('no such license');
  process.exit(3);
}
void main();
