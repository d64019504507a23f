/** Bounds the sockets that are open at once, those that are being opened and closed included. */
export class Slots {
  #taken = 0;
  readonly #size: number;
  readonly #waiting: (() => void)[] = [];

  constructor(size: number) {
    this.#size = size;
  }

  get free(): number {
    return this.#size - this.#taken;
  }

  /** Waits for a slot, first come, first served; undefined when the signal ended the wait. The returned function gives it back, once. */
  async take(signal?: AbortSignal): Promise<(() => void) | undefined> {
    if (this.#taken < this.#size) this.#taken += 1;
    else if (!(await this.#handedOver(signal))) return undefined;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      const next = this.#waiting.shift();
      if (next) next();
      else this.#taken -= 1;
    };
  }

  async #handedOver(signal: AbortSignal | undefined): Promise<boolean> {
    if (signal?.aborted === true) return false;
    return await new Promise<boolean>((resolve) => {
      const take = (): void => {
        signal?.removeEventListener('abort', giveUp);
        resolve(true);
      };
      const giveUp = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(take), 1);
        resolve(false);
      };
      this.#waiting.push(take);
      signal?.addEventListener('abort', giveUp, { once: true });
    });
  }
}
