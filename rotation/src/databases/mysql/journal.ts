import {
  FencedError,
  type Forced,
  type JournalEntry,
  type JournalEvent,
  NotBootstrappedError,
  type PairState,
  type PublishedState,
  type SupersededState,
  type TestReport,
  type UndoEvidence,
} from '../../database.js';
import type { Intent } from '../../intent.js';
import { forcedDetail, subject } from '../journal-line.js';
import type { Client } from './endpoint.js';
import { hasTables } from './tables.js';

/** An account statement that was decided. It is carried out before anything else, because it may have been already. */
export interface Effect {
  readonly step: 'lock' | 'retire';
  readonly forced?: Forced;
}

/** State of a pair, and what only this database knows of it. */
export interface Known {
  readonly state: PairState;
  readonly strategy: string;
  readonly effect?: Effect;
}

interface Row extends Record<`${'published' | 'superseded'}_${'generation' | 'at'}`, number> {
  readonly id: string;
  readonly strategy: string;
  readonly generation: number;
  readonly now: number;
  readonly published_user: string | null;
  readonly published_version: string;
  readonly superseded_user: string | null;
  readonly superseded_version: string;
  readonly superseded_phase: SupersededState['phase'];
  readonly locked_at: number | null;
  readonly retired_at: number | null;
  readonly undo_evidence: string | null;
  readonly effect: string | null;
  readonly intent_token: string | null;
  readonly intent_generation: number;
  readonly intent_user: string;
  readonly intent_version: string;
  readonly intent_replaces: string | null;
  readonly intent_attempt: number;
}

/** Rounded up when it is written and down when it is compared with, so that a wait that is measured from it never ends early. */
export const clock = 'CAST(CEIL(UNIX_TIMESTAMP(NOW(6)) * 1000) AS SIGNED)';
const clockNow = 'CAST(FLOOR(UNIX_TIMESTAMP(NOW(6)) * 1000) AS SIGNED)';

/** @throws NotBootstrappedError when the server does not know the pair. */
export async function read(client: Client, pair: string): Promise<Known> {
  if (!(await hasTables(client))) throw new NotBootstrappedError(pair);
  const [row] = await client.rows<Row>(`SELECT p.*, ${clockNow} AS now FROM keyturn.pair p WHERE name = ?`, [pair]);
  if (row === undefined) throw new NotBootstrappedError(pair);
  return {
    state: stateOf(row),
    strategy: row.strategy,
    ...(row.effect !== null && { effect: JSON.parse(row.effect) as Effect }),
  };
}

function stateOf(row: Row): PairState {
  return {
    id: row.id,
    generation: row.generation,
    now: row.now,
    ...(row.published_user !== null && {
      published: {
        user: row.published_user,
        version: row.published_version,
        generation: row.published_generation,
        at: row.published_at,
      },
    }),
    ...(row.superseded_user !== null && {
      superseded: {
        user: row.superseded_user,
        version: row.superseded_version,
        generation: row.superseded_generation,
        at: row.superseded_at,
        phase: row.superseded_phase,
        ...(row.locked_at !== null && { lockedAt: row.locked_at }),
        ...(row.retired_at !== null && { retiredAt: row.retired_at }),
        ...(row.undo_evidence !== null && { undo: JSON.parse(row.undo_evidence) as UndoEvidence }),
      },
    }),
    ...(row.intent_token !== null && {
      intent: {
        token: row.intent_token,
        generation: row.intent_generation,
        user: row.intent_user,
        version: row.intent_version,
        ...(row.intent_replaces !== null && { replaces: row.intent_replaces }),
        attempt: row.intent_attempt,
      },
    }),
  };
}

/** All of the journal, oldest first; of one kind of event when it is named. */
export async function entries(client: Client, pair: string, event?: JournalEvent): Promise<JournalEntry[]> {
  const rows = await client.rows<{
    at: number;
    generation: number;
    event: JournalEvent;
    username: string | null;
    version: string | null;
    detail: string;
  }>(
    `SELECT at, generation, event, username, version, detail FROM keyturn.journal WHERE pair = ? AND (? IS NULL OR event = ?) ORDER BY id`,
    [pair, event ?? null, event ?? null],
  );
  return rows.map(({ username, version, detail, ...entry }) => ({
    ...entry,
    ...(username !== null && { user: username }),
    ...(version !== null && { version }),
    detail: JSON.parse(detail) as Record<string, unknown>,
  }));
}

/** A piece of SQL with its values. */
export interface Sql {
  readonly sql: string;
  readonly values: readonly unknown[];
}

/** One line about a change. */
export interface Entry {
  readonly event: JournalEvent;
  readonly generation: number;
  readonly user: string;
  readonly version: string;
  readonly detail?: Readonly<Record<string, unknown>>;
}

/** What becomes true of the pair, if the fence still holds, and the line about it. */
export interface Change {
  readonly step: string;
  readonly assign: Sql;
  readonly fence: Sql;
  readonly entry?: Entry;
}

