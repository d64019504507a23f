import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

import { type Drill, now } from '@keyturn/rehearsal';
import { type Client, escapeIdentifier, escapeLiteral } from 'pg';

/** What the script needs: an administrator's connection, the application's `.env`, and who logs in. */
export interface Quarterly {
  readonly administrator: Client;
  readonly envFile: string;
  readonly user: string;
  readonly password: string;
  /** Time from one step of the script to the next. */
  readonly betweenStepsMs: number;
  /** Pace of the rolling restart: one instance in so many milliseconds. */
  readonly restartEveryMs: number;
}

/**
 * The script that runs every quarter:
 *
 *     NEW_PASS=$(openssl rand -hex 32)
 *     psql -c "ALTER USER app PASSWORD '$NEW_PASS'"
 *     sed -i "s|^DB_PASSWORD=.*|DB_PASSWORD=$NEW_PASS|" .env
 *     for each instance: systemctl restart shop
 */
export async function quarterlyRotation(drill: Drill, quarterly: Quarterly): Promise<void> {
  const { administrator, envFile, user, betweenStepsMs, restartEveryMs } = quarterly;
  const pause = async (): Promise<void> => await sleep(betweenStepsMs, undefined, { signal: drill.signal });
  const password = randomBytes(32).toString('hex');

  const begunAt = now();
  await administrator.query(`ALTER USER ${escapeIdentifier(user)} PASSWORD ${escapeLiteral(password)}`);
  drill.databaseEnds({ user, password: quarterly.password }, begunAt);
  drill.databaseTakes({ user, password }, begunAt);
  drill.mark('ALTER USER … PASSWORD');
  await pause();

  const lines = await readFile(envFile, 'utf8');
  await writeFile(envFile, lines.replace(/^DB_PASSWORD=.*/m, `DB_PASSWORD=${password}`));
  drill.sourceHolds({ user, password });
  drill.mark('sed on .env');
  await pause();

  await drill.fleet.restart(restartEveryMs, drill.signal, (instance) => drill.mark(`${instance.name} restarted`));
}
