import { advance } from './advance.js';
import { DatabaseError, type DatabaseSession, type Forced, type PairState } from './database.js';
import type { Holder } from './holder.js';
import { type Blocked, refused, sessionsTell, type Work } from './work.js';

/** A credential that somebody else has seen is out of use. */
export interface Replaced {
  readonly outcome: 'replaced';
  readonly generation: number;
  readonly published: string;
  /** The user whose earlier password is gone; of two users, the one that was switched off. */
  readonly locked: string;
  /** Sessions of that user that were ended; of a sole user, those of the new credential too. */
  readonly ended: readonly Holder[];
  /** Sessions of that user that could not be ended, and why. */
  readonly remaining: readonly Holder[];
  readonly because?: string;
  /** Who still used the idle user when it was re-keyed: their sessions stay, their next login is refused. */
  readonly stranded: readonly Holder[];
}

type Credential = Pick<PairState, 'generation'> & { readonly user: string };

const rounds = 5;
const pauseMs = 100;

/** new credential published → old user switched off → its sessions ended → its password gone; no gate, no soak, no undo. */
export async function compromised(work: Work, reason: string): Promise<Replaced | Blocked> {
  const { session } = work;
  if (session.noteCompromised === undefined || session.endSessions === undefined) {
    return refused(`The database of ${work.pair.name} cannot end sessions from here. Lock the user by hand.`);
  }
  const state = await session.read();
  const { published } = state;
  if (published === undefined)
    return refused(`Nothing is published on ${work.pair.name}, so there is nothing to replace.`);
  const forced = { reason: `compromised: ${reason}` };
  const open = await unfinishedCompromise(session, state);
  const target = open ?? published;
  if (open === undefined) await session.noteCompromised(published, reason);

  let stranded: readonly Holder[] = [];
  if (isSame(target, published)) {
    const idle = work.pair.users.find((user) => user !== published.user);
    if (idle !== undefined && state.generation === published.generation) stranded = await session.holders(idle);
    const result = await advance(work, forced);
    if (result.outcome !== 'advanced') return result;
  }
  return { ...(await cut(work, target.user, forced)), stranded };
}

/** The credential that is known to others and still logs in, or still has its sessions. */
export async function unfinishedCompromise(
  session: DatabaseSession,
  state: PairState,
): Promise<(Credential & { readonly reason: string }) | undefined> {
  const last = await session.lastCompromised?.();
  if (last?.user === undefined) return undefined;
  const found = { user: last.user, generation: last.generation };
  const { published, superseded } = state;
  const isOpen =
    (published !== undefined && isSame(found, published)) ||
    (superseded !== undefined && superseded.phase !== 'retired' && isSame(found, superseded));
  return isOpen ? { ...found, reason: String(last.detail['reason'] ?? '') } : undefined;
}

async function cut(work: Work, user: string, forced: Forced): Promise<Omit<Replaced, 'stranded'>> {
  const { session } = work;
  let { superseded } = await session.read();
  if (superseded?.undo !== undefined) {
    await session.undo(superseded);
    ({ superseded } = await session.read());
  }
  if (superseded?.phase === 'usable') {
    await session.lockUser(superseded, forced);
    tell(work, user, superseded.generation, 'nologin');
  }
  // Applications log in again under the same name, so its password must be gone by then.
  if (!sessionsTell(work)) await takePassword(work, forced);
  const { ended, because } = await endAll(work, user);
  if (sessionsTell(work)) await takePassword(work, forced);
  const state = await session.read();
  return {
    outcome: 'replaced',
    generation: state.published?.generation ?? state.generation,
    published: state.published?.user ?? '',
    locked: user,
    ended,
    remaining: sessionsTell(work) ? await session.holders(user) : [],
    ...(because !== undefined && { because }),
  };
}

async function takePassword(work: Work, forced: Forced): Promise<void> {
  const { superseded } = await work.session.read();
  if (superseded?.phase !== 'locked') return;
  await work.session.takePassword(superseded, forced);
  tell(work, superseded.user, superseded.generation, 'retired');
}

/**
 * A login that was under way when the user was switched off shows up a moment later. Of a sole user nobody can tell those from new sessions, so
 * all are ended once.
 */
async function endAll(work: Work, user: string): Promise<{ ended: readonly Holder[]; because?: string }> {
  const ended: Holder[] = [];
  for (let round = 0; round < rounds; round += 1) {
    try {
      ended.push(...((await work.session.endSessions?.(user)) ?? []));
    } catch (error) {
      if (!(error instanceof DatabaseError) || error.kind !== 'permission') throw error;
      return { ended, because: error.message };
    }
    if (!sessionsTell(work)) break;
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    if ((await work.session.holders(user)).length === 0) break;
  }
  return { ended };
}

function isSame(one: Credential, other: Credential): boolean {
  return one.user === other.user && one.generation === other.generation;
}

function tell(work: Work, user: string, generation: number, phase: 'nologin' | 'retired'): void {
  work.tell({ type: 'retire', phase, user, generation, at: work.clock() });
}
