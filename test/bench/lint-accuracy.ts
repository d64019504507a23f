import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type Accuracy, type Score, measure, readLabels } from './lint/accuracy.js';
import { flagsOf } from './flags.js';

const help = `npm run --silent bench:lint-accuracy -- --corpus DIR --labels FILE [options]

Precision and recall of each rule on labelled lines, beside other linters and scanners where they are installed.

  --corpus DIR    one folder per owner/name, at the commits that the labels name
  --labels FILE   one JSON object per line: repo, commit, path, line, rule, label (tp or fp-trap)
  --kept          only the lines that no fix was made from
  --with-tests    labels in tests, too
  --json          one line of JSON: filesLinted, tools`;

const values = flagsOf(help, () =>
  parseArgs({
    options: {
      corpus: { type: 'string' },
      labels: { type: 'string' },
      json: { type: 'boolean', default: false },
      kept: { type: 'boolean', default: false },
      'with-tests': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  }),
);
const { corpus, labels: file } = values;
if (corpus === undefined || file === undefined || !existsSync(corpus) || !existsSync(file)) {
  console.error(
    'NOT RUN: lint accuracy needs --corpus with one folder per owner/name, and --labels with one JSON object per line; --kept measures only the lines that no fix was made from.',
  );
  process.exit(2);
}
const every = await readLabels(file);
const labels = values.kept ? every.filter((each) => each.kept) : every;
const accuracy = await measure(corpus, labels, { skipTests: !values['with-tests'] });
const expected = new Set(labels.map((each) => `${each.repo}/${each.path}`)).size;
if (accuracy.filesLinted + accuracy.missing.length !== expected) {
  throw new Error(
    `${expected} files are labelled, but ${accuracy.filesLinted} were linted and ${accuracy.missing.length} are missing.`,
  );
}
if (accuracy.filesLinted === 0) throw new Error('No labelled file is in the corpus, so nothing was measured.');
if (values.json) console.log(JSON.stringify({ filesLinted: accuracy.filesLinted, tools: accuracy.tools }));
else print(accuracy);

function print({ filesLinted, missing, tools, leaveOneOut }: Accuracy): void {
  console.log(`${filesLinted} files linted, ${missing.length} labelled files missing or unreadable`);
  for (const tool of tools) {
    console.log(`\n${tool.name} ${tool.version}`);
    for (const [rule, each] of Object.entries(tool.rules)) console.log(`  ${rule.padEnd(36)} ${line(each)}`);
  }
  console.log('\nWrong (ours):');
  for (const each of tools[0]?.misses ?? []) console.log(`  ${each.path}:${each.line}`);
  console.log('\nWithout one repository, and that one alone:');
  for (const each of leaveOneOut)
    console.log(`  ${each.rule.padEnd(28)} ${each.repo.padEnd(42)} ${brief(each.kept)}   ${brief(each.alone)}`);
}

function line(score: Score): string {
  return `tp ${score.tp}  fp ${score.fp}  fn ${score.fn}  tn ${score.tn}  ${brief(score)}`;
}

function brief({ precision, recall }: Score): string {
  const text = (value: number | null) => (value === null ? '  –' : value.toFixed(2).replace(/^0/, '')).padStart(4);
  return `precision ${text(precision)} recall ${text(recall)}`;
}
