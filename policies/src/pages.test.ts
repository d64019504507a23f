import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { check } from './evaluate.js';
import { modelOfYaml, samplesOf } from './page-samples.js';
import { policies } from './policies/index.js';

describe.each(policies.map((policy) => ({ id: policy.facts.id, policy })))('the page of $id', ({ id, policy }) => {
  const samples = samplesOf(id);

  it('shows what is wrong and what is right, in TypeScript and in YAML', () => {
    const shown = new Set(samples.map(({ heading, language }) => `${heading} ${language}`));
    expect([...shown].sort()).toEqual(['Correct ts', 'Correct yaml', 'Incorrect ts', 'Incorrect yaml']);
  });

  it.each(samples.filter(({ language }) => language === 'yaml').map((sample) => ({ ...sample })))(
    'has a YAML sample under $heading that is',
    ({ heading, code }) => {
      const model = modelOfYaml(code);
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
