import { text } from 'node:stream/consumers';

import { countRenames } from './file-effects.js';
import type { Job, JobReport } from './job.js';

async function main(): Promise<JobReport> {
  const job = JSON.parse(await text(process.stdin)) as Job;
  const renames = countRenames(job.store.kind === 'env-file' && job.kill?.on === 'store' ? job.kill : undefined);
  const { createRotator, PostgresDatabase } = await import('../index.js');
  const { openStore } = await import('./stores.js');
  const { pair, endpoints, admin } = job;
  const rotator = createRotator({
    pair,
    database: new PostgresDatabase({
      pair,
      endpoints,
      admin,
      sharedRoleKind: 'owner',
      lockWaitMs: 10_000,
      ...(job.refused === true && { refusedLogins: (user: string) => Promise.resolve([{ endpoint: 'writer', user }]) }),
    }),
    store: await openStore(job.store),
    plan: job.plan,
  });
  if (job.run === 'bootstrap') {
    await rotator.bootstrap();
    return { outcome: 'bootstrapped', renames: renames() };
  }
  const result = await rotator[job.run]();
  return { outcome: result.outcome, ...('because' in result && { because: result.because }), renames: renames() };
}

main().then(
  (report) => process.stdout.write(JSON.stringify(report)),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exitCode = 1;
  },
);
