import type { Planned, SupersededState } from '../../database.js';
import { newPassword } from '../../passwords.js';
import type { Client } from './endpoint.js';
import { endOn } from './holders.js';
import * as journal from './journal.js';
import type { Switch } from './switch.js';

/** A pair as the journal knows it. */
interface KnownPair {
  readonly name: string;
  readonly id: string;
  readonly switch: Switch;
}

/** Does an effect on a recorder, by the code that does it on a server. */
export async function plannedStatements(recorder: Client, pair: KnownPair, planned: Planned): Promise<void> {
  switch (planned.effect) {
    case 'decide':
      await journal.apply(recorder, pair.name, journal.decided(planned.intent, pair.id, planned.detail));
      return;
    case 'set':
      await journal.apply(recorder, pair.name, journal.setting(planned.intent));
      await pair.switch.set(planned.intent, newPassword());
      await journal.apply(recorder, pair.name, journal.wasSet(planned.intent, planned.forced));
      return;
    case 'finish':
      await journal.apply(
        recorder,
        pair.name,
        journal.finished(planned.intent, planned.report, pair.switch.supersedes),
      );
      return;
    case 'lockUser':
    case 'takePassword':
      await effect(recorder, pair, planned);
      return;
    case 'endSessions':
      await endOn(recorder, planned.user);
  }
}

async function effect(
  recorder: Client,
  pair: KnownPair,
  planned: Extract<Planned, { readonly superseded: SupersededState }>,
): Promise<void> {
  const { superseded, forced } = planned;
  const lock = planned.effect === 'lockUser';
  const decided: journal.Effect = { step: lock ? 'lock' : 'retire', ...(forced && { forced }) };
  await journal.apply(recorder, pair.name, journal.effectDecided(superseded, decided));
  await (lock ? pair.switch.off(superseded.user) : pair.switch.retire(superseded.user));
  await journal.apply(recorder, pair.name, journal.effectDone(superseded, decided));
}
