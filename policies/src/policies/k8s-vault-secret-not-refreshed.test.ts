import { describe, expect, it } from 'vitest';
import { modelOfYaml, samplesOf } from '../page-samples.js';
import { hidden, says } from '../testing.js';
import { k8sVaultSecretNotRefreshed } from './k8s-vault-secret-not-refreshed.js';

const samples = samplesOf('k8s-vault-secret-not-refreshed').filter(({ language }) => language === 'yaml');
const incorrect = samples.filter(({ heading }) => heading === 'Incorrect').map(({ code }) => modelOfYaml(code));
const correct = samples.filter(({ heading }) => heading === 'Correct').map(({ code }) => modelOfYaml(code));

describe('k8s-vault-secret-not-refreshed', () => {
  it('says what is wrong with the samples of its page', () => {
    expect(incorrect.map((model) => says(k8sVaultSecretNotRefreshed, model))).toEqual([
      ['fail: VaultStaticSecret db is read once, and never again.'],
      ['fail: VaultStaticSecret db is read once, and never again.'],
    ]);
  });

  it('says nothing about what is right', () => {
    expect(correct.map((model) => says(k8sVaultSecretNotRefreshed, model))).toEqual([[], []]);
  });

  it('does not decide when `spec` is not known', () => {
    expect(says(k8sVaultSecretNotRefreshed, hidden(incorrect[0], 'db', ['spec']))).toEqual([
      'undecided: db: how often it is read is not known before the deployment',
    ]);
  });
});
