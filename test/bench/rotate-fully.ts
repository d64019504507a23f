import { setTimeout as pause } from 'node:timers/promises';

import type { Rotator } from '@keyturn/rotation';

/** A rotation could not go on. */
export class StuckError extends Error {
  override readonly name = 'StuckError';
}

const patienceMs = 60_000;

/**
 * One rotation up to its end: the next user is published, and the one before is retired. Waiting for old sessions to end is a part of it.
 *
 * @throws StuckError when a step is refused, or waits for more than a minute.
 */
export async function rotateFully(rotator: Pick<Rotator, 'advance' | 'retire'>): Promise<void> {
  await until('advanced', () => rotator.advance());
  await until('retired', () => rotator.retire());
}

async function until(
  wanted: 'advanced' | 'retired',
  attempt: () => Promise<{ readonly outcome: string; readonly because?: string }>,
): Promise<void> {
  const started = Date.now();
  for (;;) {
    const { outcome, because } = await attempt();
    if (outcome === wanted) return;
    if (outcome !== 'waiting' || Date.now() - started > patienceMs) {
      throw new StuckError(`A rotation should have ${wanted} and is ${outcome}: ${because ?? 'no reason given'}`);
    }
    await pause(5);
  }
}
