import { describe, expect, it } from 'vitest';
import { modelOfYaml, samplesOf } from '../page-samples.js';
import { hidden, says } from '../testing.js';
import { awsParameterNotSecure } from './aws-parameter-not-secure.js';

const samples = samplesOf('aws-parameter-not-secure').filter(({ language }) => language === 'yaml');
const incorrect = samples.filter(({ heading }) => heading === 'Incorrect').map(({ code }) => modelOfYaml(code));
const correct = samples.filter(({ heading }) => heading === 'Correct').map(({ code }) => modelOfYaml(code));

describe('aws-parameter-not-secure', () => {
  it('says what is wrong with the samples of its page', () => {
    expect(incorrect.map((model) => says(awsParameterNotSecure, model))).toEqual([
      ['fail: The parameter db holds a credential in the clear.'],
      ['fail: The parameter key holds a credential in the clear.'],
    ]);
  });

  it('says nothing about what is right', () => {
    expect(correct.map((model) => says(awsParameterNotSecure, model))).toEqual([[], []]);
  });

  it('does not decide when `name` is not known', () => {
    expect(says(awsParameterNotSecure, hidden(incorrect[0], 'db', ['name']))).toEqual([
      'undecided: db: what it holds is not known before the deployment',
    ]);
  });
});
