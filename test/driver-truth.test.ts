import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { Linter } from 'eslint';
import mysql from 'mysql2/promise';
import pg from 'pg';
import keyturn from '@keyturn/eslint-plugin';
import { orNotRun, startMariadb, startMysql, startPostgres } from '@keyturn/services';
import { describe, expect, it, type TestContext } from 'vitest';
import { mysqlSamples } from './driver-truth/mysql.js';
import { postgresSamples } from './driver-truth/postgres.js';
import { type Sample, prelude } from './driver-truth/sample.js';

type Outcome = 'follows' | 'refused' | 'never';

/** A server with the user of the samples, whose password can be changed in place. */
interface Database {
  readonly host: string;
  readonly port: number;
  /** Gives the user another password, and ends its sessions. */
  change(password: string): Promise<void>;
  stop(): Promise<void>;
}

const user = 'app';
const database = 'shop';

async function postgres(): Promise<Database> {
  const server = await startPostgres();
  const admin = new pg.Client({
    host: server.host,
    port: server.port,
    user: server.superuser,
    password: server.superuserPassword,
    database: 'postgres',
  });
  await admin.connect();
  await admin.query(`CREATE ROLE ${user} LOGIN`);
  await admin.query(`CREATE DATABASE ${database} OWNER ${user}`);
  return {
    host: server.host,
    port: server.port,
    async change(password) {
      await admin.query(`ALTER ROLE ${user} PASSWORD '${password}'`);
      await admin.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1', [user]);
    },
    async stop() {
      await admin.end();
      await server.stop();
    },
  };
}

async function mysqlLike(server: Awaited<ReturnType<typeof startMariadb>>): Promise<Database> {
  const admin = await mysql.createConnection({
    host: server.host,
    port: server.port,
    user: server.superuser,
    password: server.superuserPassword,
  });
  await admin.query(`CREATE DATABASE ${database}`);
  await admin.query(`CREATE USER ${user}@'%' IDENTIFIED BY 'none-yet'`);
  await admin.query(`GRANT ALL ON ${database}.* TO ${user}@'%'`);
  return {
    host: server.host,
    port: server.port,
    async change(password) {
      await admin.query(`ALTER USER ${user}@'%' IDENTIFIED BY '${password}'`);
      const [sessions] = await admin.query<mysql.RowDataPacket[]>(
        'SELECT id FROM information_schema.processlist WHERE user = ?',
        [user],
      );
      for (const { id, ID } of sessions as { id?: number; ID?: number }[])
        await admin.query(`KILL ${String(id ?? ID)}`).catch(() => undefined);
    },
    async stop() {
      await admin.end();
      await server.stop();
    },
  };
}

