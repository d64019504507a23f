import type { Client } from 'pg';

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

interface Row {
  readonly id: string;
  readonly generation: number;
  readonly now: number;
  readonly published_user: string | null;
  readonly published_version: string;
  readonly published_generation: number;
  readonly published_at: number;
  readonly superseded_user: string | null;
  readonly superseded_version: string | null;
  readonly superseded_generation: number;
  readonly superseded_at: number;
  readonly superseded_phase: SupersededState['phase'];
  readonly locked_at: number | null;
  readonly retired_at: number | null;
  readonly undo_evidence: UndoEvidence | null;
  readonly intent_token: string | null;
  readonly intent_generation: number;
  readonly intent_user: string;
  readonly intent_version: string;
  readonly intent_replaces: string | null;
  readonly intent_attempt: number;
}

/** Milliseconds, rounded up: a wait that is measured from here never ends early. */
const ms = (column: string): string => `ceil(extract(epoch FROM ${column}) * 1000)::float8 AS ${column}`;

const select = `
  SELECT id, generation::float8, floor(extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now,
    published_user, published_version, published_generation::float8, ${ms('published_at')},
    superseded_user, superseded_version, superseded_generation::float8, ${ms('superseded_at')}, superseded_phase,
    ${ms('locked_at')}, ${ms('retired_at')}, undo_evidence,
    intent_token, intent_generation::float8, intent_user, intent_version, intent_replaces, intent_attempt
  FROM keyturn.pair WHERE name = $1`;

