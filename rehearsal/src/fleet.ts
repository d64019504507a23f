import { setTimeout as sleep } from 'node:timers/promises';

import { freePort } from '@keyturn/services';

import type { InstanceEvidence } from './evidence.js';
import { type AnyApp, Instance } from './instance.js';
import type { DifferingSetting, ObserveOptions } from './observation.js';

/** An instance that takes requests, and how many it is answering now. */
export interface Serving {
  readonly instance: Instance;
  inFlight: number;
}

/** The instances of an application behind a load balancer that knows which of them serve. */
export class Fleet {
  readonly #app: AnyApp;
  readonly #observe: ObserveOptions;
  readonly #slots: (Serving | undefined)[] = [];
  readonly #all: Instance[] = [];
  #turn = 0;

  constructor(app: AnyApp, observe: ObserveOptions) {
    this.#app = app;
    this.#observe = observe;
  }

  get evidence(): readonly InstanceEvidence[] {
    return this.#all.map((instance) => instance.evidence);
  }

  /** Pool settings of the instances that differ from the driver's defaults. */
  get settings(): Readonly<Record<string, DifferingSetting>> {
    return Object.assign({}, ...this.#all.map((instance) => instance.settings)) as Record<string, DifferingSetting>;
  }

  async start(count: number, signal?: AbortSignal): Promise<void> {
    await Promise.all(Array.from({ length: count }, (_, slot) => this.#startIn(slot, signal)));
  }

  /** The next one in turn; `undefined` when nothing serves. */
  next(): Serving | undefined {
    const serving = this.#slots.filter((slot) => slot !== undefined);
    return serving[this.#turn++ % serving.length];
  }

  /**
   * Replaces one instance after the other, as a deployment does: out of the load balancer, answer what is in flight, SIGTERM, start,
   * wait until ready, back in.
   *
   * @param everyMs time between the starts of two replacements, at least
   */
  async restart(everyMs: number, signal?: AbortSignal, onReplaced?: (instance: Instance) => void): Promise<void> {
    for (const [slot, serving] of this.#slots.entries()) {
      const pace = sleep(everyMs, undefined, { ...(signal ? { signal } : {}) });
      pace.catch(() => undefined);
      this.#slots[slot] = undefined;
      if (serving) await answered(serving);
      await serving?.instance.stop();
      const replaced = await this.#startIn(slot, signal);
      onReplaced?.(replaced);
      if (slot < this.#slots.length - 1) await pace;
    }
  }

  async stop(): Promise<void> {
    this.#slots.fill(undefined);
    await Promise.all(this.#all.map((instance) => instance.stop()));
  }

  async #startIn(slot: number, signal?: AbortSignal): Promise<Instance> {
    const instance = new Instance(
      `instance ${slot + 1}`,
      portOf(this.#app) ?? (await freePort()),
      this.#app,
      this.#observe,
    );
    this.#all.push(instance);
    await instance.ready(signal);
    this.#slots[slot] = { instance, inFlight: 0 };
    return instance;
  }
}

function portOf(app: AnyApp): number | undefined {
  return 'command' in app ? app.port : undefined;
}

const answeredWithinMs = 5_000;

async function answered(serving: Serving): Promise<void> {
  const until = performance.now() + answeredWithinMs;
  while (serving.inFlight > 0 && performance.now() < until) await sleep(5);
}
