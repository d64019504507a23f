import { describe, expect, it } from 'vitest';
import { modelOfYaml, samplesOf } from '../page-samples.js';
import { hidden, says } from '../testing.js';
import { awsRotationIncomplete } from './aws-rotation-incomplete.js';

const samples = samplesOf('aws-rotation-incomplete').filter(({ language }) => language === 'yaml');
const incorrect = samples.filter(({ heading }) => heading === 'Incorrect').map(({ code }) => modelOfYaml(code));
const correct = samples.filter(({ heading }) => heading === 'Correct').map(({ code }) => modelOfYaml(code));

describe('aws-rotation-incomplete', () => {
  it('says what is wrong with the samples of its page', () => {
    expect(incorrect.map((model) => says(awsRotationIncomplete, model))).toEqual([
      ['fail: rotation names no function that rotates the secret.'],
      ['fail: rotation has a window of 6 hours, and the next rotation begins after 4.'],
    ]);
  });

  it('says nothing about what is right', () => {
    expect(correct.map((model) => says(awsRotationIncomplete, model))).toEqual([[], []]);
  });

  it('does not decide when `secretId` is not known', () => {
    expect(says(awsRotationIncomplete, hidden(incorrect[0], 'rotation', ['secretId']))).toEqual([
      'undecided: rotation: the secret that it rotates is not known before the deployment',
    ]);
  });
});
