import { text } from 'node:stream/consumers';

import type { Job } from './driver.js';
import { countFileChanges, type FileChanges } from './file-effects.js';

/** What the child process says when it was not killed. */
export interface ChildReport {
  readonly fileChanges: FileChanges;
}

/** One run of a driver, in a process that is killed. What to do arrives on standard input, because arguments are seen by everybody. */
async function main(): Promise<ChildReport> {
  const { driver: module, job } = JSON.parse(await text(process.stdin)) as { driver: string; job: Job };
  const { store, kill } = job;
  const file = store.kind === 'env-file' ? store.path : undefined;
  const changes = countFileChanges(file, kill?.on === 'file' ? kill : undefined);
  const { loadDriver } = await import('./driver.js');
  await (await loadDriver(module)).run(job);
  return { fileChanges: changes() };
}

main().then(
  (report) => process.stdout.write(JSON.stringify(report), () => process.exit(0)),
  (error: unknown) => {
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.stderr.write(`${what}\n`, () => process.exit(1));
  },
);
