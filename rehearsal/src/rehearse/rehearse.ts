import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { type PhaseRecord, randomKey, runPhase } from '../phase.js';
import { commandOf, listens } from './command.js';
import { courierOf } from './delivery.js';
import { openDatabase } from './open-database.js';
import { RehearsalUsageError, type RehearseOptions } from './options.js';
import { overlapping, inPlace, type Turn, volleyOf } from './rotate.js';
import { type Verdict, verdictOf } from './verdict.js';

/** The verdict, and all that was recorded. */
export interface Rehearsal {
  readonly record: PhaseRecord;
  readonly verdict: Verdict;
}

/** Between the end of a rotation and the next one, so that what it broke is seen. */
const settleMs = 400;

/**
 * Starts a database and the application, puts it under load, rotates, and stops everything, whatever happened.
 *
 * @throws RehearsalUsageError when it cannot be made as it was asked for.
 * @throws InstanceError when the application does not start.
 * @throws the reason of `signal` when it aborts.
 */
export async function rehearse(options: RehearseOptions): Promise<Rehearsal> {
  checkOptions(options);
  await checkPort(options.port);
  const { signal = new AbortController().signal, onProgress = () => undefined } = options;
  signal.throwIfAborted();
  const folder = await mkdtemp(path.join(tmpdir(), 'keyturn-rehearsal-'));
  const undo: (() => Promise<void>)[] = [() => rm(folder, { recursive: true, force: true })];
  try {
    const database = await openDatabase(
      options.database ?? 'postgres',
      options.strategy,
      options.databaseUrl,
      40 * options.instances + 20,
    );
    undo.push(() => database.end());
    const key = randomKey();
    const wire = await database.startWire(key);
    undo.push(() => wire.stop());
    const courier = await courierOf(options, folder, { ...database.address, host: wire.host, port: wire.port }, key);
    undo.push(() => courier.end());
    const parts = { options, database, courier, wire };
    const rotation = options.strategy === 'in-place' ? inPlace(parts) : overlapping(options.strategy, parts);
    const initial = await rotation.begin();
    wire.learn(initial);
    await courier.deliver(initial);
    onProgress(`Database and credential are there; starting ${options.instances} × the application`);

    const turns: Turn[] = [];
    const record = await runPhase({
      name: 'rehearsal',
      app: commandOf(options, courier, folder, courier.wire ? [wire, courier.wire] : [wire]),
      key,
      instances: options.instances,
      load: {
        rate: options.rate,
        burst: { atSecond: 0, everySeconds: 1e9, lastsSeconds: 0.1, volleysPerSecond: 1, volley: 1 },
        operations: options.operations,
        seed: 0.42,
      },
      seconds: 0,
      ...(courier.source ? { source: courier.source } : {}),
      ...(typeof options.app === 'string' ? {} : { driverOf: options.app.file }),
      initial,
      sessions: database.sessions(),
      signal,
      onMark: ({ label }) => onProgress(label),
      rotate: async (drill) => {
        const pause = async (): Promise<void> => await sleep(settleMs, undefined, { signal: drill.signal });
        await pause();
        for (let number = 1; number <= options.rotations; number++) {
          turns.push(await rotation.turn(drill, number));
          drill.volley(volleyOf(options));
          await pause();
        }
      },
    });
    return { record, verdict: verdictOf(record, turns, options.budget) };
  } finally {
    for (const step of undo.reverse()) await step();
  }
}

async function checkPort(port: number | undefined): Promise<void> {
  if (port === undefined || !(await listens(port))) return;
  throw new RehearsalUsageError(
    `Another program takes connections on port ${port}, and would be asked instead of the application. End it, or choose another port.`,
  );
}

function checkOptions(options: RehearseOptions): void {
  const { app, port, instances, database = 'postgres', databaseUrl, strategy, faults } = options;
  const { delivery, restart, rotations, rate, operations } = options;
  if (typeof app === 'string' ? app.trim() === '' : !existsSync(app.file)) {
    throw new RehearsalUsageError(
      typeof app === 'string'
        ? 'The command line of the application is empty. Say how it is started, such as "npm start".'
        : `The module ${app.file} is not there. Name one from the working directory.`,
    );
  }
  if (port !== undefined && instances > 1) {
    throw new RehearsalUsageError(
      `One port serves one instance, and ${instances} were asked for. Leave the port out, so that each instance gets its own in PORT, or ask for 1 instance.`,
    );
  }
  if (strategy === 'dual-password' && database !== 'mysql') {
    throw new RehearsalUsageError(
      `A user of ${database === 'mariadb' ? 'MariaDB' : 'PostgreSQL'} has one password at a time. Rehearse the strategy "dual-user", or "dual-password" on MySQL.`,
    );
  }
  if (databaseUrl !== undefined && faults.includes('restart-db')) {
    throw new RehearsalUsageError(
      'A database that was named is not restarted. Leave out the fault "restart-db", or the URL.',
    );
  }
  if (delivery === 'env' && !restart) {
    throw new RehearsalUsageError(
      'A credential in the environment is read at the start of a process only. Let the instances be restarted, or deliver it in a file.',
    );
  }
  if (!(rotations >= 1) || !(rate > 0) || !(instances >= 1) || operations.length === 0) {
    throw new RehearsalUsageError(
      `A rehearsal needs at least one rotation, one instance, one operation and a rate above 0; got ${rotations}, ${instances}, ${operations.length} and ${rate}.`,
    );
  }
}
