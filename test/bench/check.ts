import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';

import { sideBySide } from './check/checkov.js';
import { packStart } from './check/pack-start.js';
import { besideEngine } from './check/preview.js';
import { measurePolicies, median } from './check/policies.js';
import { measurePrograms, ownCorpus, type ProgramTimes } from './check/programs.js';
import { flagsOf } from './flags.js';

const help = `npm run --silent bench:check -- [options]

How long the policies take over 2,000 resources, how long the pack takes to start, and how long, and how far, the recorder
runs each TypeScript program of a corpus. Without --corpus that is the small one in test/corpus.

  --corpus DIR   run every TypeScript program below DIR, with the packages that it names
  --no-install   leave the packages of the programs as they are
  --json         print one JSON object, and the progress to the standard error`;

const values = flagsOf(help, () =>
  parseArgs({
    options: {
      corpus: { type: 'string' },
      install: { type: 'boolean', default: true },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
    allowNegative: true,
  }),
);
const corpus = values.corpus ?? ownCorpus;
if (!existsSync(corpus)) {
  console.error(`error: there is no folder ${corpus}. Name a checkout with --corpus.`);
  process.exit(2);
}
if (values.corpus === undefined)
  console.error('NOT RUN: programs of others, because no --corpus was given; the small corpus is run.');

const rules = measurePolicies([2_000, 20_000]);
const packs = await packStart();
const programs = await measurePrograms(corpus, {
  // Our own have the packages of this repository.
  install: values.install && values.corpus !== undefined,
  say: (text) => console.error(text),
});
if (programs.length === 0) {
  console.error(`error: there is no TypeScript program of Pulumi below ${corpus}.`);
  process.exit(2);
}
const checkov = sideBySide();
const engine = await besideEngine();
if (values.json) console.log(JSON.stringify({ ...rules, ...packs, checkov, engine, programs }));
else print();

function print(): void {
  const sum = (of: (program: ProgramTimes) => number) => programs.reduce((all, each) => all + of(each), 0);
  const complete = programs.filter(({ ended }) => ended === 'complete');
  console.log(`${rules.resources} resources × ${rules.rules} rules: ${rules.ms} ms`);
  for (const { resources, ms } of rules.growth) console.log(`  ${resources} resources: ${ms} ms`);
  console.log(`pack start: ${packs.packStartMs} ms; a pack with one trivial policy: ${packs.onePolicyPackStartMs} ms`);
  const beside = typeof checkov === 'string' ? checkov : `${checkov.ms} ms for ${checkov.resources} resources`;
  console.log(`Checkov, start-up included: ${beside}`);
  const shown =
    typeof engine === 'string'
      ? engine
      : `${engine.previewWithPackMs} ms with our pack, ${engine.previewMs} ms without; keyturn check ${engine.checkMs} ms; ` +
        `${engine.resources} resources, ${engine.findings.pack} and ${engine.findings.check} findings`;
  console.log(`pulumi preview: ${shown}`);
  console.log(
    `${complete.length} of ${programs.length} programs ran to the end, ` +
      `${complete.filter(({ reason }) => reason !== null).length} of them with stand-ins for what they lack; ` +
      `${sum(({ withLine }) => withLine)} of ${sum(({ resources }) => resources)} custom resources have a line; ` +
      `median ${median(complete.map(({ ms }) => ms))} ms`,
  );
  for (const { path, ended, reason } of programs) if (reason !== null) console.log(`  ${path}: ${ended}: ${reason}`);
}
