import { describe, expect, it } from 'vitest';
import { modelOfYaml, samplesOf } from '../page-samples.js';
import { hidden, says } from '../testing.js';
import { azureKeyVaultSecretNoExpiry } from './azure-key-vault-secret-no-expiry.js';

const samples = samplesOf('azure-key-vault-secret-no-expiry').filter(({ language }) => language === 'yaml');
const incorrect = samples.filter(({ heading }) => heading === 'Incorrect').map(({ code }) => modelOfYaml(code));
const correct = samples.filter(({ heading }) => heading === 'Correct').map(({ code }) => modelOfYaml(code));

describe('azure-key-vault-secret-no-expiry', () => {
  it('says what is wrong with the samples of its page', () => {
    expect(incorrect.map((model) => says(azureKeyVaultSecretNoExpiry, model))).toEqual([
      ['fail: The secret it never expires.'],
      ['fail: The secret it never expires.'],
    ]);
  });

  it('says nothing about what is right', () => {
    expect(correct.map((model) => says(azureKeyVaultSecretNoExpiry, model))).toEqual([[], []]);
  });

  it('does not decide when `properties` is not known', () => {
    expect(says(azureKeyVaultSecretNoExpiry, hidden(incorrect[0], 'it', ['properties']))).toEqual([
      'undecided: it: when it expires is not known before the deployment',
    ]);
  });
});
