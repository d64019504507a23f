import { setTimeout as pause } from 'node:timers/promises';

import { formatDuration, milliseconds } from '@keyturn/plan';
import type { Holder, Outlook, Status } from '@keyturn/rotation';
import type { Command } from 'commander';

import type { Terminal } from '../command/terminal.js';
import { UsageError } from '../errors.js';
import { configOf, type Flags, guarded, pairCommand, writeJson } from './command.js';
import { evidenceFrom } from './evidence.js';
import { openPair, type OpenPair } from './open.js';
import { describeHolder, shownTime } from './say.js';

interface StatusFlags extends Flags {
  readonly watch?: true;
  readonly interval: string;
  readonly evidence?: string;
}

/** Where one pair stands. Times are milliseconds since 1970 on the clock of its database. */
interface PairStatus extends Omit<Status, 'pair'>, Outlook {
  readonly pair: string;
  readonly ageMs?: number;
  readonly nextRotationAt?: number;
  readonly overdueMs: number;
}

/** `keyturn status`. */
export function statusCommand(terminal: Terminal, finish: (code: number) => void): Command {
  return pairCommand<StatusFlags>(
    'status',
    'Say where pairs stand: generation, published user, age, next rotation, sessions, and what blocks the next run',
    `
1 means that something needs a person: a rotation is overdue or half done, or store and journal disagree.
A gate that is shut while no rotation is due is no such thing.`,
    (name, flags) => status(name, flags, terminal),
    finish,
  )
    .option('--watch', 'again and again, until Ctrl-C')
    .option('--interval <time>', 'time between two looks with --watch', '2s')
    .option('--evidence <file>', 'JSON file that says which consumers run, and since when (for start-bound consumers)');
}

async function status(given: string | undefined, flags: StatusFlags, terminal: Terminal): Promise<number> {
  const config = configOf(flags, terminal);
  const names = given === undefined ? [...config.pairs.keys()] : [given];
  const every = intervalOf(flags.interval);
  const look = async (): Promise<number> => {
    const evidence = await evidenceFrom(flags.evidence, terminal);
    let code = 0;
    for (const name of names) {
      const one = await guarded(name, flags, terminal, async () =>
        show(await statusOf(await openPair(config, name, { env: terminal.env, evidence })), flags, terminal),
      );
      code = Math.max(code, one);
      if (one >= 128) break;
    }
    return code;
  };
  if (flags.watch !== true) return await look();
  return await guarded(
    names.join(' '),
    flags,
    terminal,
    async () => {
      for (;;) {
        if (terminal.stdout.isTTY === true && flags.json !== true) terminal.stdout.write('\u001B[H\u001B[2J');
        const code = await look();
        if (code >= 128) return code;
        await pause(every);
      }
    },
    'Nothing was changed.',
  );
}

function intervalOf(text: string): number {
  try {
    return Math.max(200, milliseconds(text));
  } catch (cause) {
    throw new UsageError(`--interval: ${cause instanceof Error ? cause.message : 'no duration'}`, { cause });
  }
}

async function statusOf({ name, config, rotator }: OpenPair): Promise<PairStatus> {
  const found = await rotator.status();
  const outlook = await rotator.outlook();
  const next = found.published === undefined ? undefined : found.published.at + milliseconds(config.plan.every);
  return {
    ...found,
    ...outlook,
    generation: found.published?.generation ?? 0,
    pair: name,
    ...(found.published !== undefined && { ageMs: found.now - found.published.at }),
    ...(next !== undefined && { nextRotationAt: next }),
    overdueMs: next === undefined ? 0 : Math.max(0, found.now - next),
  };
}

function show(found: PairStatus, flags: Flags, terminal: Terminal): number {
  if (flags.json === true) writeJson(terminal, found);
  else terminal.stdout.write(`${describeStatus(found)}\n`);
  const halfDone = found.unfinished !== undefined && found.unfinished !== 'retire';
  return found.overdueMs > 0 || halfDone || found.blocked?.outcome === 'refused' ? 1 : 0;
}

function describeStatus(found: PairStatus): string {
  const { pair, published, superseded, now } = found;
  const title =
    published === undefined
      ? `${pair}: nothing is published yet. Run "keyturn rotate ${pair}".`
      : `${pair}: generation ${published.generation}, published as ${published.user} ${formatDuration(now - published.at)} ago (${shownTime(published.at)})`;
  return [
    title,
    ...line('next rotation', nextOf(found)),
    ...line('superseded', superseded && `${superseded.user}, generation ${superseded.generation}: ${phaseOf(found)}`),
    ...Object.entries(found.sessions).flatMap(([user, holders]) => sessionLines(user, holders, now)),
    ...line('refused logins', refusedOf(found)),
    ...line('half done', found.unfinished && `${found.unfinished}; run "keyturn resume ${pair}"`),
    ...line(
      'next advance',
      found.blocked === undefined ? `would re-key ${found.user}` : `${found.blocked.outcome}: ${found.blocked.because}`,
    ),
    ...(found.blocked?.holders ?? []).map((holder) => `                    ${describeHolder(holder, now)}`),
  ].join('\n');
}

function line(name: string, text: string | undefined): string[] {
  return text === undefined ? [] : [`  ${name.padEnd(16)}  ${text}`];
}

function nextOf({ nextRotationAt, overdueMs, now }: PairStatus): string | undefined {
  if (nextRotationAt === undefined) return undefined;
  if (overdueMs > 0) return `overdue for ${formatDuration(overdueMs)} (${shownTime(nextRotationAt)})`;
  return `in ${formatDuration(nextRotationAt - now)} (${shownTime(nextRotationAt)})`;
}

function phaseOf({ superseded, soakUntil, now }: PairStatus): string {
  if (superseded?.phase !== 'locked') return superseded?.phase ?? '';
  const rest = (soakUntil ?? now) - now;
  return rest > 0 ? `switched off, soaks for ${formatDuration(rest)} more` : 'switched off, the soak is over';
}

/** PostgreSQL shows a refused login in its log only. */
function refusedOf({ superseded, refusedLogins }: PairStatus): string | undefined {
  if (superseded?.lockedAt === undefined) return undefined;
  if (refusedLogins === undefined) return 'not known: the server does not tell';
  return `${refusedLogins.length} since ${superseded.user} was switched off`;
}

function sessionLines(user: string, holders: readonly Holder[], now: number): string[] {
  return [
    ...line('sessions', `${user}: ${holders.length}`),
    ...holders.map((holder) => `                    ${describeHolder(holder, now)}`),
  ];
}
