import type { Report } from './messages.cjs';

import fs from 'node:fs';

const write = fs.writeSync.bind(fs);
const said = new Set<string>();

/** Says it once. Written synchronously, so that nothing is lost when the process ends. */
export function report(message: Report): void {
  const line = `${JSON.stringify(message)}\n`;
  if (said.has(line)) return;
  said.add(line);
  let rest = Buffer.from(line);
  for (let tries = 0; rest.length > 0 && tries < 10_000; tries += 1) {
    try {
      rest = rest.subarray(write(3, rest));
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) return;
    }
  }
}
