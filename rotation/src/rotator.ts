import { checkPlan, type Plan } from '@keyturn/plan';

import { advance, type Advanced } from './advance.js';
import { compromised, type Replaced, unfinishedCompromise } from './compromised.js';
import { type Database, type DatabaseSession, FencedError, type Forced, type PairState } from './database.js';
import { type Diagnosis, diagnose } from './doctor.js';
import type { Tell } from './events.js';
import type { Evidence } from './gate.js';
import type { Holder } from './holder.js';
import { type Outlook, outlookOf, type PlannedStep, plannedSteps, type Run } from './outlook.js';
import type { Pair } from './pair.js';
import { newPassword, passwordLength } from './passwords.js';
import { retire, type RetireResult } from './retire.js';
import { rollback } from './rollback.js';
import { settle, type SettleResult } from './settle.js';
import type { Store } from './store.js';
import { type Blocked, type MayPublish, waiting, type Work } from './work.js';

/** What is rotated, where, and by which plan. */
export interface RotatorOptions {
  readonly pair: Pair;
  readonly database: Database;
  readonly store: Store;
  /** Its strategy must be that of the database. */
  readonly plan: Plan;
  /** Tells which start-bound consumers may still hold an older credential. Default: none, and such consumers keep the gate shut. */
  readonly evidence?: Evidence;
  /**
   * Asked between test and finish, such as whether new instances do well with the candidate. While it answers with a reason, nothing is published, the published
   * credential works, and so does the candidate. Default: a tested candidate is published.
   */
  readonly mayPublish?: MayPublish;
  /** Characters of a password, 16 to 128. Default: 32. */
  readonly passwordLength?: number;
  /** Time of events; gates go by the clock of the database. Default: the system's. */
  readonly clock?: () => Date;
  readonly onEvent?: Tell;
}

/** How to go on against the gate. */
export interface RunOptions {
  /** Passes gates and soak; the reason is recorded in the journal with the effect. Credentials that are still held stop working. */
  readonly force?: Forced;
}

export type AdvanceResult = Advanced | Blocked;
export type ResumeResult = AdvanceResult | RetireResult | CompromisedResult;
export type CompromisedResult = Replaced | Blocked;

/** Where a pair stands. */
export interface Status extends PairState {
  readonly pair: string;
  /** Sessions by user, on every endpoint. */
  readonly sessions: Readonly<Record<string, readonly Holder[]>>;
}

/** Rotates one pair. Every method can be run again at any time, by any process. */
export interface Rotator {
  /** Makes roles and journal; nothing is published. Where the store makes passwords, the journal takes over what it publishes already. */
  bootstrap(): Promise<void>;
  /** Re-keys the idle user and publishes it; the one before stays usable. */
  advance(options?: RunOptions): Promise<AdvanceResult>;
  /** Switches the superseded user off once nobody can hold it, and takes its password away after the soak. */
  retire(options?: RunOptions): Promise<RetireResult>;
  /** Finishes what an earlier run began; `nothing` when there is no such thing. */
  resume(): Promise<ResumeResult>;
  /**
   * Publishes a new credential and takes the published one away from everybody at once: its user is switched off, its sessions are ended,
   * its password is gone. No gate, no soak, no undo.
   */
  compromised(options: { readonly reason: string }): Promise<CompromisedResult>;
  /** Publishes the credential before once more, as a new generation, while it is not retired. */
  rollback(options: { readonly reason: string }): Promise<AdvanceResult>;
  status(): Promise<Status>;
  /** What the next run would find; changes nothing. */
  outlook(): Promise<Outlook>;
  /** Tries every stored version on every endpoint and compares store, journal and database; changes nothing. */
  diagnose(): Promise<Diagnosis>;
  /** After a restore on one side: makes store and journal say the same, about the credential that logs in. With `apply` false it only says how. */
  settle(options: { readonly reason: string; readonly apply: boolean }): Promise<SettleResult>;
  /** The steps that a run would take from here, with their SQL where the database can tell; changes nothing. */
  planned(run: Run, options?: RunOptions): Promise<readonly PlannedStep[]>;
}

/** The options contradict each other. */
export class RotatorError extends Error {
  override readonly name = 'RotatorError';
}

/**
 * @throws PlanError when the plan cannot work.
 * @throws RotatorError when the database was made for another strategy, or for another pair.
 * @throws PasswordLengthError when a password cannot have that many characters.
 */
