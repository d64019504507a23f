import { describe, expect, it } from 'vitest';
import { modelOfYaml, samplesOf } from '../page-samples.js';
import { hidden, says } from '../testing.js';
import { azureKeyVaultCertificateNoRenewal } from './azure-key-vault-certificate-no-renewal.js';

const samples = samplesOf('azure-key-vault-certificate-no-renewal').filter(({ language }) => language === 'yaml');
const incorrect = samples.filter(({ heading }) => heading === 'Incorrect').map(({ code }) => modelOfYaml(code));
const correct = samples.filter(({ heading }) => heading === 'Correct').map(({ code }) => modelOfYaml(code));

describe('azure-key-vault-certificate-no-renewal', () => {
  it('says what is wrong with the samples of its page', () => {
    expect(incorrect.map((model) => says(azureKeyVaultCertificateNoRenewal, model))).toEqual([
      ['fail: Key Vault does not renew the certificate tls.'],
      ['fail: Key Vault does not renew the certificate tls.'],
    ]);
  });

  it('says nothing about what is right', () => {
    expect(correct.map((model) => says(azureKeyVaultCertificateNoRenewal, model))).toEqual([
      [],
      ['not applicable: it is issued outside of Key Vault'],
    ]);
  });

  it('does not decide when `certificatePolicy.lifetimeActions` is not known', () => {
    expect(
      says(azureKeyVaultCertificateNoRenewal, hidden(incorrect[1], 'tls', ['certificatePolicy', 'lifetimeActions'])),
    ).toEqual(['undecided: tls: whether it is renewed is not known before the deployment']);
  });
});
