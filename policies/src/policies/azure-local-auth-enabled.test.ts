import { describe, expect, it } from 'vitest';
import { modelOfYaml, samplesOf } from '../page-samples.js';
import { hidden, says } from '../testing.js';
import { azureLocalAuthEnabled } from './azure-local-auth-enabled.js';

const samples = samplesOf('azure-local-auth-enabled').filter(({ language }) => language === 'yaml');
const incorrect = samples.filter(({ heading }) => heading === 'Incorrect').map(({ code }) => modelOfYaml(code));
const correct = samples.filter(({ heading }) => heading === 'Correct').map(({ code }) => modelOfYaml(code));

describe('azure-local-auth-enabled', () => {
  it('says what is wrong with the samples of its page', () => {
    expect(incorrect.map((model) => says(azureLocalAuthEnabled, model))).toEqual([
      ['fail: bus takes keys.'],
      ['fail: bus takes keys.'],
      ['fail: store takes keys.'],
    ]);
  });

  it('says nothing about what is right', () => {
    expect(correct.map((model) => says(azureLocalAuthEnabled, model))).toEqual([[], []]);
  });

  it('does not decide when `disableLocalAuth` is not known', () => {
    expect(says(azureLocalAuthEnabled, hidden(incorrect[1], 'bus', ['disableLocalAuth']))).toEqual([
      'undecided: bus: whether it takes keys is not known before the deployment',
    ]);
  });
});
