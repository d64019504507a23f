import type { DualUsers } from '@keyturn/plan';

/** Two users that take turns, under the name that journal, events and messages call them by. */
export interface Pair extends DualUsers {
  readonly name: string;
}
