import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { configurationSchema, type GeneratedFile, indexes, pages } from './generated-files.js';
import { reference } from './reference.js';

const root = path.join(import.meta.dirname, '..');
const check = process.argv.includes('--check');

function stale(files: readonly GeneratedFile[]): readonly GeneratedFile[] {
  return files.filter((file) => {
    const absolute = path.join(root, file.path);
    return !existsSync(absolute) || readFileSync(absolute, 'utf8') !== file.content;
  });
}

const changed: string[] = [];
for (const make of [indexes, pages, configurationSchema, reference]) {
  for (const file of stale(await make())) {
    changed.push(file.path);
    if (!check) writeFileSync(path.join(root, file.path), file.content);
  }
}

if (check && changed.length > 0) {
  console.error(`Stale: ${changed.join(', ')}. Run \`npm run generate\` and commit the result.`);
  process.exitCode = 1;
} else {
  console.log(changed.length === 0 ? 'Everything generated is fresh.' : `Wrote ${changed.join(', ')}.`);
}
