import { type Credential, otherUser, type Step } from '@keyturn/plan';

import { DatabaseError, type Forced, HeldError, type PairState, type TestReport } from './database.js';
import { type Intent, isRollback, tokenOf } from './intent.js';
import { newPassword } from './passwords.js';
import { carryOnRetire } from './retire.js';
import type { StoredCredential } from './store.js';
import { troubleOf } from './trouble.js';
import { type Blocked, blockedBy, gateOf, refused, waiting, type Work } from './work.js';

/** Who is published now, and who was before. */
export interface Advanced {
  readonly outcome: 'advanced';
  readonly generation: number;
  readonly published: string;
  /** Whose earlier credential still logs in; `undefined` at the first publication, and with a single user, whose earlier one is gone. */
  readonly superseded: string | undefined;
  /**
   * Strategy `single-user`: milliseconds between the re-key and the publication, in which the published credential was refused. Consumers that
   * read late are refused for that much longer.
   */
  readonly windowMs?: number;
}

/** Most candidates per generation; a database that refuses them all has a policy that needs a person. */
const mostAttempts = 3;

/** check → create → recheck → set → test → finish; goes on where an earlier run ended. */
export async function advance(work: Work, forced: Forced | undefined): Promise<Advanced | Blocked> {
  const found = await work.session.read();
  const user = found.intent?.user ?? idleUser(work, found);
  const generation = found.intent?.generation ?? found.generation + 1;

  const blocked = await step(work, 'check', generation, () => check(work, found, user, forced));
  if (blocked !== undefined) return blocked;

  const intent = await step(work, 'create', generation, async () => found.intent ?? (await create(work, found, user)));
  return await carryOnAdvance(work, intent, forced);
}

/** From the intent on. */
export async function carryOnAdvance(
  work: Work,
  intent: Intent,
  forced: Forced | undefined,
): Promise<Advanced | Blocked> {
  const { generation, user } = intent;
  const before = await work.session.read();
  const keeps = isRollback(intent, before.id);
  const blocked = await step(work, 'recheck', generation, async () =>
    keeps || before.generation >= generation || forced !== undefined ? undefined : await drained(work, before, user),
  );
  if (blocked !== undefined) return blocked;

  const single = work.plan.strategy === 'single-user' && before.published !== undefined;
  const started = Date.now();
  const held = await step(work, 'set', generation, () =>
    set(work, before, intent, keeps ? { reason: 'rollback' } : forced, keeps),
  );
  if ('outcome' in held) return held;

  const report = await step(work, 'test', generation, () => test(work, held.candidate));
  if ('outcome' in report) return report;
  if (report.differences.length > 0) {
    return refused(
      `${user} was not published, because it differs from the other user: ${report.differences.join('; ')}. Mend that and resume.`,
    );
  }

  // Who goes back, or was told to go on, does not wait for new instances.
  const asks = !keeps && forced === undefined;
  const reason = asks ? await work.mayPublish?.({ user, generation, version: held.intent.version }) : undefined;
  if (reason !== undefined) return waiting(reason);

  const windowMs = await step(work, 'finish', generation, async () => await publish(work, held.intent, report));
  const result = { outcome: 'advanced', generation, published: user } as const;
  if (!single) return { ...result, superseded: before.published?.user };
  return { ...result, superseded: undefined, windowMs: Math.max(windowMs ?? 0, Date.now() - started) };
}

/** Publishes, and records it; with a single user, also for how long the published credential was refused, by the clock of the database. */
export async function publish(work: Work, intent: Intent, report: TestReport): Promise<number | undefined> {
  await work.store.publish(intent.version, { expectedCurrent: intent.replaces });
  const windowMs = work.plan.strategy === 'single-user' ? await windowSince(work, intent) : undefined;
  await work.session.finish(intent, report, windowMs === undefined ? {} : { windowMs });
  return windowMs;
}

