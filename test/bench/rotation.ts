import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { type HttpService, PartMissing, type PostgresServer, startMoto, startPostgres } from '@keyturn/services';
import pg from 'pg';

import { alterUserAndRestart } from './rotation/alter-user.js';
import { awsMultiUser } from './rotation/aws-multi-user.js';
import { type Contender, type Ground, refreshMs } from './rotation/contender.js';
import { keyturnWithFile, keyturnWithSecretsManager } from './rotation/keyturn.js';
import { type Measured, measure, type MeasureOptions } from './rotation/measure.js';
import { type Scheduled, schedulePairs } from './rotation/process-host.js';

const help = `What a rotation costs and what it breaks, side by side on one PostgreSQL: keyturn, ALTER USER and restart, and the alternating users of AWS.
Then what it costs to schedule 100, 1,000 and 10,000 pairs in one process.

npm run --silent bench:rotation -- [options]

  --rotations <n>          rotations of each, without load and then under load, 1 to 10000. Default: 20
  --pause <ms>             from the end of a rotation to the next one under load, 0 to 60000. Default: 100
  --aws-templates <dir>    where aws-samples/aws-secrets-manager-rotation-lambdas is checked out. Its Python runs as it is, with moto as
                           Secrets Manager. Without it that row is NOT RUN
  --pairs <n>              pairs in one process; may be repeated. Default: 100, 1000 and 10000
  --json                   one line of JSON: rotators, scheduling, notRun
  --help

Statements and logins are counted in the log of the server, without load. Under load, applications with @keyturn/pool read the credential
every ${refreshMs} ms; with ALTER USER there are two plain pg pools that are restarted in turn. keyturn retires the superseded user too, and waits until
nobody can hold it; AWS asks for 4 hours between two rotations and does not look who holds what.

Exit codes: 0 no query failed with keyturn, 1 some did, 2 wrong usage, 3 a rotation could not go on.`;

class UsageError extends Error {}

interface Options extends MeasureOptions {
  readonly awsTemplates: string | undefined;
  readonly pairs: readonly number[];
  readonly json: boolean;
  readonly help: boolean;
}

function optionsOf(args: readonly string[]): Options {
  try {
    const flag = { type: 'boolean', default: false } as const;
    const { values } = parseArgs({
      args: [...args],
      options: {
        rotations: { type: 'string', default: '20' },
        pause: { type: 'string', default: '100' },
        'aws-templates': { type: 'string' },
        pairs: { type: 'string', multiple: true, default: ['100', '1000', '10000'] },
        json: flag,
        help: flag,
      },
    });
    return {
      rotations: wholeNumber('rotations', values.rotations, 1, 10_000),
      pauseMs: wholeNumber('pause', values.pause, 0, 60_000),
      pairs: values.pairs.map((text) => wholeNumber('pairs', text, 1, 100_000)),
      awsTemplates: values['aws-templates'],
      json: values.json,
      help: values.help,
    };
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function wholeNumber(option: string, text: string, least: number, most: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new UsageError(`--${option} must be a whole number from ${least} to ${most}, got "${text}".`);
}

interface Entry {
  readonly name: string;
  enter(ground: Ground): Promise<Contender>;
}

function entriesOf({ awsTemplates }: Options, moto: HttpService | string): Entry[] {
  const withStore =
    (enter: (ground: Ground, endpoint: string, client: SecretsManagerClient) => Promise<Contender>) =>
    async (ground: Ground): Promise<Contender> => {
      if (typeof moto === 'string') throw new PartMissing('moto', moto);
      const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
      return await enter(
        ground,
        moto.url,
        new SecretsManagerClient({ endpoint: moto.url, region: 'eu-west-1', credentials }),
      );
    };
  return [
    { name: 'keyturn, env-file', enter: keyturnWithFile },
    {
      name: 'keyturn, Secrets Manager',
      enter: withStore((ground, _endpoint, client) => keyturnWithSecretsManager(ground, client)),
    },
    { name: 'ALTER USER and restart', enter: alterUserAndRestart },
    {
      name: 'AWS MultiUser template',
      enter: withStore(async (ground, endpoint, client) => {
        if (awsTemplates === undefined) throw new PartMissing('the AWS templates', '--aws-templates was not given');
        return await awsMultiUser(ground, { templates: awsTemplates, endpoint, client });
      }),
    },
  ];
}

async function runRotators(options: Options): Promise<{ rotators: Measured[]; notRun: string[] }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'keyturn-bench-rotation-'));
  const server = await startPostgres({ settings: { log_connections: 'on', max_connections: 100 } });
  const moto = await startMoto().catch((error: unknown) => {
    if (error instanceof PartMissing) return error.message;
    throw error;
  });
  const rotators: Measured[] = [];
  const notRun: string[] = [];
  try {
    for (const [at, entry] of entriesOf(options, moto).entries()) {
      const ground = await prepare(server, folder, `shop${at}`);
      const client = new pg.Client({ ...ground, ...ground.admin });
      await client.connect();
      let contender: Contender | undefined;
      try {
        contender = await entry.enter(ground);
        rotators.push(await measure({ contender, ground, server }, client, options));
      } catch (error) {
        if (!(error instanceof PartMissing)) throw error;
        notRun.push(`${entry.name}: because ${error.message}`);
      } finally {
        await contender?.stop();
        await client.end();
      }
    }
  } finally {
    if (typeof moto !== 'string') await moto.stop();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
  return { rotators, notRun };
}

async function prepare(server: PostgresServer, folder: string, role: string): Promise<Ground> {
  const { host, port } = server;
  const admin = { user: server.superuser, password: server.superuserPassword };
  const root = new pg.Client({ host, port, database: 'postgres', ...admin });
  await root.connect();
  await root.query(`CREATE DATABASE ${role}`);
  await root.end();
  return { host, port, database: role, admin, role, folder: await mkdtemp(path.join(folder, 'for-')) };
}

async function runScheduling({ pairs }: Options): Promise<Scheduled[]> {
  const scheduling: Scheduled[] = [];
  // What is loaded and compiled at first is not the cost of a pair.
  await schedulePairs(10, 2);
  for (const count of pairs) scheduling.push(await schedulePairs(count, 4));
  return scheduling;
}

async function main(args: readonly string[]): Promise<number> {
  const options = optionsOf(args);
  if (options.help) {
    console.log(help);
    return 0;
  }
  const { rotators, notRun } = await runRotators(options);
  const scheduling = await runScheduling(options);
  if (options.json) process.stdout.write(`${JSON.stringify({ rotators, scheduling, notRun })}\n`);
  else {
    console.table(
      rotators.map((one) => ({
        rotator: one.name,
        ms: one.msPerRotation,
        statements: one.statementsPerRotation,
        logins: one.loginsPerRotation,
        'ms under load': one.msUnderLoad,
        queries: one.queries,
        'failed per rotation': one.failedPerRotation,
        'refused logins per rotation': one.refusedLoginsPerRotation,
      })),
    );
    for (const reason of notRun) console.log(`NOT RUN: ${reason}`);
    console.log('\nScheduling in one process; the rotators answer at once:');
    console.table(scheduling);
  }
  return rotators.some(({ name, failed }) => name.startsWith('keyturn') && failed > 0) ? 1 : 0;
}

main(process.argv.slice(2)).then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    console.error(error instanceof UsageError ? `${error.message} See --help.` : error);
    process.exitCode = error instanceof UsageError ? 2 : 3;
  },
);
