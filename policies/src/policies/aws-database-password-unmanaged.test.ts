import { describe, expect, it } from 'vitest';
import { modelOfYaml, samplesOf } from '../page-samples.js';
import { hidden, says } from '../testing.js';
import { awsDatabasePasswordUnmanaged } from './aws-database-password-unmanaged.js';

const samples = samplesOf('aws-database-password-unmanaged').filter(({ language }) => language === 'yaml');
const incorrect = samples.filter(({ heading }) => heading === 'Incorrect').map(({ code }) => modelOfYaml(code));
const correct = samples.filter(({ heading }) => heading === 'Correct').map(({ code }) => modelOfYaml(code));

describe('aws-database-password-unmanaged', () => {
  it('says what is wrong with the samples of its page', () => {
    expect(incorrect.map((model) => says(awsDatabasePasswordUnmanaged, model))).toEqual([
      ['fail: The program gives db its master password.'],
      ['fail: The program gives db its master password.'],
    ]);
  });

  it('says nothing about what is right', () => {
    expect(correct.map((model) => says(awsDatabasePasswordUnmanaged, model))).toEqual([[], []]);
  });

  it('does not decide when `manageMasterUserPassword` is not known', () => {
    expect(says(awsDatabasePasswordUnmanaged, hidden(incorrect[0], 'db', ['manageMasterUserPassword']))).toEqual([
      'undecided: db: who looks after its master password is not known before the deployment',
    ]);
  });
});
