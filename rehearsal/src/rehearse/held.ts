import type { Credential, FailureCause } from '@keyturn/plan';

import { type Fingerprint, heldAt, type InstanceEvidence, now } from '../evidence.js';
import type { Drill } from '../phase.js';

/** What one process still held when the older credential ended. */
export interface Held {
  readonly instance: string;
  readonly connections: number;
  /** Whether it had read the newer credential, and so why it held the older one; `unknown` where nothing can be seen. */
  readonly cause: FailureCause;
}

/** Connections that were opened with a credential and are open. */
export function connectionsWith(drill: Drill, credential: Credential): number {
  const open = drill.fleet.evidence.filter((process) => process.endedAt === undefined);
  return open.reduce((count, process) => count + openedWith(process, drill.fingerprint(credential)), 0);
}

function openedWith({ logins }: InstanceEvidence, credential: Fingerprint): number {
  return logins.filter(
    (login) => login.refused === undefined && login.closedAt === undefined && login.credential === credential,
  ).length;
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
      connections: openedWith(process, was),
      cause: hasRead.has(process) ? 'poolNotDrained' : hasRead.size > 0 ? 'partialDeployment' : 'configNotReloaded',
    }))
    .filter(({ connections }) => connections > 0);
  if (seen.length > 0) return seen;
  return [{ instance: 'all instances', connections: drill.sessionsOf(older.user), cause: 'unknown' }];
}
