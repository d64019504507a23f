import { check, drained, idleUser, publish, step, test } from '../../advance.js';
import type { PairState, TestReport } from '../../database.js';
import type { Intent } from '../../intent.js';
import { newPassword } from '../../passwords.js';
import { alone, type RotatorOptions } from '../../rotator.js';
import type { RetireResult } from '../../retire.js';
import { retire } from '../../retire.js';
import type { StoredCredential } from '../../store.js';
import { troubleOf } from '../../trouble.js';
import type { Blocked, Work } from '../../work.js';

/** A step did nothing, and why. Secrets Manager sees a failed step and tries again later; nobody lost a login. */
export class StepRefused extends Error {
  override readonly name = 'StepRefused';
  readonly step: string;
  readonly blocked: Blocked;

  constructor(name: string, blocked: Blocked) {
    super(`${name} did nothing: ${blocked.because}`);
    this.step = name;
    this.blocked = blocked;
  }
}

/**
 * An advance in the four steps of Secrets Manager, each a process of its own. The version's name is the token of the rotation. The gate runs
 * first in `create`, before a candidate is written, and once more in `set`.
 */
export interface Steps {
  /** @throws StepRefused when the gate is shut; no candidate was written then. */
  create(token: string): Promise<void>;
  /** @throws StepRefused when the gate was shut in between, or the database will never take this password. */
  set(token: string): Promise<void>;
  /** @throws StepRefused when the new user cannot log in on every endpoint, or differs from the other one. */
  test(token: string): Promise<void>;
  /** Tests once more, publishes and records it. */
  finish(token: string): Promise<void>;
  retire(): Promise<RetireResult>;
  /** Where the pair stands, unless another rotator is at work. */
  read(): Promise<PairState | Blocked>;
}

export function stepsOf(options: RotatorOptions): Steps {
  const run = async (name: string, token: string, work: (at: At) => Promise<Blocked | undefined>): Promise<void> => {
    const blocked = await alone(
      options,
      async (engine) => await work({ work: engine, state: await engine.session.read(), token }),
    );
    if (blocked !== undefined) throw new StepRefused(name, blocked);
  };
  return {
    create: async (token) => await run('createSecret', token, create),
    set: async (token) => await run('setSecret', token, set),
    test: async (token) => await run('testSecret', token, testOnly),
    finish: async (token) => await run('finishSecret', token, finish),
    retire: async () => await alone(options, async (work) => await retire(work, undefined)),
    read: async () => await alone(options, async (work) => await work.session.read()),
  };
}

interface At {
  readonly work: Work;
  readonly state: PairState;
  readonly token: string;
}

const isPublished = ({ state, token }: At): boolean => state.published?.version === token;

async function create(at: At): Promise<Blocked | undefined> {
  const { work, state, token } = at;
  if (isPublished(at) || state.intent?.version === token) return undefined;
  const user = state.intent?.user ?? idleUser(work, state);
  const generation = state.intent?.generation ?? state.generation + 1;
  const blocked = await step(work, 'check', generation, async () => {
    const found = await check(work, state, user, undefined);
    // The candidate of an earlier rotation that was set already has no sessions to wait for: nobody knows it.
    return found ?? (state.generation >= generation ? undefined : await drained(work, await work.session.read(), user));
  });
  if (blocked !== undefined) return blocked;
  await step(work, 'create', generation, async () => {
    const version = await work.store.writePending(
      { user, password: newPassword(work.passwordLength), generation },
      { token },
    );
    const replaces = state.published?.version;
    const next: Intent = {
      token,
      generation,
      user,
      version,
      attempt: (state.intent?.attempt ?? 0) + 1,
      ...(replaces === undefined ? {} : { replaces }),
    };
    if (state.intent === undefined) await work.session.decide(next);
    else await work.session.replaceCandidate(state.intent, next, 'Secrets Manager began another rotation');
  });
  return undefined;
}

async function set(at: At): Promise<Blocked | undefined> {
  if (isPublished(at)) return undefined;
  const { work, state } = at;
  const { intent, candidate } = await heldOf(at);
  const blocked = await step(work, 'recheck', intent.generation, async () =>
    state.generation >= intent.generation ? undefined : await drained(work, state, intent.user),
  );
  if (blocked !== undefined) return blocked;
  return await step(work, 'set', intent.generation, async () => {
    try {
      await work.session.set(intent, candidate.password);
      return undefined;
    } catch (error) {
      if (troubleOf(error) !== 'policy') throw error;
      const because = `the database refuses this password for ${intent.user} by its policy. Start another rotation; it makes another password.`;
      return { outcome: 'refused', because, holders: [] };
    }
  });
}

async function testOnly(at: At): Promise<Blocked | undefined> {
  if (isPublished(at)) return undefined;
  const report = await verified(at);
  return 'outcome' in report ? report : undefined;
}

async function verified(at: At): Promise<TestReport | Blocked> {
  const { intent, candidate } = await heldOf(at);
  const report = await step(at.work, 'test', intent.generation, async () => await test(at.work, candidate));
  if ('outcome' in report || report.differences.length === 0) return report;
  const because = `${intent.user} differs from the other user: ${report.differences.join('; ')}. Mend that and rotate again.`;
  return { outcome: 'refused', because, holders: [] };
}

async function finish(at: At): Promise<Blocked | undefined> {
  if (isPublished(at)) return undefined;
  const { work } = at;
  const { intent } = await heldOf(at);
  const report = await verified(at);
  if ('outcome' in report) return report;
  await step(work, 'finish', intent.generation, async () => await publish(work, intent, report));
  return undefined;
}

async function heldOf({
  work,
  state,
  token,
}: At): Promise<{ readonly intent: Intent; readonly candidate: StoredCredential }> {
  const { intent } = state;
  if (intent?.version !== token) throw new TokenError(work.pair.name, token);
  const candidate = await work.store.readVersion(token);
  if (candidate === undefined) throw new TokenError(work.pair.name, token);
  return { intent, candidate };
}

/** A step came for a rotation that was never begun here, or that another one has replaced. */
export class TokenError extends Error {
  override readonly name = 'TokenError';

  constructor(pair: string, token: string) {
    super(
      `${pair}: there is no candidate for the rotation ${token}. createSecret has to come first; start the rotation again.`,
    );
  }
}
