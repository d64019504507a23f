import { type Duration, milliseconds } from '@keyturn/plan';

import type { MayPublish, Tested } from '../work.js';

/** The traffic of two fleets, each of which logs in as one user of the pair. */
export interface Traffic {
  /** Such as `HTTPRoute shop/web`. */
  readonly name: string;
  /** Gives the fleet of a user this share in percent, and the rest to the other. `aborted` names a version that was bad, to be remembered where the weights stand. */
  give(user: string, percent: number, aborted?: string): Promise<void>;
  /** The version that was bad when it was last tried, and what a person does so that it is tried again. Default: nobody remembers, and each run tries anew. */
  aborted?(): Promise<{ readonly version: string; readonly again: string } | undefined>;
}

/** Why something is not good, in a sentence; `undefined` when it is. An error means that nobody could look. */
export type Look = (tested: Tested) => Promise<string | undefined>;

export interface GradualOptions {
  readonly traffic: Traffic;
  /** Whether the fleet of the tested user runs with the candidate: before the first step the rotation waits for it, after that it has to stay so. */
  readonly fleet: Look;
  /** Whether the fleet of the other user is there: it keeps the rest of the traffic and gets everything back. Before the first step the rotation waits for it. */
  readonly other: Look;
  /** Whether the fleet of the tested user does well, such as refused logins and the share of errors. */
  readonly check: Look;
  /** Shares in percent, growing up to 100. Default: 10, 50, 100. */
  readonly steps?: readonly number[];
  /** How long each step is looked at. Default: 5m. */
  readonly each?: Duration;
  /** Time between two looks. Default: 20s. */
  readonly every?: Duration;
  /** Hears of each step. */
  readonly onStep?: (percent: number, tested: Tested) => void;
  /** Default: a timer. */
  readonly sleep?: (millis: number) => Promise<void>;
}

/** The steps do not lead to all of the traffic. */
export class GradualError extends Error {
  override readonly name = 'GradualError';
}

/** Looks without an answer that are taken in a row. Who cannot look does not go on. */
const mostBlindLooks = 2;

/**
 * A `mayPublish` that tries a tested candidate with a growing share of the traffic: one fleet logs in as user A, the other as user B, each with its version
 * pinned. A bad look gives the other fleet everything back, and nothing is published. A run after this process was killed begins at the first step again; what
 * was bad is not tried again where the traffic remembers it. The first credential of a pair has no other fleet beside it, so it gets everything at once. It takes as long as its steps do, so it needs a host that may: a process or a job, and not a function of four steps.
 *
 * @throws GradualError when the steps are not growing shares up to 100.
 */
export function gradually(options: GradualOptions): MayPublish {
  const { steps = [10, 50, 100], each = '5m', every = '20s', sleep = timer } = options;
  const grows = steps.every((share, index) => share > (steps[index - 1] ?? 0));
  if (!grows || steps.at(-1) !== 100)
    throw new GradualError(`\`steps\` have to grow up to 100, got ${steps.join(', ')}. Write for example 10, 50, 100.`);
  const pause = milliseconds(every);
  const looks = Math.max(1, Math.ceil(milliseconds(each) / pause));

  return async (tested) => {
    const { traffic, fleet } = options;
    const aborted = await traffic.aborted?.();
    if (aborted !== undefined && aborted.version === tested.version)
      return `Version ${tested.version} of ${tested.user} was tried with part of the traffic of ${traffic.name} and was bad. Mend its fleet, then ${aborted.again}.`;
    const missing = await fleet(tested);
    if (missing !== undefined) return missing;
    if (tested.generation === 1) {
      await traffic.give(tested.user, 100);
      return undefined;
    }
    const alone = await options.other(tested);
    if (alone !== undefined) return alone;
    for (const percent of steps) {
      await traffic.give(tested.user, percent);
      options.onStep?.(percent, tested);
      const bad = await hold(options, tested, looks, () => sleep(pause));
      if (bad === undefined) continue;
      await traffic.give(tested.user, 0, tested.version);
      return `With ${percent} % of the traffic of ${traffic.name}, the fleet of ${tested.user} was bad: ${bad}. The other fleet has all of it again.`;
    }
    return undefined;
  };
}

async function hold(
  { fleet, check }: GradualOptions,
  tested: Tested,
  looks: number,
  sleep: () => Promise<void>,
): Promise<string | undefined> {
  let blind = 0;
  for (let look = 0; look < looks; look += 1) {
    await sleep();
    try {
      const bad = (await fleet(tested)) ?? (await check(tested));
      if (bad !== undefined) return bad;
      blind = 0;
    } catch (error) {
      blind += 1;
      if (blind >= mostBlindLooks || look === looks - 1)
        return `nobody could look (${error instanceof Error ? error.message : 'no answer'})`;
    }
  }
  return undefined;
}

/** Looks one after the other, up to the first that is not good. */
export function inTurn(...looks: readonly Look[]): Look {
  return async (tested) => {
    for (const look of looks) {
      const bad = await look(tested);
      if (bad !== undefined) return bad;
    }
    return undefined;
  };
}

const timer = async (millis: number): Promise<void> => await new Promise((resolve) => setTimeout(resolve, millis));