async function windowSince(work: Work, intent: Intent): Promise<number | undefined> {
  const state = await work.session.read();
  if (state.published === undefined) return undefined;
  const entries = await work.session.journal();
  const set = entries.find(({ event, generation }) => event === 'set' && generation === intent.generation);
  return set && Math.max(0, state.now - set.at);
}

/** The user that the next advance re-keys: the first one at generation 0. */
export function idleUser(work: Work, state: PairState): string {
  return state.published === undefined ? work.pair.users[0] : otherUser(work.pair, state.published.user);
}

export async function check(
  work: Work,
  state: PairState,
  user: string,
  forced: Forced | undefined,
): Promise<Blocked | undefined> {
  const disagreement = await compareStore(work, state);
  if (disagreement !== undefined) return disagreement;
  if (state.intent !== undefined) return undefined;
  const unready = await poolersReady(work);
  if (unready !== undefined) return unready;

  // A user has two passwords at most, so there must be room for the next one.
  const crowded = work.plan.strategy === 'dual-password' && state.superseded?.phase === 'usable';
  if (crowded || state.superseded?.undo !== undefined || state.superseded?.phase === 'locked') {
    const retire = await carryOnRetire(work, state, forced);
    if (retire.outcome === 'waiting' || retire.outcome === 'refused') return retire;
  }
  if (forced !== undefined) return undefined;
  await work.session.releaseIdle?.(user);
  return (await drained(work, await work.session.read(), user)) ?? (await publishedLogsIn(work));
}

/** A restored database or store knows other versions than its partner; going on would re-key a user that is in use. */
export async function compareStore(work: Work, state: PairState): Promise<Blocked | undefined> {
  const stored = await work.store.readPublished();
  const expected = state.published?.version;
  if (stored?.version === expected && stored?.generation === state.published?.generation) return undefined;
  const intent = state.intent;
  if (intent !== undefined && stored?.version === intent.version && expected === intent.replaces) return undefined;
  return refused(
    `${work.store.name} has published ${nameOf(stored)}, and the journal of ${work.pair.name} says ` +
      `${nameOf(state.published)}. One of them was restored, or somebody else wrote. Nothing was changed; find out which one applications use.`,
  );
}

function nameOf(published: { readonly version: string; readonly generation: number } | undefined): string {
  return published === undefined ? 'nothing' : `version ${published.version} of generation ${published.generation}`;
}

/** A pooler that cannot be told would let nobody in as the user that is published next. */
export async function poolersReady({ session }: Work): Promise<Blocked | undefined> {
  const because = await session.poolersRefuse?.();
  return because === undefined ? undefined : refused(`${because} Nothing was changed.`);
}

export async function drained(work: Work, state: PairState, user: string): Promise<Blocked | undefined> {
  const gate = await gateOf(work, state, user);
  return gate.open ? undefined : blockedBy(gate);
}

/** The other user is all that applications have once this one is re-keyed, so it has to work. */
async function publishedLogsIn(work: Work): Promise<Blocked | undefined> {
  const published = await work.store.readPublished();
  if (published === undefined) return undefined;
  try {
    await work.session.login(credentialOf(published));
    return undefined;
  } catch (error) {
    if (troubleOf(error) !== 'authentication') throw error;
    const where = error instanceof DatabaseError ? ` on ${error.endpoint}` : '';
    return refused(
      `The published credential of ${published.user} is refused${where}, so applications are failing already. See who changed it; advance with "force" publishes a new one.`,
    );
  }
}

async function create(work: Work, state: PairState, user: string): Promise<Intent> {
  const generation = state.generation + 1;
  const replaces = state.published?.version;
  const intent = {
    ...(await newCandidate(work, state, user, generation, 1)),
    ...(replaces !== undefined && { replaces }),
  };
  await work.session.decide(intent);
  return intent;
}

