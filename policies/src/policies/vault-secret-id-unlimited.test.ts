import { describe, expect, it } from 'vitest';
import { modelOfYaml, samplesOf } from '../page-samples.js';
import { hidden, says } from '../testing.js';
import { vaultSecretIdUnlimited } from './vault-secret-id-unlimited.js';

const samples = samplesOf('vault-secret-id-unlimited').filter(({ language }) => language === 'yaml');
const incorrect = samples.filter(({ heading }) => heading === 'Incorrect').map(({ code }) => modelOfYaml(code));
const correct = samples.filter(({ heading }) => heading === 'Correct').map(({ code }) => modelOfYaml(code));

describe('vault-secret-id-unlimited', () => {
  it('says what is wrong with the samples of its page', () => {
    expect(incorrect.map((model) => says(vaultSecretIdUnlimited, model))).toEqual([
      ['fail: Secret ids of app never expire and can be used for ever.'],
      ['fail: Secret ids of app never expire and can be used for ever.'],
    ]);
  });

  it('says nothing about what is right', () => {
    expect(correct.map((model) => says(vaultSecretIdUnlimited, model))).toEqual([[], []]);
  });

  it('does not decide when `secretIdTtl` is not known', () => {
    expect(says(vaultSecretIdUnlimited, hidden(incorrect[1], 'app', ['secretIdTtl']))).toEqual([
      'undecided: app: how long its secret ids live is not known before the deployment',
    ]);
  });
});
