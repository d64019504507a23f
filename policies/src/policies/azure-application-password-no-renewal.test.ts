import { describe, expect, it } from 'vitest';
import { modelOfYaml, samplesOf } from '../page-samples.js';
import { modelOf, resource, unknown, says } from '../testing.js';
import { azureApplicationPasswordNoRenewal } from './azure-application-password-no-renewal.js';

const samples = samplesOf('azure-application-password-no-renewal').filter(({ language }) => language === 'yaml');
const incorrect = samples.filter(({ heading }) => heading === 'Incorrect').map(({ code }) => modelOfYaml(code));
const correct = samples.filter(({ heading }) => heading === 'Correct').map(({ code }) => modelOfYaml(code));

describe('azure-application-password-no-renewal', () => {
  it('says what is wrong with the samples of its page', () => {
    expect(incorrect.map((model) => says(azureApplicationPasswordNoRenewal, model))).toEqual([
      ['fail: The password it is never renewed.'],
      ['fail: The password deploy is never renewed.'],
    ]);
  });

  it('says nothing about what is right', () => {
    expect(correct.map((model) => says(azureApplicationPasswordNoRenewal, model))).toEqual([[], []]);
  });

  it('does not decide when the trigger is not known', () => {
    const password = resource('azuread:index/applicationPassword:ApplicationPassword', 'ci', { endDate: unknown });
    expect(says(azureApplicationPasswordNoRenewal, modelOf(password))).toEqual([
      'undecided: ci: when it is renewed is not known before the deployment',
    ]);
  });
});
