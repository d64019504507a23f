import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { describe, expect, it } from 'vitest';

import { within } from './within.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const untilAborted = async (signal: AbortSignal): Promise<unknown> => {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  return signal.reason;
};

describe('a signal for a limited time', () => {
  it('aborts after its time, although the garbage was collected meanwhile', async () => {
    const ending = new AbortController();
    const ended = within(100, ending.signal, untilAborted);
    await sleep(10);
    collectGarbage();
    await sleep(10);
    collectGarbage();
    const reason = await Promise.race([ended, sleep(3_000, 'never')]);
    expect(reason).toMatchObject({ name: 'TimeoutError' });
  });

  it('aborts with the other signal when that is earlier, also when it had aborted before', async () => {
    const ending = new AbortController();
    const ended = within(60_000, ending.signal, untilAborted);
    ending.abort('the end');
    expect(await ended).toBe('the end');
    expect(await within(60_000, ending.signal, untilAborted)).toBe('the end');
  });

  it('gives what the work gives, throws what it throws, and does not abort afterwards', async () => {
    const ending = new AbortController();
    let kept: AbortSignal | undefined;
    const work = async (signal: AbortSignal): Promise<number> => {
      kept = signal;
      return await Promise.resolve(7);
    };
    expect(await within(20, ending.signal, work)).toBe(7);
    await expect(within(20, undefined, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    await sleep(60);
    ending.abort();
    expect(kept?.aborted).toBe(false);
  });
});
