import { describe, expect, it } from 'vitest';
import { modelOfYaml, samplesOf } from '../page-samples.js';
import { hidden, says } from '../testing.js';
import { gcpKmsKeyNoRotation } from './gcp-kms-key-no-rotation.js';

const samples = samplesOf('gcp-kms-key-no-rotation').filter(({ language }) => language === 'yaml');
const incorrect = samples.filter(({ heading }) => heading === 'Incorrect').map(({ code }) => modelOfYaml(code));
const correct = samples.filter(({ heading }) => heading === 'Correct').map(({ code }) => modelOfYaml(code));

describe('gcp-kms-key-no-rotation', () => {
  it('says what is wrong with the samples of its page', () => {
    expect(incorrect.map((model) => says(gcpKmsKeyNoRotation, model))).toEqual([
      ['fail: The key key is never rotated.'],
      ['fail: The key key is rotated every 91 days, and the limit is 90.'],
    ]);
  });

  it('says nothing about what is right', () => {
    expect(correct.map((model) => says(gcpKmsKeyNoRotation, model))).toEqual([
      [],
      ['not applicable: Cloud KMS rotates only symmetric keys'],
    ]);
  });

  it('does not decide when `rotationPeriod` is not known', () => {
    expect(says(gcpKmsKeyNoRotation, hidden(incorrect[1], 'key', ['rotationPeriod']))).toEqual([
      'undecided: key: how often it is rotated is not known before the deployment',
    ]);
  });
});