/**
 * Carries a change of the journal out, or changes nothing; `false` when it was there already.
 *
 * @throws FencedError when the journal has moved on.
 */
export async function apply(
  client: Client,
  pair: string,
  change: Change,
  done: (state: PairState) => boolean = () => false,
): Promise<boolean> {
  await client.change('START TRANSACTION');
  try {
    const found = await client.change(
      `UPDATE keyturn.pair SET ${change.assign.sql} WHERE name = ? AND ${change.fence.sql}`,
      [...change.assign.values, pair, ...change.fence.values],
    );
    if (found !== 1) {
      const { state } = await read(client, pair);
      if (!done(state)) throw new FencedError(pair, change.step);
    } else if (change.entry !== undefined) {
      await write(client, pair, change.entry);
    }
    await client.change('COMMIT');
    return found === 1;
  } catch (error) {
    await client.change('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

export async function write(client: Client, pair: string, entry: Entry): Promise<void> {
  await client.change(
    `INSERT INTO keyturn.journal (pair, at, generation, event, username, version, detail) VALUES (?, ${clock}, ?, ?, ?, ?, ?)`,
    [pair, entry.generation, entry.event, entry.user, entry.version, JSON.stringify(entry.detail ?? {})],
  );
}

export function decided(intent: Intent, id: string, detail: Readonly<Record<string, unknown>> = {}): Change {
  return {
    step: 'create',
    assign: {
      sql: 'intent_token = ?, intent_generation = ?, intent_user = ?, intent_version = ?, intent_replaces = ?, intent_attempt = ?',
      values: [intent.token, intent.generation, intent.user, intent.version, intent.replaces ?? null, intent.attempt],
    },
    fence: {
      sql: 'intent_token IS NULL AND generation = ? AND id = ? AND (user_a = user_b OR NOT published_user <=> ?) AND published_version <=> ?',
      values: [intent.generation - 1, id, intent.user, intent.replaces ?? null],
    },
    entry: {
      event: 'decided',
      ...subject(intent),
      detail: { token: intent.token, replaces: intent.replaces ?? null, ...detail },
    },
  };
}

export function candidateReplaced(before: Intent, after: Intent, because: string): Change {
  return {
    step: 'create',
    assign: {
      sql: 'intent_token = ?, intent_version = ?, intent_attempt = ?',
      values: [after.token, after.version, after.attempt],
    },
    fence: {
      sql: 'intent_token = ? AND intent_generation = ?',
      values: [before.token, after.generation],
    },
    entry: {
      event: 'candidate-replaced',
      ...subject(after),
      detail: { token: after.token, before: before.version, attempt: after.attempt, because },
    },
  };
}

const nothingSuperseded = `superseded_user = NULL, superseded_version = NULL, superseded_generation = NULL, superseded_at = NULL,
  superseded_phase = NULL, locked_at = NULL, retired_at = NULL, undo_evidence = NULL, effect = NULL`;

/** Raises the fence before the account is touched; the line follows when it was. */
export function setting(intent: Intent): Change {
  return {
    step: 'set',
    assign: { sql: `generation = ?, ${nothingSuperseded}`, values: [intent.generation] },
    fence: stillMeant(intent),
  };
}

export function wasSet(intent: Intent, forced: Forced | undefined): Change {
  return {
    step: 'set',
    assign: { sql: 'generation = ?', values: [intent.generation] },
    fence: stillMeant(intent),
    entry: { event: 'set', ...subject(intent), detail: forcedDetail(forced) },
  };
}

function stillMeant(intent: Intent): Sql {
  return {
    sql: 'intent_token = ? AND intent_generation = ? AND generation IN (?, ?) AND (user_a = user_b OR NOT published_user <=> ?)',
    values: [intent.token, intent.generation, intent.generation - 1, intent.generation, intent.user],
  };
}

/** `supersedes`: whether the credential before still logs in. */
export function finished(
  intent: Intent,
  report: TestReport,
  supersedes: boolean,
  detail: Readonly<Record<string, unknown>> = {},
): Change {
  const before = (column: string): string => (supersedes ? `published_${column}` : 'NULL');
  const there = (value: string): string => (supersedes ? `IF(published_user IS NULL, NULL, ${value})` : 'NULL');
  return {
    step: 'finish',
    // MySQL assigns from left to right: what is superseded is read before what is published is overwritten.
    assign: {
      sql: `superseded_user = ${before('user')}, superseded_version = ${before('version')}, superseded_generation = ${before('generation')},
        superseded_at = ${there(clock)}, superseded_phase = ${there(`'usable'`)}, locked_at = NULL, retired_at = NULL, undo_evidence = NULL,
        published_user = intent_user, published_version = intent_version, published_generation = intent_generation, published_at = ${clock},
        intent_token = NULL, intent_generation = NULL, intent_user = NULL, intent_version = NULL, intent_replaces = NULL, intent_attempt = NULL`,
      values: [],
    },
    fence: {
      sql: 'intent_token = ? AND intent_generation = ? AND generation = ?',
      values: [intent.token, intent.generation, intent.generation],
    },
    entry: {
      event: 'finished',
      ...subject(intent),
      detail: { endpoints: report.endpoints, probed: report.probed, ...detail },
    },
  };
}

/** True for the one superseded credential that is meant, and for none when an advance is under way. */
function sameSuperseded(superseded: SupersededState, and: string): Sql {
  return {
    sql: `superseded_user = ? AND superseded_generation = ? AND (user_a = user_b OR NOT published_user <=> ?) AND intent_token IS NULL AND ${and}`,
    values: [superseded.user, superseded.generation, superseded.user],
  };
}

/** Before the account is touched: whoever comes next carries it out. */
export function effectDecided(superseded: SupersededState, effect: Effect): Change {
  const phase = effect.step === 'lock' ? `superseded_phase = 'usable'` : `superseded_phase = 'locked'`;
  return {
    step: effect.step,
    assign: { sql: 'effect = ?', values: [JSON.stringify(effect)] },
    fence: sameSuperseded(superseded, `${phase} AND undo_evidence IS NULL`),
  };
}

export function effectDone(superseded: SupersededState, effect: Effect): Change {
  const lock = effect.step === 'lock';
  return {
    step: effect.step,
    assign: {
      sql: lock
        ? `superseded_phase = 'locked', locked_at = ${clock}, effect = NULL`
        : `superseded_phase = 'retired', retired_at = ${clock}, effect = NULL`,
      values: [],
    },
    fence: sameSuperseded(superseded, 'effect IS NOT NULL'),
    entry: { event: lock ? 'locked' : 'retired', ...subject(superseded), detail: forcedDetail(effect.forced) },
  };
}

export function undoDecided(superseded: SupersededState, evidence: UndoEvidence): Change {
  return {
    step: 'undo',
    assign: { sql: 'undo_evidence = ?', values: [JSON.stringify(evidence)] },
    fence: sameSuperseded(superseded, `superseded_phase = 'locked' AND undo_evidence IS NULL AND effect IS NULL`),
    entry: { event: 'undo-decided', ...subject(superseded), detail: { ...evidence } },
  };
}

export function undone(superseded: SupersededState): Change {
  return {
    step: 'undo',
    assign: {
      sql: `superseded_phase = 'usable', superseded_at = ${clock}, locked_at = NULL, undo_evidence = NULL`,
      values: [],
    },
    fence: undoable(superseded),
    entry: { event: 'undone', ...subject(superseded) },
  };
}

/** What must be true before and after the account is switched on again. */
export function undoable(superseded: SupersededState): Sql {
  return sameSuperseded(superseded, `superseded_phase = 'locked' AND effect IS NULL`);
}

/** Nothing changes yet: the line is the record of what was decided. */
export function compromisedNoted(published: Omit<PublishedState, 'at'>, reason: string): Change {
  return {
    step: 'compromised',
    assign: { sql: 'published_version = published_version', values: [] },
    fence: {
      sql: 'published_user = ? AND published_generation = ?',
      values: [published.user, published.generation],
    },
    entry: { event: 'compromised', ...subject(published), detail: { reason } },
  };
}

/**
 * Of a sole user nothing counts as superseded afterwards: another password that it may have is one that the journal does not know.
 * MySQL assigns from left to right: what was superseded and published is read before it is overwritten.
 */
export function adopted(
  published: Omit<PublishedState, 'at'>,
  other: string,
  atLeast: number,
  because: string,
): Change {
  const kept = (column: string): string =>
    `IF(superseded_user IS NULL, NULL, IF(published_user <=> ?, published_${column}, superseded_${column}))`;
  const there = (value: string): string => `IF(superseded_user IS NULL, NULL, ${value})`;
  return {
    step: 'adopt',
    assign: {
      sql: `superseded_user = IF(user_a <> user_b AND (published_user <=> ? OR superseded_user <=> ?), ?, NULL),
        superseded_version = ${kept('version')}, superseded_generation = ${kept('generation')},
        superseded_at = ${there(clock)}, superseded_phase = ${there(`'usable'`)},
        locked_at = NULL, retired_at = NULL, undo_evidence = NULL, effect = NULL,
        generation = GREATEST(generation, IFNULL(intent_generation, 0), ?, ?),
        published_user = ?, published_version = ?, published_generation = ?, published_at = ${clock},
        intent_token = NULL, intent_generation = NULL, intent_user = NULL, intent_version = NULL, intent_replaces = NULL, intent_attempt = NULL`,
      values: [
        ...[other, other, other, other, other],
        ...[published.generation, atLeast],
        ...[published.user, published.version, published.generation],
      ],
    },
    fence: {
      sql: 'user_a IN (?, ?) AND user_b IN (?, ?)',
      values: [published.user, other, published.user, other],
    },
    entry: { event: 'adopted', ...subject(published), detail: { because } },
  };
}