/** What each sample does when the password changes under it. */
async function watch(samples: readonly Sample[], server: Database): Promise<Outcome[]> {
  const room = path.join(drivers, 'node_modules');
  mkdirSync(room, { recursive: true });
  // Inside of the package that has the drivers.
  const folder = mkdtempSync(path.join(room, '.driver-truth-'));
  try {
    const passwordFile = path.join(folder, 'password');
    const rotate = async (password: string) => {
      writeFileSync(passwordFile, password, { mode: 0o600 });
      await server.change(password);
    };
    await rotate('first-of-two');
    const files = samples.map((sample, index) => {
      const file = path.join(folder, `${String(index)}.mjs`);
      writeFileSync(file, prelude + sample.code);
      return file;
    });
    const child = spawn(process.execPath, [path.join(import.meta.dirname, 'driver-truth/run.mjs'), ...files], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: {
        ...process.env,
        NODE_NO_WARNINGS: '1',
        HOST: server.host,
        PORT: String(server.port),
        DATABASE: database,
        DB_USER: user,
        PASSWORD_FILE: passwordFile,
      },
    });
    const lines: string[] = [];
    const out = createInterface({ input: child.stdout });
    const closed = once(out, 'close');
    const opened = new Promise<void>((resolve) =>
      out.on('line', (line) => {
        if (line === 'opened') resolve();
        else lines.push(line);
      }),
    );
    await Promise.race([opened, closed]);
    await rotate('second-of-two');
    child.stdin.end('rotated\n');
    await closed;
    return JSON.parse(lines.at(-1) ?? '[]') as Outcome[];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Beside the manifest that asks for the drivers, because the rule looks their versions up. */
const drivers = path.join(import.meta.dirname, '../pool');

/** What the rule says of a sample. */
function verdict(sample: Sample): string {
  const messages = new Linter({ cwd: drivers }).verify(
    prelude + sample.code,
    {
      languageOptions: { sourceType: 'module', ecmaVersion: 'latest' },
      plugins: { keyturn: keyturn as never },
      rules: { 'keyturn/require-pool-refresh': 'error' },
    },
    { filename: path.join(drivers, 'src/sample.mjs') },
  );
  if (messages.some((each) => each.fatal)) throw new Error(`${sample.row}, ${sample.does}: the sample does not parse.`);
  return messages.map((each) => each.messageId ?? '').join() || 'nothing';
}

async function compare(
  context: TestContext,
  samples: readonly Sample[],
  start: () => Promise<{ readonly part?: Database; readonly because?: string }>,
): Promise<void> {
  const { part: server, because } = await start();
  if (!server) return context.skip(because);
  try {
    const outcomes = await watch(samples, server);
    expect(outcomes).toHaveLength(samples.length);
    const seen = samples.map((sample, index) => {
      const says = verdict(sample);
      const does = outcomes[index] === 'follows' ? 'follows' : 'breaks';
      return {
        sample: `${sample.row}: ${sample.does}`,
        says,
        does,
        agree: (says === 'nothing') === (does === 'follows'),
      };
    });
    expect(seen.filter((each) => !each.agree)).toEqual([]);
    expect(new Set(seen.map((each) => each.does))).toEqual(new Set(['follows', 'breaks']));
  } finally {
    await server.stop();
  }
}

describe(
  'what require-pool-refresh says is what the driver does when the password changes',
  { timeout: 400_000 },
  () => {
    it('on PostgreSQL', async (context) => {
      await compare(context, postgresSamples, async () => await orNotRun(postgres));
    });

    it('on MariaDB', async (context) => {
      await compare(
        context,
        mysqlSamples,
        async () => await orNotRun(async () => await mysqlLike(await startMariadb())),
      );
    });

    it('on MySQL', async (context) => {
      await compare(
        context,
        mysqlSamples,
        async () => await orNotRun(async () => await mysqlLike(await startMysql()), { optional: true }),
      );
    });

    /** Rows without a driver or a server here. Their facts were read in the source, or tried once; see the comment at the table. */
    const notTried = [
      'pg-promise',
      'slonik',
      'mysql',
      'mongodb',
      'mongoose',
      'redis',
      'ioredis',
      'bull',
      'bullmq',
      'prisma',
      'prisma adapter for mariadb',
      'oracledb',
      'mssql',
      'amqplib',
      'amqp-connection-manager',
      'rabbitmq-client',
      'kafkajs',
      'nats',
      'cassandra-driver',
      'neo4j-driver',
      'snowflake-sdk',
      'rethinkdb',
      'mqtt',
      // Stores and queues over a driver that has a row of its own.
      'pg-boss',
      'graphile-worker',
      'connect-pg-simple',
      'express-mysql-session',
      'connect-mongo',
      'connect-mongodb-session',
      'agenda',
      '@keyv/redis',
      'keyv',
      'connect-redis',
      'cache-manager over redis',
      'graphql-redis-subscriptions',
      'bee-queue',
      'apollo-server-cache-redis',
      'koa-redis',
      'socket.io-redis',
      'kue',
      'rsmq',
      // They speak to services that no registry has, or over a driver that has a row of its own.
      '@planetscale/database',
      'serverless-mysql',
      'drizzle over neon',
      'prisma adapter for mssql',
      'prisma adapter for neon',
    ];

    it('and every row of its table is tried, or named as one that is not', () => {
      const schema = JSON.stringify(keyturn.rules['require-pool-refresh']?.meta.schema);
      const rows = (JSON.parse(/"like":\{[^}]*"enum":(\[[^\]]*\])/.exec(schema)?.[1] ?? '[]') as string[]).sort();
      const tried = new Set([...postgresSamples, ...mysqlSamples].map((each) => each.row));
      tried.delete('knex');
      // A module of NestJS hands its options to a client that has a row of its own.
      expect([...tried, ...notTried].sort()).toEqual(rows.filter((each) => !/ (?:in|of) NestJS$/.test(each)));
    });
  },
);
