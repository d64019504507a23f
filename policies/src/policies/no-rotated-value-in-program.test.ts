import { describe, expect, it } from 'vitest';
import { modelOfYaml, samplesOf } from '../page-samples.js';
import { hidden, says } from '../testing.js';
import { noRotatedValueInProgram } from './no-rotated-value-in-program.js';

const samples = samplesOf('no-rotated-value-in-program').filter(({ language }) => language === 'yaml');
const incorrect = samples.filter(({ heading }) => heading === 'Incorrect').map(({ code }) => modelOfYaml(code));
const correct = samples.filter(({ heading }) => heading === 'Correct').map(({ code }) => modelOfYaml(code));

describe('no-rotated-value-in-program', () => {
  it('says what is wrong with the samples of its page', () => {
    expect(incorrect.map((model) => says(noRotatedValueInProgram, model))).toEqual([
      ['fail: version writes `secretString` of db, which is rotated.'],
      ['fail: db writes `stringData` of a Secret that ExternalSecret db writes too, every 1h.'],
    ]);
  });

  it('says nothing about what is right', () => {
    expect(correct.map((model) => says(noRotatedValueInProgram, model))).toEqual([[], []]);
  });

  it('does not decide when `secretId` is not known', () => {
    expect(says(noRotatedValueInProgram, hidden(incorrect[0], 'rotation', ['secretId']))).toEqual([
      'undecided: version: whether a rotation writes it too is not known before the deployment',
    ]);
  });
});
