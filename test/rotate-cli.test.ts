import { CreateSecretCommand, GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import {
  type HttpService,
  type OpenBao,
  orNotRun,
  type PostgresServer,
  startMoto,
  startOpenBao,
  startPostgres,
} from '@keyturn/services';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { Desk } from './cli/keyturn.js';

interface Login {
  readonly user: string;
  readonly password: string;
}

/** Where a pair's credential is published, for the configuration and for a reader that knows nothing of keyturn. */
interface Place {
  readonly name: string;
  readonly store: (pair: string) => string;
  readonly make?: (pair: string) => Promise<void>;
  readonly read: (pair: string) => Promise<Login>;
}

let server: PostgresServer;
let bao: { part?: OpenBao; because?: string };
let moto: { part?: HttpService; because?: string };
let desk: Desk;
let root: pg.Client;
const open: pg.Client[] = [];

beforeAll(async () => {
  server = await startPostgres({ settings: { log_statement: 'all' } });
  root = await connect({ user: server.superuser, password: server.superuserPassword });
  open.length = 0;
  bao = await orNotRun(startOpenBao);
  moto = await orNotRun(startMoto);
  desk = new Desk({
    ADMIN_PASSWORD: server.superuserPassword,
    VAULT_TOKEN: bao.part?.rootToken ?? '',
    AWS_REGION: 'eu-central-1',
    // The AWS SDK tells users of Node 20 that their time is running out.
    NODE_NO_WARNINGS: '1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
  });
}, 300_000);

afterAll(async () => {
  await root.end();
  await server.stop();
  await bao.part?.stop();
  await moto.part?.stop();
  desk.remove();
});

afterEach(async () => {
  for (const client of open.splice(0)) await client.end().catch(() => undefined);
});

async function connect(login: Login, application = 'worker'): Promise<pg.Client> {
  const client = new pg.Client({
    host: server.host,
    port: server.port,
    database: 'postgres',
    application_name: application,
    ...login,
  });
  client.on('error', () => undefined);
  await client.connect();
  open.push(client);
  return client;
}

const web = '{ name: web, chain: [{ kind: pool, longest: 0s }] }';

function configure(pair: string, store: string, { consumer = web, soak = '1h' } = {}): void {
  desk.write({
    'keyturn.rotation.yaml': `
pairs:
  ${pair}:
    database:
      kind: postgres
      database: postgres
      admin: { user: ${server.superuser}, password: { env: ADMIN_PASSWORD } }
      tls: false
      endpoints: [{ kind: writer, host: ${server.host}, port: ${server.port} }]
    store: { ${store} }
    plan: { every: 30d, soak: ${soak}, consumers: [${consumer}] }
`,
  });
}

const envFile = (pair: string): string => `kind: env-file, path: ${pair}.env`;

function readEnvFile(pair: string): Promise<Login> {
  const found = /^DB_USER=(.*)\nDB_PASSWORD=(.*)\n/.exec(desk.read(`${pair}.env`));
  return Promise.resolve({ user: found?.[1] ?? '', password: found?.[2] ?? '' });
}

function aws(): SecretsManagerClient {
  return new SecretsManagerClient({
    endpoint: moto.part?.url ?? '',
    region: 'eu-central-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
}

const places: readonly Place[] = [
  { name: 'env-file', store: envFile, read: readEnvFile },
  {
    name: 'aws-secrets-manager',
    store: (pair) =>
      `kind: aws-secrets-manager, secretId: ${pair}, endpoint: "${moto.part?.url ?? ''}", fields: { host: db, port: 5432 }`,
    make: async (pair) => void (await aws().send(new CreateSecretCommand({ Name: pair }))),
    async read(pair) {
      const { SecretString } = await aws().send(
        new GetSecretValueCommand({ SecretId: pair, VersionStage: 'AWSCURRENT' }),
      );
      const { username, password } = JSON.parse(SecretString ?? '') as { username: string; password: string };
      return { user: username, password };
    },
  },
  {
    name: 'vault',
    store: (pair) => `kind: vault, address: "${bao.part?.url ?? ''}", path: app/${pair}`,
    async read(pair) {
      const response = await fetch(`${bao.part?.url ?? ''}/v1/secret/data/app/${pair}`, {
        headers: { 'X-Vault-Token': bao.part?.rootToken ?? '' },
      });
      const { data } = (await response.json()) as { data: { data: { username: string; password: string } } };
      return { user: data.data.username, password: data.data.password };
    },
  },
];

describe.each(places)('a pair in $name', ({ name, store, make, read }) => {
  const pair = `in_${name.replaceAll('-', '_')}`;

  it('is made, rotated, held, rolled back, retired and replaced by the command line alone', async (context) => {
    if (name === 'vault' && !bao.part) return context.skip(bao.because);
    if (name === 'aws-secrets-manager' && !moto.part) return context.skip(moto.because);
    await make?.(pair);
    configure(pair, store(pair));

    expect(await desk.keyturn('status')).toMatchObject({
      code: 3,
      err: expect.stringContaining('bootstrap') as string,
    });
    expect(await desk.json('bootstrap')).toMatchObject({ code: 0, outcome: 'bootstrapped' });
    expect(await desk.json('bootstrap')).toMatchObject({ code: 0, outcome: 'nothing', statements: [] });

    const first = await desk.keyturn('rotate');
    expect(first).toEqual({
      code: 0,
      out: `${pair}: generation 1 is published as ${pair}_a.\n`,
      err: '  check done\n  create done\n  recheck done\n  set done\n  test done\n  finish done\n',
    });
    const a = await read(pair);
    const holding = await connect(a, 'nightly export');

    expect(await desk.json('rotate')).toMatchObject({
      code: 0,
      outcome: 'advanced',
      generation: 2,
      superseded: a.user,
    });
    const b = await read(pair);
    expect([a.user, b.user]).toEqual([`${pair}_a`, `${pair}_b`]);
    await connect(a);
    await connect(b);
    for (const client of open.splice(1)) await client.end();

    expect(await desk.json('rotate')).toMatchObject({
      code: 1,
      outcome: 'waiting',
      holders: [{ user: a.user, application: 'nightly export', clientAddress: '127.0.0.1', endpoint: 'writer' }],
    });
    expect(await desk.keyturn('retire')).toMatchObject({
      code: 1,
      out: expect.stringMatching(
        `held by: ${a.user} on writer: nightly export from 127\\.0\\.0\\.1 since \\d{4}-\\d\\d-\\d\\d`,
      ) as string,
    });
    expect(await desk.json('status')).toMatchObject({
      code: 0,
      generation: 2,
      published: { user: b.user },
      superseded: { user: a.user, phase: 'usable' },
      sessions: { [a.user]: [{ application: 'nightly export' }], [b.user]: [] },
      blocked: { outcome: 'waiting' },
    });

    expect(await desk.json('rollback', '--reason', 'bad release')).toMatchObject({
      code: 0,
      generation: 3,
      published: a.user,
    });
    expect((await read(pair)).password === a.password).toBe(true);

    const gone = await desk.json('rotate', '--compromised', '--reason', 'seen in a log');
    expect(gone).toMatchObject({
      code: 0,
      outcome: 'replaced',
      generation: 4,
      published: b.user,
      locked: a.user,
      ended: [{ application: 'nightly export' }],
    });
    await expect(holding.query('SELECT 1')).rejects.toThrow();
    await expect(connect(a)).rejects.toMatchObject({ code: '28P01' });
    await connect(await read(pair));
    for (const client of open.splice(0)) await client.end().catch(() => undefined);

    await desk.keyturn('rotate');
    expect(await desk.json('retire')).toMatchObject({ code: 1, outcome: 'waiting', user: b.user });
    expect(await desk.json('status')).toMatchObject({ code: 0, unfinished: 'retire', superseded: { phase: 'locked' } });
    expect(await desk.json('retire', '--force', '--reason', 'soaked elsewhere')).toMatchObject({
      code: 0,
      outcome: 'retired',
    });
    expect(await desk.json('resume')).toMatchObject({ code: 0, outcome: 'nothing' });
    expect(await desk.keyturn('rollback', '--reason', 'x')).toMatchObject({
      code: 1,
      out: expect.stringContaining('its password is gone') as string,
    });
  });
});

describe('a dry run', () => {
  const pair = 'dry';

  it('shows the statements that the run then sends, secrets masked, and changes nothing', async () => {
    configure(pair, envFile(pair));
    const { statements } = await desk.json<{ statements: string[] }>('bootstrap', '--dry-run');
    expect((await desk.keyturn('status')).code).toBe(3);
    let before = server.log().length;
    await desk.keyturn('bootstrap');
    for (const statement of statements) expect(server.log().slice(before)).toContain(statement);

    const { steps } = await desk.json<{ steps: { step: string; statements?: string[] }[] }>('rotate', '--dry-run');
    expect(await desk.json('status')).toMatchObject({ generation: 0 });
    expect(steps.map(({ step }) => step)).toEqual(['check', 'create', 'recheck', 'set', 'test', 'finish']);
    const set = steps.find(({ step }) => step === 'set')?.statements ?? [];
    expect(set).toContain(`ALTER ROLE "dry_a" LOGIN PASSWORD 'SCRAM-SHA-256$****'`);
    before = server.log().length;
    await desk.keyturn('rotate');
    const log = server.log().slice(before);
    expect(log).toMatch(/ALTER ROLE "dry_a" LOGIN PASSWORD 'SCRAM-SHA-256\$4096:/);
    const updates = steps
      .flatMap((step) => step.statements ?? [])
      .filter((statement) => statement.startsWith('UPDATE'));
    const shape = (text: string): string =>
      text.replaceAll(/\$\d+|'[^']*'|\bNULL\b|\b\d+\b/g, '?').replaceAll(/\s+/g, ' ');
    expect(updates).toHaveLength(3);
    for (const update of updates) expect(shape(log)).toContain(shape(update));
  });

  it('says what it would wait for, with 1', async () => {
    await desk.keyturn('rotate');
    await connect(await readEnvFile(pair));
    await desk.keyturn('rotate', '--force', '--reason', 'test');
    const { code, out } = await desk.keyturn('rotate', '--dry-run');
    expect(out).toMatch(/^It would not begin now: waiting\. dry_b still has 1 session/m);
    expect(code).toBe(1);
    expect((await desk.keyturn('rotate', '--dry-run', '--force', '--reason', 'x')).code).toBe(0);
    expect((await desk.keyturn('rotate', '--dry-run', '--compromised', '--reason', 'x')).out).toContain(
      'pg_terminate_backend',
    );
  });
});

describe('Ctrl-C', () => {
  it('ends at once and says how to go on, and resume does', async () => {
    configure('cut', envFile('cut'));
    await desk.keyturn('bootstrap');
    await root.query('BEGIN');
    await root.query('LOCK TABLE keyturn.journal IN SHARE MODE');
    const { child, ended } = desk.start('rotate');
    for (let tries = 0; tries < 200; tries += 1) {
      const { rowCount } = await root.query(
        `SELECT FROM pg_locks WHERE NOT granted AND relation = 'keyturn.journal'::regclass`,
      );
      if (rowCount !== 0) break;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    child.kill('SIGINT');
    const { code, err, out } = await ended;
    await root.query('ROLLBACK');
    expect({ code, out }).toEqual({ code: 130, out: '' });
    expect(err).toBe(
      '  check done\nStopped by SIGINT. Run "keyturn status cut" to see where it stands, and "keyturn resume cut" to finish what was begun.\n',
    );
    expect(await desk.json('rotate')).toMatchObject({ code: 0, generation: 1 });
    await connect(await readEnvFile('cut'));
  });

  it('ends a status that is watched, which has printed one document after another', async () => {
    const { child, ended } = desk.start('status', '--watch', '--interval', '200ms', '--json');
    let seen = '';
    await new Promise<void>((resolve) => {
      child.stdout?.on('data', (chunk: Buffer) => {
        seen += chunk.toString();
        if (seen.split('\n').length > 2) resolve();
      });
    });
    child.kill('SIGINT');
    const { code, out } = await ended;
    expect(code).toBe(130);
    expect(JSON.parse(out.split('\n')[1] ?? '')).toMatchObject({ pair: 'cut', generation: 1 });
  });
});

describe('a consumer that holds a credential until it is restarted', () => {
  const pair = 'bound';

  it('shuts the gate until there is evidence, whatever time has passed', async () => {
    configure(pair, envFile(pair), { consumer: '{ name: batch, chain: [{ kind: process, longest: start-bound }] }' });
    for (const command of ['bootstrap', 'rotate', 'rotate']) expect((await desk.keyturn(command)).code).toBe(0);
    const evidence = (consumers: object) =>
      desk.write({ 'seen.json': JSON.stringify({ asOf: new Date().toISOString(), consumers }) });
    const before = new Date(0).toISOString();

    expect(await desk.json('rotate')).toMatchObject({
      code: 1,
      because:
        'batch can hold bound_a until restarted, and nothing tells when that was. Give evidence: "evidence" of createRotator, or --evidence of keyturn.',
    });
    evidence({ batch: [{ name: 'batch-7', startedAt: before, address: '10.0.0.7' }] });
    expect(await desk.json('status', '--evidence', 'seen.json')).toMatchObject({
      blocked: {
        outcome: 'waiting',
        holders: [
          {
            user: 'bound_a',
            endpoint: 'batch',
            application: 'batch-7',
            clientAddress: '10.0.0.7',
            since: '1970-01-01T00:00:00.000Z',
          },
        ],
      },
    });
    evidence({ batch: [{ name: 'batch-8', generation: 2 }] });
    expect(await desk.json('rotate', '--evidence', 'seen.json')).toMatchObject({ code: 0, generation: 3 });
    expect(await desk.json('rotate', '--force', '--reason', 'batch is off today')).toMatchObject({
      code: 0,
      generation: 4,
    });
    const { rows } = await root.query(
      `SELECT detail FROM keyturn.journal WHERE pair = 'bound' AND event = 'set' AND generation = 4`,
    );
    expect(rows).toEqual([{ detail: { forced: 'batch is off today' } }]);
  });
});
