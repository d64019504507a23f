import type { Step } from '@keyturn/plan';

import type { Holder } from './holder.js';

/** What a rotation is doing, for progress lines, reports and metrics. It holds no secrets. */
export type RotationEvent =
  | {
      readonly type: 'step';
      readonly step: Step;
      readonly phase: 'started' | 'done';
      readonly generation: number;
      readonly at: Date;
    }
  | {
      readonly type: 'retire';
      /** `undone`: the user was needed after all and was switched on again. */
      readonly phase: 'waiting' | 'nologin' | 'soak' | 'retired' | 'undone';
      readonly user: string;
      readonly generation: number;
      readonly at: Date;
      readonly holders?: readonly Holder[];
    };

/** Tells the listener, in order. */
export type Tell = (event: RotationEvent) => void;
