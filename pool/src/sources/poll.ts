/** Calls back every so often, jittered by a tenth so that processes started together drift apart. Does not keep the process alive. */
export function poll(everyMillis: number, onTick: () => void): () => void {
  let timer = schedule();
  function schedule(): NodeJS.Timeout {
    return setTimeout(
      () => {
        timer = schedule();
        onTick();
      },
      everyMillis * (0.9 + Math.random() / 5),
    ).unref();
  }
  return () => clearTimeout(timer);
}
