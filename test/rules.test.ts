import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { pageOf as urlOf, severities } from '@keyturn/findings';
import { describe, expect, it } from 'vitest';

import { allRules, configurationSchema, indexes, pageOf, pages } from '../scripts/generated-files.js';

const root = path.join(import.meta.dirname, '..');
const rules = await allRules();

describe('rules of both kinds', () => {
  it('have ids that are unique, also among retired ones', () => {
    const ids = rules.flatMap(({ facts }) => [facts.id, ...(facts.deprecatedIds ?? [])]);
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
  });

  it.each(rules.map(({ facts }) => facts))('$id has a page, and facts that read as sentences', (facts) => {
    expect(facts.id).toMatch(/^[a-z][a-z0-9]*(-[a-z0-9]+)+$/);
    expect(facts.summary).toMatch(/^(Require|Disallow|Enforce) .*[^.]$/);
    expect(facts.breaks).toMatch(/^[A-Z`].*\.$/s);
    expect(facts.fix).toMatch(/^[A-Z`].*\.$/s);
    expect(severities).toContain(facts.severity);
    expect(existsSync(path.join(root, pageOf(facts.id))), `${pageOf(facts.id)} is missing`).toBe(true);
    expect(urlOf(facts.id)).toContain(pageOf(facts.id));
  });
});

describe('docs/rules-coverage.md', () => {
  const text = readFileSync(path.join(root, 'docs/rules-coverage.md'), 'utf8');
  const named = new Set([...text.matchAll(/`([a-z0-9]+(?:-[a-z0-9]+){1,})`/g)].map(([, id]) => id ?? ''));
  const policies = rules.filter(({ kind }) => kind === 'policy').map(({ facts }) => facts.id);

  it('names no rule that does not exist', () => {
    expect([...named].filter((id) => !policies.includes(id))).toEqual([]);
  });

  it('names every policy', () => {
    expect(policies.filter((id) => !named.has(id))).toEqual([]);
  });
});

describe('generated files', () => {
  it('are as `npm run generate` would write them', async () => {
    for (const file of [...(await indexes()), ...(await pages()), ...(await configurationSchema())]) {
      expect(readFileSync(path.join(root, file.path), 'utf8'), `${file.path} is stale: run \`npm run generate\``).toBe(
        file.content,
      );
    }
  });
});
