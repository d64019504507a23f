import { readFileSync } from 'node:fs';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { check } from './evaluate.js';
import { evaluated, modelOfSample, samplesOf } from './page-samples.js';
import { policies } from './policies/index.js';

describe.each(policies.map((policy) => ({ id: policy.facts.id, policy })))('the page of $id', ({ id, policy }) => {
  const samples = samplesOf(id);

  const files = policy.types.every((type) => /^(file|docker|shell):/.test(type));

  it(`shows what is wrong and what is right, in YAML and in ${files ? 'files' : 'TypeScript'}`, () => {
    const shown = new Set(samples.map(({ heading, language }) => `${heading} ${language}`));
    expect(shown).toContain('Incorrect yaml');
    expect(shown).toContain('Correct yaml');
    const others = files ? ['dotenv', 'sh'] : ['ts'];
    expect(others.some((language) => shown.has(`Incorrect ${language}`))).toBe(true);
    expect(others.some((language) => shown.has(`Correct ${language}`))).toBe(true);
  });

  it('has two samples of each kind that are evaluated', () => {
    for (const wanted of ['Incorrect', 'Correct']) {
      const count = samples.filter(({ heading, language }) => heading === wanted && evaluated.has(language)).length;
      expect(count, wanted).toBeGreaterThanOrEqual(2);
    }
  });

  it('says what it cannot know, and where it is wrong', () => {
    const page = readFileSync(new URL(`../../docs/rules/${id}.md`, import.meta.url), 'utf8');
    expect(page).toMatch(/\n## What it cannot know\n\n\S/);
    expect(page).toMatch(/\n## Known false positives\n\n\S/);
  });

  it.each(samples.filter(({ language }) => evaluated.has(language)).map((sample) => ({ ...sample })))(
    'has a $language sample under $heading that is',
    ({ heading, language, code }) => {
      const model = modelOfSample({ language, code });
      expect(model.notAnalysed).toEqual([]);
      const results = [...check(policy, model)].map(({ result }) => result.is);
      if (heading === 'Incorrect') expect(results).toContain('fail');
      else expect(results.filter((is) => is === 'fail' || is === 'undecided')).toEqual([]);
      expect(results.length > 0 || heading === 'Correct').toBe(true);
    },
  );

  it.each(samples.filter(({ language }) => language === 'ts').map((sample) => ({ ...sample })))(
    'has a TypeScript sample under $heading that can be parsed',
    ({ code }) => {
      const { diagnostics } = ts.transpileModule(code, { reportDiagnostics: true });
      expect(diagnostics).toEqual([]);
    },
  );
});
