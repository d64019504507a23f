import { formatDuration } from '@keyturn/plan';
import type { CompromisedResult, Holder, ResumeResult } from '@keyturn/rotation';

type Result = ResumeResult | CompromisedResult;

/** 0 when something was done or there was nothing to do, 1 when it is blocked. */
export function exitCodeOf(result: Result): number {
  if (result.outcome === 'waiting' || result.outcome === 'refused') return 1;
  return result.outcome === 'replaced' && result.remaining.length > 0 ? 1 : 0;
}

/** What came of a run, in a few lines. */
export function describeResult(pair: string, result: Result, now = Date.now()): string {
  switch (result.outcome) {
    case 'advanced': {
      const before =
        result.superseded === undefined ? '' : `, and ${result.superseded} stays usable until "keyturn retire ${pair}"`;
      const window =
        result.windowMs === undefined ? '' : ` Logins were refused for ${formatDuration(result.windowMs)} at most.`;
      return `${pair}: generation ${result.generation} is published as ${result.published}${before}.${window}`;
    }
    case 'retired':
      return `${pair}: ${result.user} is retired; its password is gone.`;
    case 'nothing':
      return `${pair}: there was nothing to do.`;
    case 'replaced':
      return [
        `${pair}: generation ${result.generation} is published as ${result.published}. ${result.locked} is switched off, and its password is gone.`,
        ...list('ended', result.ended, now),
        ...list('not ended', result.remaining, now),
        ...(result.because === undefined ? [] : [`  because ${result.because}`]),
        ...list('stranded: its sessions stay and its next login is refused', result.stranded, now),
      ].join('\n');
    case 'waiting':
    case 'refused':
      return [
        `${pair}: ${result.outcome}. ${result.because}`,
        ...list('held by', result.holders, now),
        ...(result.until === undefined ? [] : [`  not before ${shownTime(result.until.getTime())}`]),
      ].join('\n');
  }
}

function list(what: string, holders: readonly Holder[], now: number): string[] {
  return holders.map((holder) => `  ${what}: ${describeHolder(holder, now)}`);
}

/** `orders_a on writer: worker from 10.0.0.7 since 2026-11-26 10:00:00 UTC (2h)`. */
export function describeHolder({ user, endpoint, application, clientAddress, since }: Holder, now: number): string {
  const who = application ?? 'a session';
  const from = clientAddress === undefined ? '' : ` from ${clientAddress}`;
  const age =
    since === undefined
      ? ''
      : ` since ${shownTime(since.getTime())} (${formatDuration(Math.max(0, now - since.getTime()))})`;
  return `${user} on ${endpoint}: ${who}${from}${age}`;
}

/** `2026-11-26 10:00:00 UTC`. */
export function shownTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** Lines of a table: columns of equal width, two spaces between them. */
export function table(rows: readonly (readonly string[])[], indent = '  '): string[] {
  const widths = rows.reduce<number[]>(
    (found, row) => row.map((cell, index) => Math.max(cell.length, found[index] ?? 0)),
    [],
  );
  return rows.map((row) =>
    `${indent}${row.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join('  ')}`.trimEnd(),
  );
}
