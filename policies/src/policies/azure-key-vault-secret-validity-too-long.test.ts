import { describe, expect, it } from 'vitest';
import { modelOfYaml, samplesOf } from '../page-samples.js';
import { hidden, says } from '../testing.js';
import { azureKeyVaultSecretValidityTooLong } from './azure-key-vault-secret-validity-too-long.js';

const samples = samplesOf('azure-key-vault-secret-validity-too-long').filter(({ language }) => language === 'yaml');
const incorrect = samples.filter(({ heading }) => heading === 'Incorrect').map(({ code }) => modelOfYaml(code));
const correct = samples.filter(({ heading }) => heading === 'Correct').map(({ code }) => modelOfYaml(code));

describe('azure-key-vault-secret-validity-too-long', () => {
  it('says what is wrong with the samples of its page', () => {
    expect(incorrect.map((model) => says(azureKeyVaultSecretValidityTooLong, model))).toEqual([
      ['fail: The secret db is valid for 366 days, and the limit is 365.'],
      ['fail: The secret db is valid for 1096 days, and the limit is 365.'],
    ]);
  });

  it('says nothing about what is right', () => {
    expect(correct.map((model) => says(azureKeyVaultSecretValidityTooLong, model))).toEqual([[], []]);
  });

  it('does not decide when `expirationDate` is not known', () => {
    expect(says(azureKeyVaultSecretValidityTooLong, hidden(incorrect[0], 'db', ['expirationDate']))).toEqual([
      'undecided: db: for how long it is valid is not known before the deployment',
    ]);
  });
});
