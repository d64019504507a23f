import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { dualUserModel, resourcesOf, statementsFor } from '@keyturn/components/postgres/model';
import { isAuthenticationError, type Plan } from '@keyturn/plan';
import {
  type Administrator,
  type Drill,
  type Mark,
  now,
  type Pair,
  type PhaseRecord,
  PostgresSessions,
  runPhase,
} from '@keyturn/rehearsal';
import {
  type AdvanceResult,
  createRotator,
  EnvFileStore,
  PostgresDatabase,
  type PostgresDatabaseOptions,
  type RetireResult,
  type RotationEvent,
  type Rotator,
  type RotatorOptions,
  type StoredCredential,
} from '@keyturn/rotation';
import { Client } from 'pg';

import { burstAt, loadOf } from './load.js';
import type { Options } from './options.js';
import { createShop } from './shop-database.js';
import { administratorOf, createDatabase, placeApp, type Stage, withClient } from './stage.js';

const database = 'shop';

/** What an application of the demo can hold, in the words of the plan. */
export const plan: Plan = {
  strategy: 'dual-user',
  every: '10s',
  consumers: [
    {
      name: 'shop',
      chain: [
        { kind: 'cache', name: 'look at the file', longest: '2200ms' },
        { kind: 'transaction', longest: '500ms' },
      ],
    },
  ],
  soak: '500ms',
  runTime: '5s',
};

/** Something that must hold in every rotation, and was tried. */
export interface Proof {
  /** Absent when it concerns all of them. */
  readonly generation?: number;
  readonly claim: string;
  readonly holds: boolean;
  /** What was seen. */
  readonly seen: string;
}

/** The phase, and what was tried while it ran. */
export interface Rehearsed {
  readonly record: PhaseRecord;
  readonly proofs: readonly Proof[];
}

/** What the phase is made of. A test puts in a wrong part, to see that the phase notices. */
export interface Parts {
  readonly app: 'before' | 'after';
  createRotator(options: RotatorOptions): Rotator;
  /** How long an advance or a retire may wait at its gate, in milliseconds. */
  readonly patienceMs: number;
}

export const parts: Parts = { app: 'after', createRotator, patienceMs: 20_000 };

/** A rotation could not go on; the message says what blocks it. */
export class StuckError extends Error {
  override readonly name = 'StuckError';
}

/** The same load as in the incident: two users made by the component's model, and three rotations in a row. */
export async function withKeyturn(
  stage: Stage,
  options: Options,
  signal: AbortSignal,
  onMark: (mark: Mark) => void,
  { app: appName, createRotator: makeRotator, patienceMs }: Parts = parts,
): Promise<Rehearsed> {
  const administrator = administratorOf(stage.server, database);
  const { host, port } = stage.address;
  const model = dualUserModel({
    pair: 'shop',
    database,
    sharedRole: { kind: 'owner' },
    connections: { fleet: options.instances * 10, serverMax: stage.maxConnections },
  });
  await createDatabase(stage.server, database);
  await withClient(administrator, async (client) => {
    for (const statement of statementsFor(resourcesOf(model))) await client.query(statement.sql);
    await client.query(`SET search_path TO ${client.escapeIdentifier(model.schemaName)}`);
    await createShop(client, model.pair.sharedRole);
  });

  const app = await placeApp(stage, appName, { DB_HOST: host, DB_PORT: String(port), DB_NAME: database });
  const credentials = path.join(app.cwd, appName === 'after' ? 'database.env' : '.env');
  const server = `DB_HOST=${host}\nDB_PORT=${port}\nDB_NAME=${database}\n`;
  const store = new EnvFileStore({
    path: credentials,
    template: `${server}DB_USER=\${DB_USER}\nDB_PASSWORD=\${DB_PASSWORD}\nDB_GENERATION=\${DB_GENERATION}\n`,
  });
  const seen: Seen[] = [];
  const rotator = makeRotator({
    pair: model.pair,
    database: new PostgresDatabase({
      ...endpointsOf(stage),
      admin: { user: administrator.user, password: administrator.password },
      pair: model.pair,
      sharedRoleKind: model.kind,
    }),
    store,
    plan,
    onEvent: (event) => void seen.push({ event, at: now() }),
  });
  await rotator.bootstrap();
  await patiently(() => rotator.advance(), patienceMs, signal);

  const turns: Turn[] = [];
  const record = await runPhase({
    name: 'keyturn',
    app: { ...app, env: { ...app.env, DB_CREDENTIALS: credentials } },
    instances: options.instances,
    load: loadOf(options),
    seconds: options.seconds,
    source: { path: credentials, user: 'DB_USER', password: 'DB_PASSWORD' },
    initial: await publishedIn(store),
    sessions: new PostgresSessions(administrator),
    signal,
    onMark,
    rotate: async (drill) => {
      for (const second of rotationsAt(options)) {
        await drill.second(second);
        turns.push(await turn(drill, { rotator, store, seen, administrator, address: stage.address, patienceMs }));
      }
    },
  });
  return { record, proofs: [...turns.flatMap((done) => proofsOf(done, record)), publishedAfterTest(record)] };
}

