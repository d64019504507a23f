import { createHash } from 'node:crypto';

/** What was decided: the user that is re-keyed, and the version of the store that holds its candidate. Never a password. */
export interface Intent {
  /** The same for every retry, so that the store hands out the same candidate. */
  readonly token: string;
  readonly generation: number;
  readonly user: string;
  /** Version of the store that holds the candidate. */
  readonly version: string;
  /** Version that was published when this was decided. */
  readonly replaces?: string;
  /** Counts the candidates of this generation; above 1 when the database refused one. */
  readonly attempt: number;
}

/** True for an intent that publishes the password that its user has already: it takes nothing from anybody. */
export function isRollback(intent: Intent, pairId: string): boolean {
  return intent.token === tokenOf(pairId, intent.generation, 'rollback');
}

/**
 * The token of a candidate, in the form of a UUID. It follows from the pair, the generation and the attempt alone: a retry that remembers
 * nothing, and a second rotator at the same time, arrive at the same token and with it at the same candidate.
 */
export function tokenOf(pairId: string, generation: number, attempt: number | 'rollback'): string {
  const hex = createHash('sha256').update(`keyturn\0${pairId}\0${generation}\0${attempt}`).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  );
}
