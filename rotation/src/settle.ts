import { compareStore } from './advance.js';
import type { PublishedState } from './database.js';
import { worksEverywhere, type VersionReport, versionReports } from './doctor.js';
import { type Blocked, refused, type Work } from './work.js';

/** Store and journal say the same again. */
export interface Settled {
  readonly outcome: 'settled';
  /** `store`: the journal took over what the store publishes. `journal`: the store publishes again what the journal says. */
  readonly kept: 'store' | 'journal';
  readonly published: Omit<PublishedState, 'at'>;
  /** False when no version logs in: publish a new one with force. */
  readonly works: boolean;
}

export type SettleResult = Settled | Blocked | { readonly outcome: 'nothing' };

/**
 * After a restore: settles on the credential that logs in. What the store publishes comes first, because applications read it. No password is
 * changed; where none logs in, the journal takes over what the store says, so that a forced advance can publish a new one.
 *
 * @param apply false finds out and changes nothing.
 */
export async function settle(work: Work, because: string, apply: boolean): Promise<SettleResult> {
  const state = await work.session.read();
  if ((await compareStore(work, state)) === undefined) return { outcome: 'nothing' };
  if (work.session.adopt === undefined)
    return refused(`The database of ${work.pair.name} cannot take over what a store says.`);

  const versions = await versionReports(work, state);
  const stored = await work.store.readPublished();
  const inStore = versions.find(({ version }) => version === stored?.version);
  const inJournal = versions.find(({ part }) => part === 'published');
  const highest = Math.max(state.generation, ...versions.map(({ stored: held }) => held?.generation ?? 0));

  if (!works(inStore) && works(inJournal) && state.published !== undefined && inJournal !== undefined) {
    const { user, version, generation } = state.published;
    if (apply) {
      await work.store.publish(version, { expectedCurrent: stored?.version });
      await work.session.adopt({ user, version, generation }, highest, because);
    }
    return { outcome: 'settled', kept: 'journal', published: { user, version, generation }, works: true };
  }
  if (stored === undefined) {
    return refused(
      `${work.store.name} publishes nothing, and what the journal says does not log in or is not there. Restore the store, or bootstrap a pair under another name.`,
    );
  }
  if (!work.pair.users.includes(stored.user)) {
    return refused(
      `${work.store.name} publishes ${stored.user}, which is none of ${work.pair.users.join(' and ')}. See who else writes this secret.`,
    );
  }
  const { user, version, generation } = stored;
  if (apply) await work.session.adopt({ user, version, generation }, highest, because);
  return { outcome: 'settled', kept: 'store', published: { user, version, generation }, works: works(inStore) };
}

function works(report: VersionReport | undefined): boolean {
  return report !== undefined && worksEverywhere(report);
}