export async function readState(client: Client, pair: string): Promise<PairState> {
  const { rows } = await client.query<{ found: boolean }>(`SELECT to_regclass('keyturn.pair') IS NOT NULL AS found`);
  if (rows[0]?.found !== true) throw new NotBootstrappedError(pair);
  const row = (await client.query<Row>(select, [pair])).rows[0];
  if (row === undefined) throw new NotBootstrappedError(pair);
  return stateOf(row);
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
        version: row.superseded_version ?? '',
        generation: row.superseded_generation,
        at: row.superseded_at,
        phase: row.superseded_phase,
        ...(row.locked_at !== null && { lockedAt: row.locked_at }),
        ...(row.retired_at !== null && { retiredAt: row.retired_at }),
        ...(row.undo_evidence !== null && { undo: row.undo_evidence }),
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

/** All of the journal, oldest first. */
export async function readJournal(client: Client, pair: string): Promise<JournalEntry[]> {
  return await entries(client, 'WHERE pair = $1 ORDER BY id', [pair]);
}

export async function lastEntry(client: Client, pair: string, event: JournalEvent): Promise<JournalEntry | undefined> {
  return (await entries(client, 'WHERE pair = $1 AND event = $2 ORDER BY id DESC LIMIT 1', [pair, event]))[0];
}

async function entries(client: Client, which: string, values: readonly unknown[]): Promise<JournalEntry[]> {
  const { rows } = await client.query<{
    at: number;
    generation: number;
    event: JournalEvent;
    username: string | null;
    version: string | null;
    detail: Record<string, unknown>;
  }>(`SELECT ${ms('at')}, generation::float8, event, username, version, detail FROM keyturn.journal ${which}`, [
    ...values,
  ]);
  return rows.map(({ username, version, ...entry }) => ({
    ...entry,
    ...(username !== null && { user: username }),
    ...(version !== null && { version }),
  }));
}

/** One change of a pair: what must still be true, what becomes true, what is done to a role in the same transaction, and the line about it. */
export interface Change {
  readonly step: string;
  /** Assignments of an UPDATE on keyturn.pair. */
  readonly assign: string;
  /** Condition of that UPDATE: the fence. */
  readonly where: string;
  /** Values for $2 and up, in both; $1 is the pair. */
  readonly values: readonly unknown[];
  /** Runs in the transaction, behind the fence. */
  readonly effect?: () => Promise<void>;
  readonly entry: {
    readonly event: JournalEvent;
    readonly generation: number;
    readonly user: string;
    readonly version: string;
    readonly detail?: Readonly<Record<string, unknown>>;
  };
}

/**
 * Carries a change out, or changes nothing. `done` tells a repeated change from one that came too late.
 *
 * @throws FencedError when the journal has moved on.
 */
export async function apply(
  client: Client,
  pair: string,
  change: Change,
  done: (state: PairState) => boolean = () => false,
): Promise<void> {
  await client.query('BEGIN');
  try {
    const update = updateOf(pair, change);
    const { rowCount } = await client.query(update.text, [...update.values]);
    if (rowCount !== 1) {
      const state = await readState(client, pair);
      if (!done(state)) throw new FencedError(pair, change.step);
      await client.query('ROLLBACK');
      return;
    }
    await change.effect?.();
    const line = lineOf(pair, change);
    await client.query(line.text, [...line.values]);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

function updateOf(pair: string, { assign, where, values }: Change): Statement {
  return { text: `UPDATE keyturn.pair SET ${assign} WHERE name = $1 AND ${where}`, values: [pair, ...values] };
}

function lineOf(pair: string, { entry: { event, generation, user, version, detail } }: Change): Statement {
  return {
    text: 'INSERT INTO keyturn.journal (pair, generation, event, username, version, detail) VALUES ($1, $2, $3, $4, $5, $6)',
    values: [pair, generation, event, user, version, detail ?? {}],
  };
}

/** What {@link apply} would send, with the values in their places. `effect` stands for what the change does to roles. */
export function statementsOf(
  client: Pick<Client, 'escapeLiteral'>,
  pair: string,
  change: Change,
  effect: readonly string[],
): string[] {
  const filled = ({ text, values }: Statement): string =>
    text
      .replaceAll(/\s+/g, ' ')
      .replaceAll(/\$(\d+)/g, (_, number: string) => literalOf(client, values[Number(number) - 1]));
  return ['BEGIN', filled(updateOf(pair, change)), ...effect, filled(lineOf(pair, change)), 'COMMIT'];
}

function literalOf(client: Pick<Client, 'escapeLiteral'>, value: unknown): string {
  if (value === null || value === undefined) return 'NULL';
  if (typeof value === 'number') return String(value);
  return client.escapeLiteral(typeof value === 'string' ? value : JSON.stringify(value));
}

export function decided(intent: Intent, id: string, detail: Readonly<Record<string, unknown>> = {}): Change {
  return {
    step: 'create',
    assign: `intent_token = $2, intent_generation = $3, intent_user = $4, intent_version = $5, intent_replaces = $6, intent_attempt = $7`,
    where: `intent_token IS NULL AND generation = $3 - 1 AND id = $8 AND (user_a = user_b OR published_user IS DISTINCT FROM $4) AND published_version IS NOT DISTINCT FROM $6`,
    values: [intent.token, intent.generation, intent.user, intent.version, intent.replaces ?? null, intent.attempt, id],
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
    assign: 'intent_token = $2, intent_version = $3, intent_attempt = $4',
    where: 'intent_token = $5 AND intent_generation = $6',
    values: [after.token, after.version, after.attempt, before.token, after.generation],
    entry: {
      event: 'candidate-replaced',
      ...subject(after),
      detail: { token: after.token, before: before.version, attempt: after.attempt, because },
    },
  };
}

/** The user's old credential is gone with this, so it is no longer superseded. */
export function wasSet(intent: Intent, effect: () => Promise<void>, forced: Forced | undefined): Change {
  return {
    step: 'set',
    assign: `generation = $2, superseded_user = NULL, superseded_version = NULL, superseded_generation = NULL, superseded_at = NULL,
      superseded_phase = NULL, locked_at = NULL, retired_at = NULL, undo_evidence = NULL`,
    where: `intent_token = $3 AND intent_generation = $2 AND generation IN ($2 - 1, $2) AND (user_a = user_b OR published_user IS DISTINCT FROM $4)`,
    values: [intent.generation, intent.token, intent.user],
    effect,
    entry: { event: 'set', ...subject(intent), detail: forcedDetail(forced) },
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
  const there = (value: string): string =>
    supersedes ? `CASE WHEN published_user IS NULL THEN NULL ELSE ${value} END` : 'NULL';
  return {
    step: 'finish',
    assign: `superseded_user = ${before('user')}, superseded_version = ${before('version')}, superseded_generation = ${before('generation')},
      superseded_at = ${there('clock_timestamp()')}, superseded_phase = ${there(`'usable'`)}, locked_at = NULL, retired_at = NULL, undo_evidence = NULL,
      published_user = intent_user, published_version = intent_version, published_generation = intent_generation, published_at = clock_timestamp(),
      intent_token = NULL, intent_generation = NULL, intent_user = NULL, intent_version = NULL, intent_replaces = NULL, intent_attempt = NULL`,
    where: 'intent_token = $2 AND intent_generation = $3 AND generation = $3',
    values: [intent.token, intent.generation],
    entry: {
      event: 'finished',
      ...subject(intent),
      detail: { endpoints: report.endpoints, probed: report.probed, ...detail },
    },
  };
}

/** True for the one superseded credential that is meant, and for none when an advance is under way. */
const sameSuperseded = `superseded_user = $2 AND superseded_generation = $3 AND published_user IS DISTINCT FROM $2 AND intent_token IS NULL`;

export function locked(superseded: SupersededState, effect: () => Promise<void>, forced: Forced | undefined): Change {
  return {
    step: 'lock',
    assign: `superseded_phase = 'locked', locked_at = clock_timestamp()`,
    where: `${sameSuperseded} AND superseded_phase = 'usable'`,
    values: [superseded.user, superseded.generation],
    effect,
    entry: { event: 'locked', ...subject(superseded), detail: forcedDetail(forced) },
  };
}

export function undoDecided(superseded: SupersededState, evidence: UndoEvidence): Change {
  return {
    step: 'undo',
    assign: 'undo_evidence = $4',
    where: `${sameSuperseded} AND superseded_phase = 'locked' AND undo_evidence IS NULL`,
    values: [superseded.user, superseded.generation, JSON.stringify(evidence)],
    entry: { event: 'undo-decided', ...subject(superseded), detail: { ...evidence } },
  };
}

export function undone(superseded: SupersededState, effect: () => Promise<void>): Change {
  return {
    step: 'undo',
    assign: `superseded_phase = 'usable', superseded_at = clock_timestamp(), locked_at = NULL, undo_evidence = NULL`,
    where: `${sameSuperseded} AND superseded_phase = 'locked'`,
    values: [superseded.user, superseded.generation],
    effect,
    entry: { event: 'undone', ...subject(superseded) },
  };
}

export function retired(superseded: SupersededState, effect: () => Promise<void>, forced: Forced | undefined): Change {
  return {
    step: 'retire',
    assign: `superseded_phase = 'retired', retired_at = clock_timestamp()`,
    where: `${sameSuperseded} AND superseded_phase = 'locked' AND undo_evidence IS NULL`,
    values: [superseded.user, superseded.generation],
    effect,
    entry: { event: 'retired', ...subject(superseded), detail: forcedDetail(forced) },
  };
}

/** The pair is as it was: the line is the record of what the poolers were told. */
export function poolersTold(intent: Intent, poolers: readonly string[]): Change {
  return {
    step: 'set',
    assign: 'generation = generation',
    where: 'intent_token = $2 AND generation = $3',
    values: [intent.token, intent.generation],
    entry: { event: 'pooler-told', ...subject(intent), detail: { poolers } },
  };
}

/** Nothing changes yet: the line is the record of what was decided. */
export function compromisedNoted(published: Omit<PublishedState, 'at'>, reason: string): Change {
  return {
    step: 'compromised',
    assign: 'published_version = published_version',
    where: 'published_user = $2 AND published_generation = $3',
    values: [published.user, published.generation],
    entry: { event: 'compromised', ...subject(published), detail: { reason } },
  };
}

export function adopted(
  published: Omit<PublishedState, 'at'>,
  other: string,
  atLeast: number,
  because: string,
): Change {
  const known = `(user_a <> user_b AND (published_user = $5 OR coalesce(superseded_user = $5, false)))`;
  const kept = (column: string): string =>
    `CASE WHEN NOT ${known} THEN NULL WHEN published_user = $5 THEN published_${column} ELSE superseded_${column} END`;
  return {
    step: 'adopt',
    assign: `published_user = $2, published_version = $3, published_generation = $4, published_at = clock_timestamp(),
      generation = greatest(generation, intent_generation, $4, $6),
      superseded_user = CASE WHEN ${known} THEN $5 END, superseded_version = ${kept('version')}, superseded_generation = ${kept('generation')},
      superseded_at = CASE WHEN ${known} THEN clock_timestamp() END, superseded_phase = CASE WHEN ${known} THEN 'usable' END,
      locked_at = NULL, retired_at = NULL, undo_evidence = NULL,
      intent_token = NULL, intent_generation = NULL, intent_user = NULL, intent_version = NULL, intent_replaces = NULL, intent_attempt = NULL`,
    where: 'user_a IN ($2, $5) AND user_b IN ($2, $5)',
    values: [published.user, published.version, published.generation, other, atLeast],
    entry: { event: 'adopted', ...subject(published), detail: { because } },
  };
}
