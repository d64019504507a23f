import { type Advanced, carryOnAdvance, compareStore } from './advance.js';
import { type Intent, isRollback, tokenOf } from './intent.js';
import { type Blocked, refused, waiting, type Work } from './work.js';

/**
 * Publishes the credential before, as a new generation with the same password. It takes nothing from anybody, so no gate stands before it;
 * a user that was switched off is switched on again.
 */
export async function rollback(work: Work, reason: string): Promise<Advanced | Blocked> {
  const state = await work.session.read();
  const { intent, superseded, published } = state;
  if (intent !== undefined && isRollback(intent, state.id)) return await carryOnAdvance(work, intent, undefined);
  if (intent !== undefined) {
    return waiting(
      `An advance to generation ${intent.generation} is unfinished, and it re-keys ${intent.user}. Run resume() first.`,
    );
  }
  const disagreement = await compareStore(work, state);
  if (disagreement !== undefined) return disagreement;
  if (superseded === undefined || published === undefined) {
    return refused(`Nothing was published before on ${work.pair.name}, so there is nothing to go back to.`);
  }
  if (superseded.phase === 'retired') {
    return refused(
      `${superseded.user} was retired and its password is gone, so there is no way back to it. Advance to a new generation instead.`,
    );
  }
  const before = superseded.version === '' ? undefined : await work.store.readVersion(superseded.version);
  if (before?.user !== superseded.user) {
    return refused(
      `${work.store.name} holds no version of ${superseded.user} to go back to. Advance to a new generation instead.`,
    );
  }

  const generation = state.generation + 1;
  const token = tokenOf(state.id, generation, 'rollback');
  const { user, password } = before;
  const version = await work.store.writePending({ user, password, generation }, { token });
  if ((await work.store.readVersion(version))?.password !== password) {
    return refused(
      `${work.store.name} holds another candidate for generation ${generation}, from before a restore. Advance to a new generation instead.`,
    );
  }
  const decided: Intent = { token, generation, user, version, attempt: 1, replaces: published.version };
  await work.session.decide(decided, { rollback: reason });
  return await carryOnAdvance(work, decided, undefined);
}
