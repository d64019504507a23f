import { describe, expect, it } from 'vitest';
import { modelOfYaml, samplesOf } from '../page-samples.js';
import { hidden, says } from '../testing.js';
import { awsSecretNoCmk } from './aws-secret-no-cmk.js';

const samples = samplesOf('aws-secret-no-cmk').filter(({ language }) => language === 'yaml');
const incorrect = samples.filter(({ heading }) => heading === 'Incorrect').map(({ code }) => modelOfYaml(code));
const correct = samples.filter(({ heading }) => heading === 'Correct').map(({ code }) => modelOfYaml(code));

describe('aws-secret-no-cmk', () => {
  it('says what is wrong with the samples of its page', () => {
    expect(incorrect.map((model) => says(awsSecretNoCmk, model))).toEqual([
      ['fail: The secret db is encrypted with the key of AWS.'],
      ['fail: The secret db is encrypted with the key of AWS.'],
    ]);
  });

  it('says nothing about what is right', () => {
    expect(correct.map((model) => says(awsSecretNoCmk, model))).toEqual([[], []]);
  });

  it('does not decide when `kmsKeyId` is not known', () => {
    expect(says(awsSecretNoCmk, hidden(incorrect[1], 'db', ['kmsKeyId']))).toEqual([
      'undecided: db: its key is not known before the deployment',
    ]);
  });
});
