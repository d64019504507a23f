import type { Credential, FailureCause } from '@keyturn/plan';

import { heldAt, now } from '../evidence.js';
import type { Drill } from '../phase.js';

/** What one process still held when the older credential ended. */
export interface Held {
  readonly instance: string;
  readonly connections: number;
  /** Whether it had read the newer credential, and so why it held the older one; `unknown` where nothing can be seen. */
  readonly cause: FailureCause;
}

/** Connections with the older credential, by instance; in one line for all where nothing can be seen from inside. */
export function stillHeld(drill: Drill, older: Credential, newer: Credential): readonly Held[] {
  const was = drill.fingerprint(older);
  const is = drill.fingerprint(newer);
  const alive = drill.fleet.evidence.filter((process) => process.endedAt === undefined);
  const hasRead = new Set(alive.filter(({ reads }) => heldAt(reads, now())?.credential === is));
  const seen = alive
    .map((process): Held => ({
      instance: process.instance,
      connections: process.logins.filter(
        (login) => login.refused === undefined && login.closedAt === undefined && login.credential === was,
      ).length,
      cause: hasRead.has(process) ? 'poolNotDrained' : hasRead.size > 0 ? 'partialDeployment' : 'configNotReloaded',
    }))
    .filter(({ connections }) => connections > 0);
  if (seen.length > 0) return seen;
  return [{ instance: 'all instances', connections: drill.sessionsOf(older.user), cause: 'unknown' }];
}
