import { describe, expect, it } from 'vitest';
import { modelOfYaml, samplesOf } from '../page-samples.js';
import { hidden, says } from '../testing.js';
import { awsSecretVersionPinned } from './aws-secret-version-pinned.js';

const samples = samplesOf('aws-secret-version-pinned').filter(({ language }) => language === 'yaml');
const incorrect = samples.filter(({ heading }) => heading === 'Incorrect').map(({ code }) => modelOfYaml(code));
const correct = samples.filter(({ heading }) => heading === 'Correct').map(({ code }) => modelOfYaml(code));

describe('aws-secret-version-pinned', () => {
  it('says what is wrong with the samples of its page', () => {
    expect(incorrect.map((model) => says(awsSecretVersionPinned, model))).toEqual([
      ['fail: DB of container app of task is one version of a secret that is rotated.'],
      ['fail: DB of container app of task is the stage AWSPREVIOUS of a secret that is rotated.'],
    ]);
  });

  it('says nothing about what is right', () => {
    expect(correct.map((model) => says(awsSecretVersionPinned, model))).toEqual([[], []]);
  });

  it('does not decide when `containerDefinitions` is not known', () => {
    expect(says(awsSecretVersionPinned, hidden(incorrect[0], 'task', ['containerDefinitions']))).toEqual([
      'undecided: task: which versions its containers read is not known before the deployment',
    ]);
  });
});
