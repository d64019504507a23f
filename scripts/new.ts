import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { ruleIds } from './generated-files.js';
import { lintRuleFiles, policyFiles } from './templates.js';

const usage = 'Usage: npm run new -- policy|rule <id>     for example: npm run new -- policy require-secret-owner';
const kinds = { policy: policyFiles, rule: lintRuleFiles };
const root = path.join(import.meta.dirname, '..');

function problem(kind: string | undefined, id: string | undefined): string | undefined {
  if (kind === undefined || !Object.hasOwn(kinds, kind)) return `"${kind ?? ''}" is neither policy nor rule.\n${usage}`;
  if (id === undefined || !/^[a-z][a-z0-9]*(-[a-z0-9]+)+$/.test(id))
    return `"${id ?? ''}" is not a kebab-case id.\n${usage}`;
  const taken = [...ruleIds('policies/src/policies'), ...ruleIds('lint-rules/src/rules')].includes(id);
  return taken ? `There is a rule ${id} already. Ids are unique across policies and lint rules.` : undefined;
}

const [kind, id] = process.argv.slice(2);
const wrong = problem(kind, id);
if (wrong !== undefined || kind === undefined || id === undefined) {
  console.error(wrong);
  process.exitCode = 2;
} else {
  const files = kinds[kind as keyof typeof kinds](id);
  for (const [file, content] of Object.entries(files)) {
    const absolute = path.join(root, file);
    if (!existsSync(absolute)) writeFileSync(absolute, content);
    console.log(file);
  }
  console.log('Change the three files, then run `npm run generate`.');
}
