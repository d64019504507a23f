import type { KillPoint } from './point.js';

/** Stands between a rotator and a server, counts what changes the server, and stops the world at one of these effects. */
export interface Tap {
  readonly port: number;
  /** Effects that went by since the last `arm`. */
  effects(): number;
  /** At the given effect (0 for none), at the given point, `kill` is called and that connection goes silent. */
  arm(effect: number, point: KillPoint, kill: () => void): void;
  stop(): Promise<void>;
}
