import { formatDuration, milliseconds } from '@keyturn/plan';

import type { Forced, PairState, SupersededState, UndoEvidence } from './database.js';
import { describeHolders, type Holder } from './holder.js';
import { type Blocked, blockedBy, gateOf, sessionsTell, waiting, type Work } from './work.js';

/** A superseded credential that no longer logs in, or that nothing was to retire. */
export type Retired =
  | { readonly outcome: 'retired'; readonly user: string; readonly holders: readonly Holder[] }
  | { readonly outcome: 'nothing'; readonly holders: readonly Holder[] };

export type RetireResult = Retired | (Blocked & { readonly user?: string });

/** no sessions → switched off → no sessions again → soak → password gone; goes on where an earlier run ended. */
export async function retire(work: Work, forced: Forced | undefined): Promise<RetireResult> {
  const state = await work.session.read();
  if (state.intent !== undefined) {
    return waiting(
      `An advance to generation ${state.intent.generation} is unfinished. Run advance() or resume() first.`,
    );
  }
  return await carryOnRetire(work, state, forced);
}

export async function carryOnRetire(work: Work, state: PairState, forced: Forced | undefined): Promise<RetireResult> {
  const { superseded } = state;
  if (superseded === undefined || superseded.phase === 'retired') return { outcome: 'nothing', holders: [] };
  if (superseded.undo !== undefined) return await undo(work, superseded, superseded.undo, state.now);

  if (superseded.phase === 'usable') {
    await work.session.releaseIdle?.(superseded.user);
    const gate = await gateOf(work, state, superseded.user);
    if (!gate.open && forced === undefined) {
      tell(work, superseded, 'waiting', gate.holders);
      return { ...blockedBy(gate), user: superseded.user };
    }
    await work.session.lockUser(superseded, forced);
    tell(work, superseded, 'nologin');
  }
  return await soak(work, superseded, forced);
}

/** Sessions that began in the moment before, and logins that were refused since, speak against taking the password away. */
async function soak(work: Work, superseded: SupersededState, forced: Forced | undefined): Promise<RetireResult> {
  const state = await work.session.read();
  const lockedAt = state.superseded?.lockedAt ?? state.now;
  // One of two passwords cannot be switched off and on again, so there is nothing to soak.
  if (forced === undefined && sessionsTell(work)) {
    const evidence = await needed(work, superseded.user, lockedAt);
    if (evidence !== undefined) {
      await work.session.decideUndo(superseded, evidence);
      return await undo(work, superseded, evidence, state.now);
    }
    const until = lockedAt + milliseconds(work.plan.soak ?? 0);
    if (state.now < until) {
      tell(work, superseded, 'soak');
      return {
        ...waiting(`${superseded.user} is switched off and soaks for ${formatDuration(until - state.now)} more.`),
        user: superseded.user,
        until: new Date(until),
      };
    }
  }
  await work.session.takePassword(superseded, forced);
  tell(work, superseded, 'retired');
  return { outcome: 'retired', user: superseded.user, holders: [] };
}

async function needed(work: Work, user: string, lockedAt: number): Promise<UndoEvidence | undefined> {
  await work.session.releaseIdle?.(user);
  const sessions = await work.session.holders(user);
  if (sessions.length > 0) return { because: 'session', holders: sessions };
  const refusals = (await work.session.refusedLogins(user, lockedAt)) ?? [];
  return refusals.length > 0 ? { because: 'refused-login', holders: refusals } : undefined;
}

async function undo(
  work: Work,
  superseded: SupersededState,
  { because, holders }: UndoEvidence,
  now: number,
): Promise<RetireResult> {
  await work.session.undo(superseded);
  tell(work, superseded, 'undone', holders);
  const what = because === 'session' ? 'a session was still there' : 'a login was refused';
  return {
    outcome: 'waiting',
    because: `${superseded.user} was switched off and is switched on again, because ${what}: ${describeHolders(holders, now)}. It counts as superseded from now on.`,
    holders,
    user: superseded.user,
  };
}

function tell(
  work: Work,
  { user, generation }: SupersededState,
  phase: 'waiting' | 'nologin' | 'soak' | 'retired' | 'undone',
  holders?: readonly Holder[],
): void {
  work.tell({ type: 'retire', phase, user, generation, at: work.clock(), ...(holders && { holders }) });
}
