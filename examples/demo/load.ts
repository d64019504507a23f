import type { Load } from '@keyturn/rehearsal';

import type { Options } from './options.js';
import { operations } from './shop-database.js';

const burstLastsSeconds = 4;
/** Longer than the 10 s after which `pg` closes an idle connection, so that pools shrink between bursts and grow in them. */
const quietSeconds = 11;
const queriesOfAVolleyPerInstance = 9;

/** When the burst begins that the rotations are timed by: after a whole quiet period, in a phase of the default length. */
export function burstAt({ seconds }: Pick<Options, 'seconds'>): number {
  return seconds * 0.62;
}

/** The load of both phases: a steady stream, and bursts in which many queries arrive at the same moment. */
export function loadOf(options: Options): Load {
  return {
    rate: options.rate,
    burst: {
      atSecond: burstAt(options),
      everySeconds: burstLastsSeconds + quietSeconds,
      lastsSeconds: burstLastsSeconds,
      volleysPerSecond: 4,
      volley: queriesOfAVolleyPerInstance * options.instances,
    },
    operations,
    seed: 0.42,
  };
}
