import type { CheckProgress } from '../check/check.js';
import type { Output } from './terminal.js';

/** Milliseconds between two lines in a log, and before the first: a short run says nothing. */
const betweenLines = 15_000;

/** How far a check is: one line that changes on a terminal, and a new line now and then in the log of a CI job. */
export function progressLine(
  stderr: Output,
  now: () => number = Date.now,
): { readonly show: (progress: CheckProgress) => void; readonly clear: () => void } {
  if (stderr.isTTY === true) {
    let last = 0;
    return {
      show: ({ phase, done, total }) => {
        if (now() - last < 100 && done < total) return;
        last = now();
        stderr.write(`\r\u001b[K${phase}: ${done} of ${total}`);
      },
      clear: () => stderr.write('\r\u001b[K'),
    };
  }
  let last = now();
  return {
    show: ({ phase, done, total }) => {
      if (now() - last < betweenLines) return;
      last = now();
      stderr.write(`${phase}: ${done} of ${total}\n`);
    },
    clear: () => undefined,
  };
}
