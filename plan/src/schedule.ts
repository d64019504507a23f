import type { Duration } from './duration.js';

/** Days of a week, as cron names them. */
export const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
export type Day = (typeof days)[number];

/** A time of day in which something may be changed. `to` before `from` goes over midnight. */
export interface Window {
  /** Days on which it opens. Default: every day. */
  readonly days?: readonly Day[];
  /** `HH:MM`. */
  readonly from: string;
  /** `HH:MM`, exclusive. */
  readonly to: string;
}

/** Days on which nothing is changed, both included. */
export interface Blackout {
  /** `YYYY-MM-DD`. */
  readonly from: string;
  readonly to: string;
  readonly reason?: string;
}

/** When a pair is rotated. Without `cron`, `every` of the plan after the last publication. */
export interface Schedule {
  /** Five or six fields, as croner reads them. */
  readonly cron?: string;
  /** IANA name, for cron, windows and blackouts. Default: UTC. */
  readonly timezone?: string;
  /** Default: always open. */
  readonly windows?: readonly Window[];
  readonly blackouts?: readonly Blackout[];
  /** Spreads pairs over this time; the same pair and generation always get the same share. Default: 0. */
  readonly jitter?: Duration;
}