/** Where the engine works, and where applications log in. */
function endpointsOf({ server, pooler }: Stage): Pick<PostgresDatabaseOptions, 'endpoints' | 'poolers'> {
  const writer = {
    name: 'writer',
    kind: 'writer',
    host: server.host,
    port: server.port,
    database,
    tls: false,
  } as const;
  if (pooler === undefined) return { endpoints: [writer] };
  const { host, port, adminUser: user, adminPassword: password, userlist } = pooler;
  return {
    endpoints: [writer, { name: 'pgbouncer', kind: 'pooler', host, port, database, tls: false }],
    poolers: [{ name: 'pgbouncer', host, port, tls: false, console: { user, password }, userlist }],
  };
}

/** Once at the end of a burst, once in the quiet between two, once at the start of one. */
function rotationsAt(options: Options): readonly number[] {
  return [options.seconds / 11, options.seconds * 0.35, burstAt(options) + 0.1];
}

interface Seen {
  readonly event: RotationEvent;
  readonly at: number;
}

interface Tools {
  readonly rotator: Rotator;
  readonly store: EnvFileStore;
  readonly seen: readonly Seen[];
  readonly administrator: Administrator;
  readonly address: Stage['address'];
  readonly patienceMs: number;
}

/** One rotation, and what was tried in it. */
interface Turn {
  readonly generation: number;
  readonly user: string;
  /** Codes of the refused logins with the superseded credential while it had to work. */
  readonly refusedBefore: readonly string[];
  readonly triedBefore: number;
  readonly switchedOffAt: number;
  /** Code of the refused login with the retired credential; absent when it was let in. */
  readonly refusedAfter?: string;
}

/** How often the superseded credential is tried while it waits for its end. */
const tryEveryMs = 500;

async function turn(drill: Drill, { rotator, store, seen, administrator, address, patienceMs }: Tools): Promise<Turn> {
  const superseded = await publishedIn(store);
  const from = seen.length;
  const eventAt = (match: (event: RotationEvent) => boolean): number | undefined =>
    seen.slice(from).find(({ event }) => match(event))?.at;
  const stepAt = (step: string, phase: string): number =>
    eventAt((event) => event.type === 'step' && event.step === step && event.phase === phase) ?? now();

  await patiently(() => rotator.advance(), patienceMs, drill.signal);
  const published = await publishedIn(store);
  drill.databaseTakes(published, stepAt('set', 'started'));
  drill.sourceHolds(published, stepAt('finish', 'started'));
  drill.mark(`generation ${published.generation} published`, stepAt('finish', 'done'));

  const before: (string | undefined)[] = [];
  let triedAt = Number.NEGATIVE_INFINITY;
  let begunAt = now();
  const switchedOff = (): number | undefined =>
    eventAt((event) => event.type === 'retire' && event.phase === 'nologin');
  await patiently(
    async () => {
      if (switchedOff() === undefined && now() - triedAt >= tryEveryMs) {
        before.push(await refusalOf(address, superseded));
        triedAt = now();
      }
      if (switchedOff() === undefined) begunAt = now();
      return await rotator.retire();
    },
    patienceMs,
    drill.signal,
  );
  const switchedOffAt = switchedOff() ?? begunAt;
  drill.databaseEnds(superseded, begunAt, switchedOffAt);
  drill.mark(`${superseded.user} switched off`, switchedOffAt);
  drill.mark(`${superseded.user} retired`);

  // A pooler refuses in words of its own, so the server is asked.
  const refusedAfter = await refusalOf(administrator, superseded);
  return {
    generation: published.generation,
    user: superseded.user,
    triedBefore: before.length,
    refusedBefore: before.filter((code) => code !== undefined),
    switchedOffAt,
    ...(refusedAfter === undefined ? {} : { refusedAfter }),
  };
}

