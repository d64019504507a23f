/**
 * Runs work whose signal aborts after `millis`, or with another signal when that is earlier. `AbortSignal.any` will not do: the
 * garbage collector takes an `AbortSignal.timeout` that only it refers to, and then it never aborts
 * (https://github.com/nodejs/node/issues/57736).
 */
export async function within<T>(
  millis: number,
  earlier: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const abort = (): void => controller.abort(earlier?.reason);
  const timer = setTimeout(() => {
    controller.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError'));
  }, millis).unref();
  if (earlier?.aborted === true) abort();
  else earlier?.addEventListener('abort', abort, { once: true });
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
    earlier?.removeEventListener('abort', abort);
  }
}
