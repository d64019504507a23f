import type { Plan } from '@keyturn/plan';

import type { Endpoint } from '../databases/postgres/endpoint.js';
import type { Pair } from '../pair.js';
import type { Kill } from './point.js';
import type { StoreOfJob } from './stores.js';

/** What the child process is asked to do; it arrives on standard input, because arguments are seen by everybody. */
export interface Job {
  readonly run: 'bootstrap' | 'advance' | 'retire' | 'resume';
  readonly endpoints: readonly Endpoint[];
  readonly admin: { readonly user: string; readonly password: string };
  readonly pair: Pair;
  readonly plan: Plan;
  readonly store: StoreOfJob;
  /** Pretends that the server refused a login since the user was switched off. */
  readonly refused?: boolean;
  readonly kill?: Kill;
}

/** What the child process says when it was not killed. */
export interface JobReport {
  readonly outcome: string;
  readonly because?: string;
  readonly renames: number;
}
