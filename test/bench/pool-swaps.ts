/** What a process holds: after its garbage was collected, when it was started with `--expose-gc`. */
export interface Held {
  readonly heapMegabytes: number;
  readonly handles: number;
}

/** What was held along many swaps. */
export interface SwapsResult {
  readonly swaps: number;
  readonly collected: boolean;
  readonly heapMegabytes: { readonly afterTenth: number; readonly atEnd: number };
  readonly handles: { readonly afterTenth: number; readonly atEnd: number };
}

function held(): Held {
  (globalThis as { gc?: () => void }).gc?.();
  return {
    heapMegabytes: process.memoryUsage().heapUsed / 2 ** 20,
    handles: process.getActiveResourcesInfo().filter((name) => name !== 'Timeout').length,
  };
}

/** Swaps many times, and compares what is held after a tenth of them, when everything is warm, with what is held at the end. */
export async function alongSwaps(swaps: number, swap: () => Promise<void>): Promise<SwapsResult> {
  const tenth = Math.max(1, Math.floor(swaps / 10));
  let warm: Held | undefined;
  for (let count = 1; count <= swaps; count += 1) {
    await swap();
    if (count === tenth) warm = held();
  }
  const end = held();
  const start = warm ?? end;
  return {
    swaps,
    collected: 'gc' in globalThis,
    heapMegabytes: { afterTenth: start.heapMegabytes, atEnd: end.heapMegabytes },
    handles: { afterTenth: start.handles, atEnd: end.handles },
  };
}
