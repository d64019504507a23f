/** Where around an effect the process dies: before it is sent, applied with the reply withheld, after the reply. */
export const killPoints = ['before', 'withheld', 'after'] as const;
export type KillPoint = (typeof killPoints)[number];

/** One effect of a run, counted from 1, and where to die. */
export interface Kill {
  /** A statement of the database, a request to the store, or a change of its file. */
  readonly on: 'database' | 'store';
  readonly effect: number;
  readonly point: KillPoint;
}
