import type { Plan } from '@keyturn/plan';

import type { DatabaseSession, PairState } from './database.js';
import type { Tell } from './events.js';
import type { Evidence, Gate } from './gate.js';
import { drainGate } from './gate.js';
import type { Holder } from './holder.js';
import type { Pair } from './pair.js';
import type { Store } from './store.js';

/** A candidate that logs in everywhere and is not published yet. */
export interface Tested {
  readonly user: string;
  readonly generation: number;
  /** Names the candidate in its store. */
  readonly version: string;
}

/** Why a tested candidate has to wait; `undefined` when it may be published. Asked again by every later run. */
export type MayPublish = (tested: Tested) => Promise<string | undefined>;

/** All that a rotation works with. */
export interface Work {
  readonly pair: Pair;
  readonly session: DatabaseSession;
  readonly store: Store;
  readonly plan: Plan;
  readonly passwordLength: number;
  readonly evidence: Evidence | undefined;
  readonly mayPublish: MayPublish | undefined;
  readonly clock: () => Date;
  readonly tell: Tell;
}

/** Nothing was done that a later run would not do; `because` says what blocks. */
export interface Blocked {
  readonly outcome: 'waiting' | 'refused';
  readonly because: string;
  readonly holders: readonly Holder[];
  /** When time alone lets it go on, on the clock of the database. */
  readonly until?: Date;
}

export function refused(because: string): Blocked {
  return { outcome: 'refused', because, holders: [] };
}

export function waiting(because: string): Blocked {
  return { outcome: 'waiting', because, holders: [] };
}

export function blockedBy(gate: Exclude<Gate, { open: true }>): Blocked {
  return {
    outcome: 'waiting',
    because: gate.because,
    holders: gate.holders,
    ...(gate.until !== undefined && { until: new Date(gate.until) }),
  };
}

/** Whether a session tells which credential it holds. Of a sole user it does not: the name is the same before and after. */
export function sessionsTell(work: Work): boolean {
  return work.plan.strategy === 'dual-user';
}

/** The drain gate of a user, with the sessions and the clock of this moment. */
export async function gateOf(work: Work, state: PairState, user: string): Promise<Gate> {
  const superseded = state.superseded?.user === user ? state.superseded : undefined;
  return await drainGate({
    user,
    superseded,
    generation: state.published?.generation ?? state.generation,
    now: state.now,
    holders: sessionsTell(work) ? await work.session.holders(user) : [],
    plan: work.plan,
    evidence: work.evidence,
  });
}
