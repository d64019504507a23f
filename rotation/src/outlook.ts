import { milliseconds, type Step, steps } from '@keyturn/plan';

import { compareStore, drained, idleUser, poolersReady } from './advance.js';
import { unfinishedCompromise } from './compromised.js';
import type { DatabaseSession, Forced, PairState, Planned, SupersededState } from './database.js';
import type { Holder } from './holder.js';
import { type Intent, isRollback, tokenOf } from './intent.js';
import { type Blocked, waiting, type Work } from './work.js';

/** What is half done, and is finished by `resume`. */
export type Unfinished = 'advance' | 'rollback' | 'compromised' | 'retire';

/** What a run would find and do now. Nothing was changed to find it out. */
export interface Outlook {
  /** The user that the next advance re-keys, and the generation that it publishes. */
  readonly user: string;
  readonly generation: number;
  readonly unfinished?: Unfinished;
  /** What an advance, or a retire, would wait for or be refused for. */
  readonly blocked?: Blocked;
  /** End of the soak of a user that is switched off, in milliseconds on the clock of the database. */
  readonly soakUntil?: number;
  /** Logins that were refused since the superseded user was switched off; missing where nothing tells. */
  readonly refusedLogins?: readonly Holder[];
}

/** One step that a run would take. */
export interface PlannedStep {
  readonly step: Step | 'lock' | 'end sessions' | 'take password';
  /** In plain words. */
  readonly does: string;
  /** Statements that change the database, secrets masked; missing where the database does not tell. */
  readonly statements?: readonly string[];
}

export type Run = 'advance' | 'retire' | 'compromised';

export async function outlookOf(work: Work): Promise<Outlook> {
  const state = await work.session.read();
  const { intent, superseded } = state;
  const user = intent?.user ?? idleUser(work, state);
  const unfinished = await unfinishedIn(work, state);
  const blocked = await blockOf(work, state, user);
  const refused =
    superseded?.lockedAt === undefined
      ? undefined
      : await work.session.refusedLogins(superseded.user, superseded.lockedAt);
  const soak = superseded?.phase === 'locked' && superseded.lockedAt !== undefined;
  return {
    user,
    generation: intent?.generation ?? state.generation + 1,
    ...(unfinished !== undefined && { unfinished }),
    ...(blocked !== undefined && { blocked }),
    ...(soak && { soakUntil: (superseded.lockedAt ?? 0) + milliseconds(work.plan.soak ?? 0) }),
    ...(refused !== undefined && { refusedLogins: refused }),
  };
}

async function unfinishedIn(work: Work, state: PairState): Promise<Unfinished | undefined> {
  if ((await unfinishedCompromise(work.session, state)) !== undefined) return 'compromised';
  if (state.intent !== undefined) return isRollback(state.intent, state.id) ? 'rollback' : 'advance';
  if (state.superseded?.phase === 'locked') return 'retire';
  return undefined;
}

async function blockOf(work: Work, state: PairState, user: string): Promise<Blocked | undefined> {
  const disagreement = await compareStore(work, state);
  if (disagreement !== undefined) return disagreement;
  if (state.intent !== undefined) {
    const passed = isRollback(state.intent, state.id) || state.generation >= state.intent.generation;
    return passed ? undefined : await drained(work, state, user);
  }
  if (state.superseded?.undo !== undefined) {
    return {
      ...waiting(`${state.superseded.user} has to be switched on again first.`),
      holders: state.superseded.undo.holders,
    };
  }
  return (await poolersReady(work)) ?? (await drained(work, state, user));
}

/** The steps of a run from where the pair stands, each with its SQL where the database can tell. */
export async function plannedSteps(work: Work, run: Run, forced: Forced | undefined): Promise<readonly PlannedStep[]> {
  const state = await work.session.read();
  if (run === 'retire') return await retireSteps(work.session, state.superseded, forced);
  const advance = await advanceSteps(work, state, forced);
  if (run === 'advance' || state.published === undefined) return advance;
  const cut: SupersededState = { ...state.published, phase: 'usable' };
  return [...advance, ...(await retireSteps(work.session, cut, forced, true))];
}

async function advanceSteps(work: Work, state: PairState, forced: Forced | undefined): Promise<PlannedStep[]> {
  const { session, store, pair } = work;
  const user = state.intent?.user ?? idleUser(work, state);
  const generation = state.intent?.generation ?? state.generation + 1;
  const replaces = state.published?.version;
  const intent: Intent = state.intent ?? {
    token: tokenOf(state.id, generation, 1),
    generation,
    user,
    version: '<version of the candidate>',
    ...(replaces !== undefined && { replaces }),
    attempt: 1,
  };
  const report = { endpoints: ['<every endpoint>'], differences: [], probed: true };
  const does: Readonly<Record<Step, string>> = {
    check: `compare ${store.name} with the journal; no sessions and no lifetime of ${user} left; the published credential logs in`,
    create: `write a candidate for ${user} to ${store.name} as pending, then decide generation ${generation}`,
    recheck: `no sessions of ${user} since`,
    set:
      store.rekey === undefined
        ? `give ${user} the candidate, and the right to log in`
        : `let ${store.name} give ${user} a password, then set the same one with the right to log in`,
    test: `log in as ${user} on every endpoint, and compare its rights with those of ${pair.users.find((other) => other !== user) ?? ''}`,
    finish: `publish the candidate in ${store.name}, and record it`,
  };
  const effects: Partial<Record<Step, Planned>> = {
    ...(state.intent === undefined && { create: { effect: 'decide', intent } as const }),
    ...(state.generation < generation && { set: { effect: 'set', intent, forced } as const }),
    finish: { effect: 'finish', intent, report },
  };
  return await Promise.all(
    steps.map(async (step) => ({ step, does: does[step], ...(await statements(session, effects[step])) })),
  );
}

async function retireSteps(
  session: DatabaseSession,
  superseded: SupersededState | undefined,
  forced: Forced | undefined,
  end = false,
): Promise<PlannedStep[]> {
  if (superseded === undefined || superseded.phase === 'retired') return [];
  const { user } = superseded;
  const lock = superseded.phase === 'usable';
  return [
    ...(lock
      ? [
          {
            step: 'lock' as const,
            does: `switch ${user} off; its password stays`,
            ...(await statements(session, { effect: 'lockUser', superseded, forced })),
          },
        ]
      : []),
    ...(end
      ? [
          {
            step: 'end sessions' as const,
            does: `end the sessions of ${user} on every server`,
            ...(await statements(session, { effect: 'endSessions', user })),
          },
        ]
      : []),
    {
      step: 'take password',
      does: `take the password of ${user} away${end ? '' : ', after the soak'}`,
      ...(await statements(session, { effect: 'takePassword', superseded, forced })),
    },
  ];
}

async function statements(
  session: DatabaseSession,
  planned: Planned | undefined,
): Promise<{ readonly statements?: readonly string[] }> {
  if (planned === undefined) return {};
  const told = await session.statements?.(planned);
  return told === undefined ? {} : { statements: told };
}
