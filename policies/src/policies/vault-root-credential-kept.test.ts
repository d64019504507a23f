import { describe, expect, it } from 'vitest';
import { modelOfYaml, samplesOf } from '../page-samples.js';
import { hidden, says } from '../testing.js';
import { vaultRootCredentialKept } from './vault-root-credential-kept.js';

const samples = samplesOf('vault-root-credential-kept').filter(({ language }) => language === 'yaml');
const incorrect = samples.filter(({ heading }) => heading === 'Incorrect').map(({ code }) => modelOfYaml(code));
const correct = samples.filter(({ heading }) => heading === 'Correct').map(({ code }) => modelOfYaml(code));

describe('vault-root-credential-kept', () => {
  it('says what is wrong with the samples of its page', () => {
    expect(incorrect.map((model) => says(vaultRootCredentialKept, model))).toEqual([
      ['fail: app gives Vault a password, and nothing rotates it.'],
      ['fail: app gives Vault a password, and nothing rotates it.'],
    ]);
  });

  it('says nothing about what is right', () => {
    expect(correct.map((model) => says(vaultRootCredentialKept, model))).toEqual([[], []]);
  });

  it('does not decide when `postgresql` is not known', () => {
    expect(says(vaultRootCredentialKept, hidden(incorrect[0], 'app', ['postgresql']))).toEqual([
      'undecided: app: whether Vault rotates the credential is not known before the deployment',
    ]);
  });
});
