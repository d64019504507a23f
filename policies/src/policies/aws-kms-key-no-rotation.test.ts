import { describe, expect, it } from 'vitest';
import { modelOfYaml, samplesOf } from '../page-samples.js';
import { modelOf, resource, unknown, says } from '../testing.js';
import { awsKmsKeyNoRotation } from './aws-kms-key-no-rotation.js';

const samples = samplesOf('aws-kms-key-no-rotation').filter(({ language }) => language === 'yaml');
const incorrect = samples.filter(({ heading }) => heading === 'Incorrect').map(({ code }) => modelOfYaml(code));
const correct = samples.filter(({ heading }) => heading === 'Correct').map(({ code }) => modelOfYaml(code));

describe('aws-kms-key-no-rotation', () => {
  it('says what is wrong with the samples of its page', () => {
    expect(incorrect.map((model) => says(awsKmsKeyNoRotation, model))).toEqual([
      ['fail: The key key is never rotated.'],
      ['fail: The key key is never rotated.'],
    ]);
  });

  it('says nothing about what is right', () => {
    expect(correct.map((model) => says(awsKmsKeyNoRotation, model))).toEqual([
      [],
      ['not applicable: KMS rotates only symmetric keys of its own'],
    ]);
  });

  it('does not decide when the switch is not known', () => {
    const key = resource('aws:kms/key:Key', 'key', { enableKeyRotation: unknown });
    expect(says(awsKmsKeyNoRotation, modelOf(key))).toEqual([
      'undecided: key: whether it is rotated is not known before the deployment',
    ]);
  });

  it('leaves keys alone that KMS cannot rotate', () => {
    const key = resource('aws:kms/key:Key', 'key', { keyUsage: 'SIGN_VERIFY' });
    expect(says(awsKmsKeyNoRotation, modelOf(key))).toEqual([
      'not applicable: KMS rotates only symmetric keys of its own',
    ]);
  });
});
