import { writeFile } from 'node:fs/promises';
import path from 'node:path';

import type { Mark } from '@keyturn/rehearsal';

import { incident, scriptBeforeBurstSeconds } from './incident.js';
import { withKeyturn } from './keyturn.js';
import { help, type Options, readOptions, UsageError } from './options.js';
import { asJson, asPage, asText, type Outcome, passed } from './outcome.js';
import { openStage } from './stage.js';

const stopping = new AbortController();
for (const [name, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  // A second signal ends this process at once; what it started notices and ends itself.
  process.once(name, () => {
    process.exitCode = code;
    process.once(name, () => process.exit(code));
    stopping.abort(new Error(`Stopped by ${name}.`));
  });
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options === undefined) process.stdout.write(help);
  else process.exitCode = await main(options, stopping.signal);
} catch (error) {
  if (stopping.signal.aborted) {
    process.stderr.write(`${(stopping.signal.reason as Error).message}\n`);
  } else {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = error instanceof UsageError ? 2 : 1;
  }
}

async function main(options: Options, signal: AbortSignal): Promise<number> {
  const say = (line: string): void => void (options.json ? process.stderr : process.stdout).write(`${line}\n`);
  const outcome = await rehearse(options, signal, say);
  const page = asPage(outcome, options);
  await writeFile(options.report, page.html);
  if (options.plot !== undefined) await writeFile(options.plot, page.svg);
  if (options.json) process.stdout.write(`${JSON.stringify(asJson(outcome))}\n`);
  else say(`\n${asText(outcome)}\n`);
  say(`Report: ${path.resolve(options.report)}`);
  return passed(outcome) ? 0 : 1;
}

async function rehearse(options: Options, signal: AbortSignal, say: (line: string) => void): Promise<Outcome> {
  const onMark = ({ label }: Mark): void => say(`      ${label}`);
  const { instances, rate, pooler } = options;
  const stage = await openStage(instances, pooler);
  try {
    say(
      `1/3  The incident: ${instances} instances, ${rate} queries/s and bursts, the quarterly script ${scriptBeforeBurstSeconds} s before a burst${pooler === undefined ? '' : ', all of it through a PgBouncer'}`,
    );
    const first = await incident(stage, options, signal, onMark);
    say('2/3  The same load with keyturn: three rotations in a row');
    const second = await withKeyturn(stage, options, signal, onMark);
    say('3/3  keyturn check on both programs and both applications');
    // Loaded when it is needed: it brings the linter and the recorder along.
    const { checkBoth } = await import('./checks.js');
    return { incident: first, keyturn: second, checks: await checkBoth(signal) };
  } finally {
    await stage.end();
  }
}
