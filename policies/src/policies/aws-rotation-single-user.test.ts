import { describe, expect, it } from 'vitest';
import { modelOfYaml, samplesOf } from '../page-samples.js';
import { hidden, says } from '../testing.js';
import { awsRotationSingleUser } from './aws-rotation-single-user.js';

const samples = samplesOf('aws-rotation-single-user').filter(({ language }) => language === 'yaml');
const incorrect = samples.filter(({ heading }) => heading === 'Incorrect').map(({ code }) => modelOfYaml(code));
const correct = samples.filter(({ heading }) => heading === 'Correct').map(({ code }) => modelOfYaml(code));

describe('aws-rotation-single-user', () => {
  it('says what is wrong with the samples of its page', () => {
    expect(incorrect.map((model) => says(awsRotationSingleUser, model))).toEqual([
      ['fail: rotate changes the password of the user that applications are using.'],
      ['fail: version changes the password of the user that applications are using.'],
      ['fail: rotation changes the password of the user that applications are using.'],
    ]);
  });

  it('says nothing about what is right', () => {
    expect(correct.map((model) => says(awsRotationSingleUser, model))).toEqual([[], []]);
  });

  it('does not decide when `applicationId` is not known', () => {
    expect(says(awsRotationSingleUser, hidden(incorrect[0], 'rotate', ['applicationId']))).toEqual([
      'undecided: rotate: which application it deploys is not known before the deployment',
    ]);
  });
});