export function createRotator(options: RotatorOptions): Rotator {
  const { pair, database } = options;
  checkPlan(options.plan);
  const strategy = database.strategy ?? 'dual-user';
  if (options.plan.strategy !== strategy) {
    throw new RotatorError(
      `The plan of ${pair.name} has the strategy "${options.plan.strategy}" and the database was made for "${strategy}". Give both the same strategy.`,
    );
  }
  if (database.pair.name !== pair.name || database.pair.users.join('\0') !== pair.users.join('\0')) {
    throw new RotatorError(
      `The database was made for the pair "${database.pair.name}" and not for "${pair.name}". Give both the same pair.`,
    );
  }
  newPassword(options.passwordLength);

  return {
    bootstrap: () => bootstrap(options),
    advance: (run) => alone(options, (work) => advance(work, forcedBy(run))),
    retire: (run) => alone(options, (work) => retire(work, forcedBy(run))),
    resume: () => alone(options, resume),
    compromised: ({ reason }) => alone(options, (work) => compromised(work, stated('compromised', reason))),
    rollback: ({ reason }) => alone(options, (work) => rollback(work, stated('rollback', reason))),
    status: () => withSession(database, async (session) => await statusOf(pair, session)),
    outlook: () => withSession(database, (session) => outlookOf(workOf(options, session))),
    diagnose: () => withSession(database, (session) => diagnose(workOf(options, session))),
    settle: ({ reason, apply }) => alone(options, (work) => settle(work, stated('settle', reason), apply)),
    planned: (run, how) =>
      withSession(database, (session) => plannedSteps(workOf(options, session), run, forcedBy(how))),
  };
}

/** A store that makes passwords has published one before there was a journal; the journal takes it over. */
async function bootstrap(options: RotatorOptions): Promise<void> {
  const loginsFromStore = options.store.rekey !== undefined;
  await options.database.bootstrap({ loginsFromStore });
  if (!loginsFromStore) return;
  await alone(options, async ({ session, store }) => {
    const published = await store.readPublished();
    if (published === undefined || (await session.read()).published !== undefined) return;
    const { user, version, generation } = published;
    await session.adopt?.({ user, version, generation }, generation, `made by ${store.name}`);
  });
}

async function resume(work: Work): Promise<ResumeResult> {
  const state = await work.session.read();
  const { intent, superseded } = state;
  const open = await unfinishedCompromise(work.session, state);
  if (open !== undefined) return await compromised(work, open.reason);
  if (intent !== undefined) return await advance(work, undefined);
  if (superseded?.phase === 'locked') return await retire(work, undefined);
  return { outcome: 'nothing', holders: [] };
}

async function statusOf(pair: Pair, session: DatabaseSession): Promise<Status> {
  const state = await session.read();
  const sessions = await Promise.all(pair.users.map(async (user) => [user, await session.holders(user)] as const));
  return { ...state, pair: pair.name, sessions: Object.fromEntries(sessions) };
}

function forcedBy(run: RunOptions | undefined): Forced | undefined {
  return run?.force === undefined ? undefined : { reason: stated('force', run.force.reason) };
}

function stated(what: string, reason: string): string {
  const text = reason.trim();
  if (text === '') throw new RotatorError(`"${what}" needs a reason; it is recorded in the journal.`);
  return text;
}

/** One rotator per pair at a time: who had to wait for another one starts over, and does not add a rotation to the one just made. */
export async function alone<T>(options: RotatorOptions, run: (work: Work) => Promise<T>): Promise<T | Blocked> {
  return await withSession(options.database, async (session) => {
    const before = await session.read();
    if (!(await session.lock()))
      return waiting(`Another rotator is at work on ${options.pair.name}. Try again when it is done.`);
    const after = await session.read();
    if (after.generation !== before.generation || after.published?.generation !== before.published?.generation) {
      return waiting(`Another rotator has just moved ${options.pair.name} to generation ${after.generation}.`);
    }
    try {
      return await run(workOf(options, session));
    } catch (error) {
      if (error instanceof FencedError) return waiting(error.message);
      throw error;
    }
  });
}

function workOf(options: RotatorOptions, session: DatabaseSession): Work {
  return {
    pair: options.pair,
    session,
    store: options.store,
    plan: options.plan,
    passwordLength: options.passwordLength ?? passwordLength.default,
    evidence: options.evidence,
    mayPublish: options.mayPublish,
    clock: options.clock ?? (() => new Date()),
    tell: options.onEvent ?? (() => undefined),
  };
}

async function withSession<T>(database: Database, work: (session: DatabaseSession) => Promise<T>): Promise<T> {
  const session = await database.open();
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}
