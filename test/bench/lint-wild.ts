import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { lintWild } from './lint/wild.js';
import { flagsOf } from './flags.js';

const help = `npm run --silent bench:lint-wild -- --corpus DIR [--json]

Every rule over every JavaScript and TypeScript source below DIR, and every suggestion taken once: none may throw, none may leave a file
that does not parse, and none may bring a finding.

  --corpus DIR   the sources; those in node_modules, dist, build and coverage are left out
  --json         one line of JSON: filesLinted, unparsed, findings, suggestions, crashes, broken, worse, slowest

Exit codes: 0 all held, 1 something did not, 2 wrong usage, 3 nothing could be linted.`;

const values = flagsOf(help, () =>
  parseArgs({
    options: {
      corpus: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  }),
);
if (values.corpus === undefined || !existsSync(values.corpus)) {
  console.error(`error: there is no folder ${values.corpus ?? ''} to lint. Name one with --corpus.`.replace('  ', ' '));
  process.exit(2);
}
const wild = await lintWild(values.corpus, (text) => console.error(text));
const { crashes, broken, worse, slowest } = wild;
if (values.json) console.log(JSON.stringify(wild));
else {
  console.log(
    `${wild.filesLinted} files linted, ${wild.unparsed} not parsed; ${wild.findings} findings; ${wild.suggestions} suggestions taken`,
  );
  console.log(`slowest: ${slowest.ms.toFixed(1)} ms for ${slowest.kb} kB, ${slowest.path}`);
  for (const [what, troubles] of Object.entries({ threw: crashes, 'does not parse': broken, 'new finding': worse }))
    for (const { path, line, rule, message } of troubles) console.log(`${what}: ${path}:${line} ${rule}: ${message}`);
}
process.exitCode = wild.filesLinted === 0 ? 3 : crashes.length + broken.length + worse.length > 0 ? 1 : 0;
