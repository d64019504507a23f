import { describe, expect, it } from 'vitest';
import { modelOfYaml, samplesOf } from '../page-samples.js';
import { hidden, says } from '../testing.js';
import { awsSecretPolicyPublic } from './aws-secret-policy-public.js';

const samples = samplesOf('aws-secret-policy-public').filter(({ language }) => language === 'yaml');
const incorrect = samples.filter(({ heading }) => heading === 'Incorrect').map(({ code }) => modelOfYaml(code));
const correct = samples.filter(({ heading }) => heading === 'Correct').map(({ code }) => modelOfYaml(code));

describe('aws-secret-policy-public', () => {
  it('says what is wrong with the samples of its page', () => {
    expect(incorrect.map((model) => says(awsSecretPolicyPublic, model))).toEqual([
      ['fail: The policy of db allows every principal.'],
      ['fail: The policy of policy allows every principal.'],
    ]);
  });

  it('says nothing about what is right', () => {
    expect(correct.map((model) => says(awsSecretPolicyPublic, model))).toEqual([[], []]);
  });

  it('does not decide when `policy` is not known', () => {
    expect(says(awsSecretPolicyPublic, hidden(incorrect[0], 'db', ['policy']))).toEqual([
      'undecided: db: its policy is not known before the deployment',
    ]);
  });
});