async function newCandidate(
  work: Work,
  state: PairState,
  user: string,
  generation: number,
  attempt: number,
): Promise<Intent> {
  const token = tokenOf(state.id, generation, attempt);
  const password = newPassword(work.passwordLength);
  const version = await work.store.writePending({ user, password, generation }, { token });
  return { token, generation, user, version, attempt };
}

/** Gives the user the candidate of the store; a candidate that the database will never take is replaced by another one. */
async function set(
  work: Work,
  state: PairState,
  decided: Intent,
  forced: Forced | undefined,
  keeps: boolean,
): Promise<{ readonly intent: Intent; readonly candidate: StoredCredential } | Blocked> {
  let intent = decided;
  for (;;) {
    const held = await work.store.readVersion(intent.version);
    const candidate = held === undefined || keeps ? held : await rekeyedByStore(work, state, intent, held, forced);
    if (candidate instanceof HeldError) return { ...waiting(candidate.message), holders: candidate.holders };
    const refusal =
      candidate === undefined ? `${work.store.name} no longer holds it` : await trySet(work, intent, candidate, forced);
    if (refusal instanceof HeldError) return { ...waiting(refusal.message), holders: refusal.holders };
    if (candidate !== undefined && refusal === undefined) return { intent, candidate };
    if (keeps) {
      return refused(
        `${intent.user} cannot have its earlier password again: ${refusal}. "force" publishes it with a new one.`,
      );
    }
    if (intent.attempt >= mostAttempts) {
      return refused(
        `The database refused ${mostAttempts} passwords for ${intent.user}: ${refusal}. See its password policy.`,
      );
    }
    const next = await newCandidate(work, state, intent.user, intent.generation, intent.attempt + 1);
    const after: Intent = { ...intent, ...next };
    await work.session.replaceCandidate(intent, after, refusal ?? 'refused');
    await work.store.discardPending(intent.version);
    intent = after;
  }
}

/**
 * The candidate as it is once a store that makes passwords has made it; any other store's stays as it is. A user that nobody reads yet can be
 * re-keyed twice, so a run that was killed here does it again.
 */
async function rekeyedByStore(
  { store, session }: Work,
  state: PairState,
  intent: Intent,
  held: StoredCredential,
  forced: Forced | undefined,
): Promise<StoredCredential | HeldError> {
  if (store.rekey === undefined || state.generation >= intent.generation) return held;
  const holders = forced === undefined ? await session.holders(intent.user) : [];
  if (holders.length > 0) return new HeldError(intent.user, holders, state.now);
  return { ...held, password: await store.rekey(intent.user) };
}

/** What the database, or who is logged in, has against this password; `undefined` when it was taken. Other trouble is thrown, and the candidate stays. */
async function trySet(
  work: Work,
  intent: Intent,
  held: StoredCredential,
  forced: Forced | undefined,
): Promise<string | HeldError | undefined> {
  try {
    await work.session.set(intent, held.password, forced);
    return undefined;
  } catch (error) {
    if (error instanceof HeldError) return error;
    if (troubleOf(error) === 'policy') return error instanceof Error ? error.message : 'password policy';
    throw error;
  }
}

/** A login that is refused keeps the candidate from being published; any other trouble is thrown, and the next run tests again. */
export async function test(work: Work, candidate: StoredCredential): Promise<TestReport | Blocked> {
  try {
    return await work.session.test(credentialOf(candidate));
  } catch (error) {
    if (!(error instanceof DatabaseError) || error.kind !== 'authentication') throw error;
    return refused(
      `${candidate.user} was not published, because its login is refused on ${error.endpoint}. ${error.message}`,
    );
  }
}

function credentialOf({ user, password, generation }: Credential): Credential {
  return { user, password, generation };
}

export async function step<T>(work: Work, name: Step, generation: number, run: () => Promise<T>): Promise<T> {
  work.tell({ type: 'step', step: name, phase: 'started', generation, at: work.clock() });
  const result = await run();
  work.tell({ type: 'step', step: name, phase: 'done', generation, at: work.clock() });
  return result;
}
