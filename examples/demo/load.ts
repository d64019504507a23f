import type { Load } from '@keyturn/rehearsal';

import type { Options } from './options.js';
import { operations } from './shop-database.js';

/** Longer than the 10 s after which `pg` closes an idle connection, so that pools shrink between bursts and grow in them. */
const burstEverySeconds = 12;
const queriesOfAVolleyPerInstance = 9;

/** The load of both phases: a steady stream, and bursts in which many queries arrive at the same moment. */
export function loadOf(options: Options): Load {
  return {
    rate: options.rate,
    burst: {
      atSecond: options.seconds / 2 + Math.min(1, options.seconds / 6),
      everySeconds: burstEverySeconds,
      lastsSeconds: 1,
      volleysPerSecond: 6,
      volley: queriesOfAVolleyPerInstance * options.instances,
    },
    operations,
    seed: 0.42,
  };
}
