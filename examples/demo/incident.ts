import { randomBytes } from 'node:crypto';
import path from 'node:path';

import { type Mark, type PhaseRecord, PostgresSessions, runPhase } from '@keyturn/rehearsal';
import { escapeLiteral } from 'pg';

import { quarterlyRotation } from './before/quarterly-rotation.js';
import { burstAt, loadOf } from './load.js';
import type { Options } from './options.js';
import { createShop } from './shop-database.js';
import { administratorOf, createDatabase, placeApp, type Stage, withClient, writePrivate } from './stage.js';

const database = 'shop_before';
const user = 'app';

/** Part of the phase that the rolling restart takes. */
const restartShare = 0.28;
/** Part of the phase between two steps of the script: half a second of the default length, for what is a minute in the incident's log. */
const stepShare = 1 / 40;
/** The script starts so long before a burst, when pools have been idle and have shrunk. */
export const scriptBeforeBurstSeconds = 0.3;

/** Four instances, one `.env`, one user, and the script of every quarter. */
export async function incident(
  stage: Stage,
  options: Options,
  signal: AbortSignal,
  onMark: (mark: Mark) => void,
): Promise<PhaseRecord> {
  const password = randomBytes(32).toString('hex');
  const administrator = administratorOf(stage.server, database);
  await createDatabase(stage.server, database);
  await withClient(administrator, async (client) => {
    await client.query(`CREATE USER ${user} PASSWORD ${escapeLiteral(password)}`);
    await createShop(client, user);
  });
  const app = await placeApp(stage, 'before', {});
  const envFile = path.join(app.cwd, '.env');
  await writePrivate(envFile, [
    `DB_HOST=${stage.address.host}`,
    `DB_PORT=${stage.address.port}`,
    `DB_NAME=${database}`,
    `DB_USER=${user}`,
    `DB_PASSWORD=${password}`,
  ]);

  return await withClient(administrator, async (client) =>
    runPhase({
      name: 'incident',
      app,
      instances: options.instances,
      load: loadOf(options),
      seconds: options.seconds,
      source: { path: envFile, user: 'DB_USER', password: 'DB_PASSWORD' },
      initial: { user, password },
      sessions: new PostgresSessions(administrator),
      signal,
      onMark,
      rotate: async (drill) => {
        await drill.second(burstAt(options) - scriptBeforeBurstSeconds);
        await quarterlyRotation(drill, {
          administrator: client,
          envFile,
          user,
          password,
          betweenStepsMs: options.seconds * 1_000 * stepShare,
          restartEveryMs: (options.seconds * 1_000 * restartShare) / options.instances,
        });
      },
    }),
  );
}
