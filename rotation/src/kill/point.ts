/** Where around an effect the process dies: before it is sent, applied with the reply withheld, after the reply. */
export const killPoints = ['before', 'withheld', 'after'] as const;
export type KillPoint = (typeof killPoints)[number];

export const killOn = ['database', 'store', 'file', 'console'] as const;

/** One effect of a run, counted from 1, and where to die. */
export interface Kill {
  /** A statement of the database, a request to the store, a change of a file (of the store, or of a pooler), or a command to a pooler. */
  readonly on: (typeof killOn)[number];
  readonly effect: number;
  readonly point: KillPoint;
}
