import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type Speed, measureSpeed } from './lint/speed.js';

const { values } = parseArgs({
  options: { corpus: { type: 'string' }, json: { type: 'boolean', default: false } },
});
const { corpus } = values;
if (corpus === undefined || !existsSync(corpus)) {
  console.error('NOT RUN: lint speed needs --corpus with JavaScript or TypeScript sources.');
  process.exit(2);
}
const speed = await measureSpeed(corpus);
if (speed.filesLinted === 0) throw new Error('The corpus has no source that parses, so nothing was measured.');
if (values.json) console.log(JSON.stringify(speed));
else print(speed);

function print({ filesLinted, parseMs, tools }: Speed): void {
  console.log(`${filesLinted} files linted, parsed in ${(parseMs / filesLinted).toFixed(3)} ms per file`);
  for (const tool of tools) {
    console.log(`\n${tool.name} ${tool.version}: ${tool.msPerFile.toFixed(4)} ms per file`);
    for (const [rule, ms] of Object.entries(tool.rules)) console.log(`  ${rule.padEnd(44)} ${ms.toFixed(4)}`);
  }
}