function proofsOf(done: Turn, { evidence }: PhaseRecord): readonly Proof[] {
  const { generation, user, switchedOffAt } = done;
  const held = evidence.instances
    .flatMap(({ logins }) => logins)
    .filter(
      (login) =>
        login.user === user &&
        login.refused === undefined &&
        login.endedAt < switchedOffAt &&
        (login.closedAt ?? Number.POSITIVE_INFINITY) > switchedOffAt,
    );
  return [
    {
      generation,
      claim: `${user} works until it is switched off`,
      holds: done.triedBefore > 0 && done.refusedBefore.length === 0,
      seen: `logged in ${done.triedBefore - done.refusedBefore.length} of ${done.triedBefore} times`,
    },
    {
      generation,
      claim: `${user} is drained before it is switched off`,
      holds: held.length === 0,
      seen: `${held.length} connections left`,
    },
    {
      generation,
      claim: `${user} is refused when it is retired`,
      holds: isAuthenticationError({ code: done.refusedAfter }),
      seen: done.refusedAfter === undefined ? 'logged in' : `refused with ${done.refusedAfter}`,
    },
  ];
}

/** No instance may ever read a credential that the database does not take yet. */
export function publishedAfterTest({ evidence }: Pick<PhaseRecord, 'evidence'>): Proof {
  const takenFrom = new Map(evidence.database.map(({ credential, from }) => [credential, from]));
  const reads = evidence.instances.flatMap((instance) => instance.reads);
  const early = reads.filter((read) => read.at < (takenFrom.get(read.credential) ?? Number.POSITIVE_INFINITY));
  return {
    claim: 'every credential worked before an instance read it',
    holds: reads.length > 0 && early.length === 0,
    seen: `${reads.length - early.length} of ${reads.length} reads`,
  };
}

const againAfterMs = 100;

/** Tries until it is done; waiting is normal, being refused is not. */
async function patiently(
  attempt: () => Promise<AdvanceResult | RetireResult>,
  patienceMs: number,
  signal: AbortSignal,
): Promise<void> {
  const until = now() + patienceMs;
  for (;;) {
    const result = await attempt();
    if (result.outcome === 'advanced' || result.outcome === 'retired' || result.outcome === 'nothing') return;
    if (result.outcome === 'refused' || now() > until) throw new StuckError(result.because);
    await sleep(againAfterMs, undefined, { signal });
  }
}

async function publishedIn(store: EnvFileStore): Promise<StoredCredential> {
  const published = await store.readPublished();
  if (!published) throw new StuckError('The store has published nothing.');
  return published;
}

/** The code with which the server refuses a login; `undefined` when it lets it in. */
async function refusalOf({ host, port }: Stage['address'], { user, password }: Pair): Promise<string | undefined> {
  const client = new Client({ host, port, database, user, password });
  try {
    await client.connect();
    await client.query('SELECT count(*) FROM stock');
    return undefined;
  } catch (error) {
    return String((error as { code?: unknown }).code);
  } finally {
    await client.end();
  }
}
