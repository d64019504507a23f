import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type Speed, measureSpeed } from './lint/speed.js';
import { measureTypedSpeed } from './lint/typed-speed.js';
import { flagsOf } from './flags.js';

const help = `npm run --silent bench:lint-speed -- --corpus DIR [options]

How long the rules take for each file of a corpus, without parsing, beside the rules of sonarjs and no-secrets on secrets, in one run.

  --corpus DIR   every JavaScript and TypeScript source below DIR
  --typed        with type information instead: what our rules add to the parser alone, and to a team's typed rules of typescript-eslint;
                 the corpus must have its packages and tsconfig.json
  --json         one line of JSON`;

const values = flagsOf(help, () =>
  parseArgs({
    options: {
      corpus: { type: 'string' },
      json: { type: 'boolean', default: false },
      typed: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  }),
);
const { corpus } = values;
if (corpus === undefined || !existsSync(corpus)) {
  console.error('NOT RUN: lint speed needs --corpus with JavaScript or TypeScript sources.');
  process.exit(2);
}
if (values.typed) {
  const typed = await measureTypedSpeed(corpus);
  if (typed.filesLinted === 0)
    throw new Error('No tsconfig.json of the corpus includes a file, so nothing was measured.');
  if (values.json) console.log(JSON.stringify(typed));
  else {
    console.log(`${typed.filesLinted} files linted with type information, ${typed.filesLeftOut} left out`);
    for (const [baseline, { baselineMs, rulesMs, ratio }] of [
      ['parsing', typed.alone],
      ['parsing and the typed rules of typescript-eslint', typed.besideOthers],
    ] as const) {
      const [theirs, ours] = [baselineMs, rulesMs].map((ms) => (ms / typed.filesLinted).toFixed(3));
      console.log(`${baseline}: ${theirs} ms per file; our rules: ${ours}; together ${ratio.toFixed(3)} times as much`);
    }
  }
} else {
  const speed = await measureSpeed(corpus);
  if (speed.filesLinted === 0) throw new Error('The corpus has no source that parses, so nothing was measured.');
  if (values.json) console.log(JSON.stringify(speed));
  else print(speed);
}

function print({ filesLinted, parseMs, tools }: Speed): void {
  console.log(`${filesLinted} files linted, parsed in ${(parseMs / filesLinted).toFixed(3)} ms per file`);
  for (const tool of tools) {
    console.log(`\n${tool.name} ${tool.version}: ${tool.msPerFile.toFixed(4)} ms per file`);
    for (const [rule, ms] of Object.entries(tool.rules)) console.log(`  ${rule.padEnd(44)} ${ms.toFixed(4)}`);
  }
}
